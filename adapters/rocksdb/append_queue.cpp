#include "adapters/rocksdb/append_queue.hpp"

namespace strowger::rocks {
namespace {

constexpr std::size_t most_snapshots = 4'096;

}  // namespace

bool AppendQueue::push(PendingAppend& append) {
  const auto& request = append.request;
  std::size_t bytes = 0;
  for (const auto& event : request.events) bytes += event.data.size();
  for (const auto& fact : request.facts) bytes += fact.event.data.size();
  for (const auto& write : request.state) bytes += write.value ? write.value->size() : 0;
  const std::size_t weight =
      std::max<std::size_t>(1, request.events.size() + request.facts.size() + request.state.size());
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    // A request that is larger than the whole queue is let into an empty one.
    const bool full = waiting_.weight + weight > most_events_ || bytes_ + bytes > most_bytes_;
    if (ended_ || (full && waiting_.weight > 0)) return false;
    waiting_.appends.push_back(std::move(append));
    waiting_.weight += weight;
    bytes_ += bytes;
    wake = std::exchange(idle_, false);
  }
  if (wake) filled_.notify_one();
  return true;
}

void AppendQueue::push(PendingSnapshot snapshot) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    if (ended_ || waiting_.snapshots.size() >= most_snapshots) return;
    waiting_.snapshots.push_back(std::move(snapshot));
    wake = std::exchange(idle_, false);
  }
  if (wake) filled_.notify_one();
}

bool AppendQueue::take(Taken& taken, std::optional<std::chrono::steady_clock::time_point> until) {
  taken.appends.clear();
  taken.snapshots.clear();
  taken.weight = 0;
  std::unique_lock lock(mutex_);
  while (waiting_.empty() && !ended_) {
    idle_ = true;
    if (!until) {
      filled_.wait(lock);
    } else if (filled_.wait_until(lock, *until) == std::cv_status::timeout) {
      break;
    }
  }
  idle_ = false;
  std::swap(taken, waiting_);
  bytes_ = 0;
  return !(ended_ && taken.empty());
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
