// The event log as one incarnation of the simulated server sees it: appends queue for a writer that works when the
// simulation says so, and acknowledgements come later still. What is queued at a crash is on the disk or lost, both
// legal; nobody hears of it.
#pragma once

#include "tests/support/memory_log.hpp"

#include <deque>

namespace strowger::test::simulation {

class PendingLog : public EventLog {
 public:
  explicit PendingLog(MemoryLog& disk) : disk_(disk) {}

  void append(AppendRequest request, AppendDone done) override {
    if (!crashed_) queue_.push_back({std::move(request), std::move(done)});
  }
  Result<std::vector<Record>> read_stream(const StreamId& stream, StreamVersion after, std::size_t max) override {
    return disk_.read_stream(stream, after, max);
  }
  Result<StreamVersion> last_version(const StreamId& stream) override { return disk_.last_version(stream); }
  Result<std::vector<Record>> read_all(Position after, std::size_t max) override { return disk_.read_all(after, max); }
  Result<std::vector<Record>> read_back(Position before, std::size_t max) override {
    return disk_.read_back(before, max);
  }
  std::unique_ptr<Subscription> subscribe(Position after) override { return disk_.subscribe(after); }
  Position last_position() const override { return disk_.last_position(); }
  Result<std::optional<Receipt>> find_receipt(std::string_view idempotency_key) override {
    return disk_.find_receipt(idempotency_key);
  }
  Result<std::optional<Snapshot>> load_snapshot(const StreamId& stream) override { return disk_.load_snapshot(stream); }
  void save_snapshot(const StreamId& stream, Snapshot snapshot) override {
    if (!crashed_) snapshots_.emplace_back(stream, std::move(snapshot));
  }
  Result<std::optional<std::string>> load_state(std::string_view table, std::string_view key) override {
    return disk_.load_state(table, key);
  }
  Result<void> scan_state(std::string_view table, std::string_view prefix,
                          const std::function<void(std::string_view, std::string_view)>& visit) override {
    return disk_.scan_state(table, prefix, visit);
  }
  std::optional<Error> fault() const override { return std::nullopt; }

  std::size_t queued() const { return queue_.size(); }
  std::size_t unacknowledged() const { return acks_.size(); }

  // One batch of the writer.
  void write(std::size_t requests, bool fails) {
    for (; requests > 0 && !queue_.empty(); --requests) {
      auto [request, done] = std::move(queue_.front());
      queue_.pop_front();
      if (fails) {
        acknowledge_later(std::move(done), unavailable("log_unavailable", "the simulation made this write fail"));
        continue;
      }
      disk_.append(std::move(request),
                   [&](const Result<Receipt>& receipt) { acknowledge_later(std::move(done), receipt); });
    }
    for (auto& [stream, snapshot] : snapshots_) disk_.save_snapshot(stream, std::move(snapshot));
    snapshots_.clear();
  }
  void acknowledge() {
    const auto ack = std::move(acks_.front());
    acks_.pop_front();
    ack();
  }
  // The first `durable` of what is queued made it to the disk.
  void crash(std::size_t durable) {
    snapshots_.clear();
    write(durable, false);
    crashed_ = true;
    queue_.clear();
    acks_.clear();
  }

 private:
  void acknowledge_later(AppendDone done, Result<Receipt> receipt) {
    if (done) acks_.emplace_back([done = std::move(done), receipt = std::move(receipt)] { done(receipt); });
  }

  struct Queued {
    AppendRequest request;
    AppendDone done;
  };
  MemoryLog& disk_;
  std::deque<Queued> queue_;
  std::deque<std::function<void()>> acks_;
  std::vector<std::pair<StreamId, Snapshot>> snapshots_;
  bool crashed_ = false;
};

}  // namespace strowger::test::simulation
