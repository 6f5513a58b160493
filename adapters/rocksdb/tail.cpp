#include "adapters/rocksdb/tail.hpp"

#include <algorithm>
#include <utility>

namespace strowger::rocks {

void Waiter::arm(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (!closed_) wake_ = std::move(wake);
}

void Waiter::fire() {
  const std::lock_guard lock(mutex_);
  if (auto wake = std::exchange(wake_, nullptr)) wake();
}

void Waiter::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  wake_ = nullptr;
}

Tail::Tail(Position last, std::size_t most_events, std::size_t most_bytes)
    : most_events_(most_events), most_bytes_(most_bytes), last_(number(last)) {}

void Tail::publish(CommittedBatch batch) {
  if (batch->empty()) return;
  std::size_t size = 0;
  for (const auto& record : *batch) size += sizeof(Record) + record.data.size() + record.stream.text().size();
  std::vector<CommittedBatch> dropped;  // freed outside the lock
  const std::lock_guard lock(mutex_);
  last_.store(number(batch->back().position), std::memory_order_release);
  events_ += batch->size();
  bytes_ += size;
  sizes_.push_back(size);
  batches_.push_back(std::move(batch));
  while (batches_.size() > 1 && (events_ > most_events_ || bytes_ > most_bytes_)) {
    events_ -= batches_.front()->size();
    bytes_ -= sizes_.front();
    dropped.push_back(std::move(batches_.front()));
    batches_.pop_front();
    sizes_.pop_front();
  }
}

void Tail::wake() {
  std::vector<std::shared_ptr<Waiter>> waiters;
  {
    const std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  for (const auto& waiter : waiters) waiter->fire();
}

std::optional<Records> Tail::read(Position after, std::size_t max) const {
  if (after >= last()) return Records();
  const std::lock_guard lock(mutex_);
  if (batches_.empty() || batches_.front()->front().position > next(after)) return std::nullopt;
  const auto& batch = *std::partition_point(batches_.begin(), batches_.end(),
                                            [&](const auto& b) { return b->back().position <= after; });
  const auto first = number(after) + 1 - std::min(number(after) + 1, number(batch->front().position));
  return Records(batch, first, std::min(max, batch->size() - first));
}

void Tail::notify(Position after, const std::shared_ptr<Waiter>& waiter) {
  {
    const std::lock_guard lock(mutex_);
    if (last() <= after) {
      waiters_.push_back(waiter);
      return;
    }
  }
  waiter->fire();
}

void Tail::forget(const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(mutex_);
  std::erase(waiters_, waiter);
}

}  // namespace strowger::rocks
