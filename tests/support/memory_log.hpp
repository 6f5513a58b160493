// An event log in memory, with the semantics of the port: completions run before append() returns, on the caller's
// thread. Safe from several threads. `fail_next` makes appends fail as a broken disk would.
#pragma once

#include "events/log.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

namespace strowger::test {

class MemoryLog : public EventLog {
 public:
  void append(AppendRequest request, AppendDone done) override;
  Result<std::vector<Record>> read_stream(const StreamId& stream, StreamVersion after, std::size_t max) override;
  Result<StreamVersion> last_version(const StreamId& stream) override;
  Result<std::vector<Record>> read_all(Position after, std::size_t max) override;
  Result<std::vector<Record>> read_back(Position before, std::size_t max) override;
  std::unique_ptr<Subscription> subscribe(Position after) override;
  Position last_position() const override;
  Result<std::optional<Receipt>> find_receipt(std::string_view idempotency_key) override;
  Result<std::optional<Snapshot>> load_snapshot(const StreamId& stream) override;
  void save_snapshot(const StreamId& stream, Snapshot snapshot) override;
  Result<std::optional<std::string>> load_state(std::string_view table, std::string_view key) override;
  Result<void> scan_state(std::string_view table, std::string_view prefix,
                          const std::function<void(std::string_view, std::string_view)>& visit) override;
  std::optional<Error> fault() const override;

  void fail_next(std::size_t appends);
  // Completions wait until release() while held, so that a test can look at what happens meanwhile.
  void hold();
  void release();
  std::vector<Record> records() const;
  std::size_t snapshots_saved() const;

 private:
  class Follower;
  Result<Receipt> commit(AppendRequest& request);
  StreamVersion add(const StreamId& id, NewRecord&& event);

  mutable std::mutex mutex_;
  std::vector<Record> records_;  // by position - 1
  std::unordered_map<std::string, std::vector<std::size_t>> streams_;
  std::map<std::string, Receipt> receipts_;
  std::unordered_map<std::string, Snapshot> snapshots_;
  std::map<std::pair<std::string, std::string>, std::string> state_;
  std::set<Follower*> followers_;
  std::size_t failures_ = 0;
  std::size_t snapshots_saved_ = 0;
  bool held_ = false;
  std::deque<std::function<void()>> waiting_;
};

}  // namespace strowger::test
