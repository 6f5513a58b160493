// What the runner is made of: for projection_runner.cpp and projection_rebuilds.cpp only.
#pragma once

#include "events/projection_runner.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace strowger {

using SteadyClock = std::chrono::steady_clock;

// What wakes the runner. Shared with the log's wake-up, which may fire while the runner ends.
class ProjectionRunner::Signal {
 public:
  void raise() {
    {
      const std::lock_guard lock(mutex_);
      raised_ = true;
    }
    changed_.notify_one();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
  }
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  void wait(std::optional<SteadyClock::time_point> until) {
    std::unique_lock lock(mutex_);
    const auto ready = [&] { return raised_ || ended_; };
    if (until)
      changed_.wait_until(lock, *until, ready);
    else
      changed_.wait(lock, ready);
    raised_ = false;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
  bool ended_ = false;
};

struct ProjectionRunner::Live {
  explicit Live(Projection& projection_in) : projection(projection_in) {}

  Projection& projection;
  Position position{};       // applied; written under the runner's mutex, by its thread
  Position checkpoint{};     // committed
  RowBatch pending;          // changed since then
  bool write_all = false;    // the store's rows are not those of the checkpoint: the next commit replaces them all
  Position rebuild_until{};  // not current before this
  std::optional<SteadyClock::time_point> retry_at;
  std::chrono::milliseconds delay{};
  std::optional<Error> fault;  // under the runner's mutex
  // It threw: its rows are what they were, and nothing is applied to it or committed until it is rebuilt, next at
  // `rebuild_at`. Read by other threads under the runner's mutex.
  bool aside = false;
  SteadyClock::time_point rebuild_at;
  std::chrono::milliseconds rebuild_delay{};
};

struct ProjectionRunner::Rebuild {
  Live* live = nullptr;
  std::unique_ptr<Projection> fresh;
  Position position{};  // under the runner's mutex, as is `ready`
  bool ready = false;   // caught up; the runner's thread does the rest
  std::optional<Error> failed;
  std::atomic<bool> abandoned = false;
  std::thread thread;
};

// What a projection makes of events, or why it did not.
template <class Events>
std::optional<Error> try_apply(Projection& projection, const Events& events) {
  try {
    projection.apply(events);
    return std::nullopt;
  } catch (const std::exception& thrown) {
    return internal_error("it failed on an event: " + std::string(thrown.what()));
  }
}

}  // namespace strowger
