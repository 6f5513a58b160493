// The bounded queue before the writer thread. Any thread pushes, the writer takes all there is.
#pragma once

#include "events/log.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace strowger::rocks {

// A record that is replaced by what is left of it.
struct Rewrite {
  Position position{};
  std::string stored;
};

struct PendingAppend {
  AppendRequest request;
  AppendDone done;
  std::chrono::steady_clock::time_point queued_at{};
  std::vector<Rewrite> rewrites{};  // committed with the request
};

struct PendingSnapshot {
  StreamId stream;
  Snapshot snapshot;
};

struct Taken {
  std::vector<PendingAppend> appends;
  std::vector<PendingSnapshot> snapshots;
  std::size_t weight = 0;  // of the appends, as the queue counts them
  bool empty() const { return appends.empty() && snapshots.empty(); }
};

class AppendQueue {
 public:
  AppendQueue(std::size_t most_events, std::size_t most_bytes) : most_events_(most_events), most_bytes_(most_bytes) {}

  // False when it is full; then `append` is untouched. A request that is larger than the whole queue is never too large
  // and takes no room from others; but only one such waits at a time.
  bool push(PendingAppend& append);
  // It rides with the next appends and waits for them, if not for long. Dropped when too many wait already: losing a
  // snapshot costs only time.
  void push(PendingSnapshot snapshot);

  // Waits until there is something and the first of it has no patience left, or there is plenty; then takes everything.
  // Returns with nothing at `until`, and false for good once end() was called and all is taken. `taken` lends its
  // capacity to the queue.
  bool take(Taken& taken, std::optional<std::chrono::steady_clock::time_point> until);
  // Has take() return, with nothing if there is nothing.
  void wake_taker();
  void end();

  std::size_t queued() const;

 private:
  using Clock = std::chrono::steady_clock;
  void hurry(Clock::time_point due, std::unique_lock<std::mutex> lock);

  const std::size_t most_events_;
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  Taken waiting_;
  // Of what waits, but for a request that is larger than the queue.
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
  bool large_waits_ = false;
  Clock::time_point due_ = Clock::time_point::max();  // of what waits, the first
  // While the writer sleeps, until when; only a push that makes it too late pays for a wake-up.
  Clock::time_point asleep_until_ = Clock::time_point::min();
  bool ended_ = false;
};

}  // namespace strowger::rocks
