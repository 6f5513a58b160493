#include "adapters/rocksdb/append_queue.hpp"

namespace strowger::rocks {
namespace {

constexpr std::size_t most_snapshots = 4'096;
constexpr std::size_t sync_company = 4'096;  // of events: more company makes a sync no cheaper
constexpr std::chrono::seconds snapshot_patience{1};

}  // namespace

bool AppendQueue::push(PendingAppend& append) {
  const auto& request = append.request;
  std::size_t bytes = request.receipt_note.size();
  for (const auto& event : request.events) bytes += event.data.size();
  for (const auto& fact : request.facts) bytes += fact.event.data.size();
  for (const auto& write : request.state) bytes += write.value ? write.value->size() : 0;
  for (const auto& rewrite : append.rewrites) bytes += rewrite.stored.size();
  const std::size_t weight =
      std::max<std::size_t>(1, request.events.size() + request.facts.size() + request.state.size());
  const auto due = request.patience.count() > 0 ? Clock::now() + request.patience : Clock::time_point::min();
  std::unique_lock lock(mutex_);
  const bool large = weight > most_events_ || bytes > most_bytes_;
  const bool full = large ? large_waits_ : events_ + weight > most_events_ || bytes_ + bytes > most_bytes_;
  if (ended_ || full) return false;
  waiting_.appends.push_back(std::move(append));
  waiting_.weight += weight;
  if (large) {
    large_waits_ = true;
  } else {
    events_ += weight;
    bytes_ += bytes;
  }
  hurry(waiting_.weight < sync_company ? due : Clock::time_point::min(), std::move(lock));
  return true;
}

void AppendQueue::push(PendingSnapshot snapshot) {
  std::unique_lock lock(mutex_);
  if (ended_ || waiting_.snapshots.size() >= most_snapshots) return;
  waiting_.snapshots.push_back(std::move(snapshot));
  hurry(Clock::now() + snapshot_patience, std::move(lock));
}

// What waits is to be taken by then.
void AppendQueue::hurry(Clock::time_point due, std::unique_lock<std::mutex> lock) {
  due_ = std::min(due_, due);
  const bool wake = due_ < asleep_until_;
  if (wake) asleep_until_ = Clock::time_point::min();
  lock.unlock();
  if (wake) filled_.notify_one();
}

bool AppendQueue::take(Taken& taken, std::optional<Clock::time_point> until) {
  taken.appends.clear();
  taken.snapshots.clear();
  taken.weight = 0;
  const auto deadline = until.value_or(Clock::time_point::max());
  std::unique_lock lock(mutex_);
  while (!ended_) {
    const auto wake_at = std::min(due_, deadline);
    if (wake_at == Clock::time_point::min()) break;
    asleep_until_ = wake_at;
    if (wake_at == Clock::time_point::max()) {
      filled_.wait(lock);
    } else if (filled_.wait_until(lock, wake_at) == std::cv_status::timeout) {
      break;
    }
  }
  asleep_until_ = Clock::time_point::min();
  due_ = Clock::time_point::max();
  std::swap(taken, waiting_);
  events_ = 0;
  bytes_ = 0;
  large_waits_ = false;
  return !(ended_ && taken.empty());
}

void AppendQueue::wake_taker() {
  hurry(Clock::time_point::min(), std::unique_lock(mutex_));
}

void AppendQueue::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  filled_.notify_all();
}

std::size_t AppendQueue::queued() const {
  const std::lock_guard lock(mutex_);
  return waiting_.weight;
}

}  // namespace strowger::rocks
