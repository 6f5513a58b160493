#include "tests/support/memory_log.hpp"

#include "events/event_size.hpp"

#include <algorithm>

namespace strowger::test {

class MemoryLog::Follower : public Subscription {
 public:
  Follower(MemoryLog& log, Position after) : log_(log), after_(after) {
    const std::lock_guard lock(log_.mutex_);
    log_.followers_.insert(this);
  }
  ~Follower() override {
    const std::lock_guard lock(log_.mutex_);
    log_.followers_.erase(this);
  }
  Result<Records> poll(std::size_t max) override {
    Records records(log_.read_all(after_, max).value());
    if (!records.empty()) after_ = records.back().position;
    return records;
  }
  void notify(std::function<void()> wake) override {
    {
      const std::lock_guard lock(log_.mutex_);
      if (log_.records_.size() <= number(after_)) {
        wake_ = std::move(wake);
        return;
      }
    }
    wake();
  }
  std::function<void()> take_wake() { return std::exchange(wake_, nullptr); }

 private:
  MemoryLog& log_;
  Position after_;
  std::function<void()> wake_;
};

StreamVersion MemoryLog::add(const StreamId& id, NewRecord&& event) {
  auto& stream = streams_[id.text()];
  Record record;
  static_cast<NewRecord&>(record) = std::move(event);
  record.stream = id;
  record.version = StreamVersion{stream.size() + 1};
  record.position = Position{records_.size() + 1};
  stream.push_back(records_.size());
  records_.push_back(std::move(record));
  return StreamVersion{stream.size()};
}

Result<Receipt> MemoryLog::commit(AppendRequest& request) {
  if (auto fault = oversized(request)) return *fault;
  if (failures_ > 0) {
    --failures_;
    return unavailable("log_unavailable", "the log cannot be written: a test made it fail");
  }
  if (!request.idempotency_key.empty()) {
    if (const auto known = receipts_.find(request.idempotency_key); known != receipts_.end()) {
      Receipt receipt = known->second;
      receipt.repeated = true;
      return receipt;
    }
  }
  Receipt receipt;
  for (const auto& [stream, version] : request.expectations)
    if (const StreamVersion present{streams_[stream.text()].size()}; present != version)
      return conflict("version_conflict", "the stream has changed meanwhile").with("present", number(present));
  if (!request.events.empty()) {
    const StreamVersion present{streams_[request.stream.text()].size()};
    if (!request.expected.accepts(present))
      return conflict("version_conflict", "the stream has changed meanwhile").with("present", number(present));
    for (auto& event : request.events) receipt.version = add(request.stream, std::move(event));
  }
  for (auto& fact : request.facts) add(fact.stream, std::move(fact.event));
  for (auto& write : request.state) {
    if (write.value)
      state_[{write.table, write.key}] = std::move(*write.value);
    else
      state_.erase({write.table, write.key});
  }
  receipt.position = Position{records_.size()};
  if (!request.idempotency_key.empty()) {
    auto& kept = receipts_[request.idempotency_key] = receipt;
    kept.note = std::move(request.receipt_note);
  }
  return receipt;
}

void MemoryLog::append(AppendRequest request, AppendDone done) {
  std::vector<std::function<void()>> wakes;
  std::function<void()> complete;
  {
    const std::lock_guard lock(mutex_);
    auto result = commit(request);
    if (result)
      for (auto* follower : followers_)
        if (auto wake = follower->take_wake()) wakes.push_back(std::move(wake));
    if (done) complete = [done = std::move(done), result = std::move(result)] { done(result); };
    if (held_ && complete) waiting_.push_back(std::exchange(complete, nullptr));
  }
  if (complete) complete();
  for (const auto& wake : wakes) wake();
}

Result<std::vector<Record>> MemoryLog::read_stream(const StreamId& stream, StreamVersion after, std::size_t max) {
  const std::lock_guard lock(mutex_);
  std::vector<Record> out;
  const auto found = streams_.find(stream.text());
  if (found == streams_.end()) return out;
  for (std::size_t i = number(after); i < found->second.size() && out.size() < max; ++i)
    out.push_back(records_.at(found->second[i]));
  return out;
}

Result<StreamVersion> MemoryLog::last_version(const StreamId& stream) {
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find(stream.text());
  return StreamVersion{found == streams_.end() ? 0 : found->second.size()};
}

Result<std::vector<Record>> MemoryLog::read_all(Position after, std::size_t max) {
  const std::lock_guard lock(mutex_);
  std::vector<Record> out;
  for (std::size_t i = number(after); i < records_.size() && out.size() < max; ++i) out.push_back(records_[i]);
  return out;
}

Result<std::vector<Record>> MemoryLog::read_back(Position before, std::size_t max) {
  const std::lock_guard lock(mutex_);
  std::vector<Record> out;
  for (std::size_t i = std::min<std::size_t>(records_.size(), number(before) - 1); i > 0 && out.size() < max; --i)
    out.push_back(records_[i - 1]);
  return out;
}

std::unique_ptr<Subscription> MemoryLog::subscribe(Position after) {
  return std::make_unique<Follower>(*this, after);
}

Position MemoryLog::last_position() const {
  const std::lock_guard lock(mutex_);
  return Position{records_.size()};
}

Result<std::optional<Receipt>> MemoryLog::find_receipt(std::string_view idempotency_key) {
  const std::lock_guard lock(mutex_);
  const auto known = receipts_.find(std::string(idempotency_key));
  if (known == receipts_.end()) return std::optional<Receipt>{};
  return std::optional<Receipt>{known->second};
}

Result<std::optional<Snapshot>> MemoryLog::load_snapshot(const StreamId& stream) {
  const std::lock_guard lock(mutex_);
  const auto found = snapshots_.find(stream.text());
  if (found == snapshots_.end()) return std::optional<Snapshot>{};
  return std::optional<Snapshot>{found->second};
}

void MemoryLog::save_snapshot(const StreamId& stream, Snapshot snapshot) {
  const std::lock_guard lock(mutex_);
  ++snapshots_saved_;
  snapshots_[stream.text()] = std::move(snapshot);
}

Result<std::optional<std::string>> MemoryLog::load_state(std::string_view table, std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = state_.find({std::string(table), std::string(key)});
  if (found == state_.end()) return std::optional<std::string>{};
  return std::optional<std::string>{found->second};
}

Result<void> MemoryLog::scan_state(std::string_view table, std::string_view prefix,
                                   const std::function<void(std::string_view, std::string_view)>& visit) {
  const std::lock_guard lock(mutex_);
  for (auto at = state_.lower_bound({std::string(table), std::string(prefix)}); at != state_.end(); ++at) {
    if (at->first.first != table || !at->first.second.starts_with(prefix)) break;
    visit(at->first.second, at->second);
  }
  return {};
}

std::optional<Error> MemoryLog::fault() const {
  const std::lock_guard lock(mutex_);
  if (failures_ == 0) return std::nullopt;
  return unavailable("log_unavailable", "the log cannot be written: a test made it fail");
}

void MemoryLog::fail_next(std::size_t appends) {
  const std::lock_guard lock(mutex_);
  failures_ = appends;
}

void MemoryLog::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
}

void MemoryLog::release() {
  std::deque<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
    waiting.swap(waiting_);
  }
  for (const auto& complete : waiting) complete();
}

std::vector<Record> MemoryLog::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::size_t MemoryLog::snapshots_saved() const {
  const std::lock_guard lock(mutex_);
  return snapshots_saved_;
}

}  // namespace strowger::test
