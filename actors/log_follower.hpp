// What a reactor follows the log with: a thread of its own that hands over each event after a position, in order.
#pragma once

#include "events/drive.hpp"
#include "events/event.hpp"
#include "events/log.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace strowger::actors {

class LogFollower {
 public:
  struct Handlers {
    // Whether an event is looked at; the others are not even decoded. May be empty: all are.
    std::function<bool(const Record&)> wanted;
    // An event whose handling fails is handed over again after a pause; none is skipped.
    std::function<Result<void>(const Envelope&)> event;
    // Between batches and at least every `pause`: for retries and checkpoints. May be empty.
    std::function<void()> between;
    // The log could not be read, or held what this release does not know, or an event's handling failed; following
    // goes on after a pause and from the same event, never past it.
    std::function<void(const Error&)> trouble;
  };

  // Handlers run on the follower's thread. Destroying it ends the thread after the event at hand.
  LogFollower(EventLog& log, Position after, Handlers handlers,
              std::chrono::milliseconds pause = std::chrono::seconds(1), Drive drive = Drive::own_thread);
  LogFollower(LogFollower&&) = delete;
  ~LogFollower();

  // Driven by hand: up to `max` events.
  Step step(std::size_t max);

 private:
  Step hand_over(std::size_t max);
  void follow(const std::stop_token& stop);

  // Shared with the log's wake-up, which may come after this is gone.
  struct Wake {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool woken = false;
  };

  EventLog& log_;
  Position after_;
  Handlers handlers_;
  std::chrono::milliseconds pause_;
  std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();
  std::unique_ptr<Subscription> subscription_;
  std::stop_source ending_;
  std::jthread thread_;
};

}  // namespace strowger::actors
