// The most recent committed events, shared by all who follow the log: they are taken from here, not read back.
#pragma once

#include "events/log.hpp"

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace strowger::rocks {

// The events of one commit, in position order, with no gap.
using CommittedBatch = std::shared_ptr<const std::vector<Record>>;

// One follower's wish to be woken. The wake-up never runs after close() has returned.
class Waiter {
 public:
  void arm(std::function<void()> wake);
  void fire();  // calls the wake-up once, if it is armed
  void close();

 private:
  // Recursive, because a wake-up may ask to be woken again or end its own subscription.
  std::recursive_mutex mutex_;
  std::function<void()> wake_;
  bool closed_ = false;
};

class Tail {
 public:
  Tail(Position last, std::size_t most_events, std::size_t most_bytes);

  Position last() const { return Position{last_.load(std::memory_order_acquire)}; }

  // By the writer. wake() follows when the commit's own requests were answered.
  void publish(CommittedBatch batch);
  void wake();

  // Events above `after`, at most `max`, of one commit. None where the tail no longer reaches back so far.
  std::optional<Records> read(Position after, std::size_t max) const;
  // Wakes `waiter` at the next commit, or at once when something above `after` is here already.
  void notify(Position after, const std::shared_ptr<Waiter>& waiter);
  void forget(const std::shared_ptr<Waiter>& waiter);

 private:
  const std::size_t most_events_;
  const std::size_t most_bytes_;
  std::atomic<std::uint64_t> last_;
  mutable std::mutex mutex_;
  std::deque<CommittedBatch> batches_;
  std::deque<std::size_t> sizes_;  // bytes of each
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace strowger::rocks
