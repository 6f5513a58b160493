// What a reactor follows the log with: a thread of its own that hands over each event after a position, in order.
#pragma once

#include "events/drive.hpp"
#include "events/event.hpp"
#include "events/log.hpp"

#include <condition_variable>
#include <cstdint>
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
    // An event whose handling fails or throws is handed over again after a pause. One that cannot be decoded comes as
    // Undecodable.
    std::function<Result<void>(const Envelope&)> event;
    // Between batches and at least every `pause`: for retries and checkpoints. May be empty.
    std::function<void()> between;
    // How long it may rest before `between` is called again where the log does not grow; at most `pause`. Empty: that.
    std::function<std::chrono::nanoseconds()> rest{};
    // The log could not be read, or the handling of an event failed (told once an event).
    std::function<void(const Error&)> trouble;
    // Takes an event whose handling failed too often; then following goes on behind it. Where this fails (the log
    // cannot be written) the event is tried again. Empty: an event is tried for ever.
    std::function<Result<void>(const Envelope&, const Error& last, std::uint32_t tries)> park{};
    // After so many tries an event is parked; those that failed because something is down or full may well succeed
    // later, so they get more.
    std::uint32_t tries = 5;
    std::uint32_t tries_while_unavailable = 60;
  };

  // Handlers run on the follower's thread. Destroying it ends the thread after the event at hand.
  LogFollower(EventLog& log, Position after, Handlers handlers,
              std::chrono::milliseconds pause = std::chrono::seconds(1), Drive drive = Drive::own_thread);
  LogFollower(LogFollower&&) = delete;
  ~LogFollower();

  // Driven by hand: up to `max` events.
  Step step(std::size_t max);

  // Ends its rest. Any thread, also when this is gone.
  std::function<void()> waker() const;

 private:
  Step hand_over(std::size_t max);
  Result<void> handle(const Envelope& envelope);
  bool failed_for_good(const Envelope& envelope, const Error& error);
  void follow(const std::stop_token& stop);

  std::chrono::nanoseconds rest() const;

  // Shared with the log's wake-up and with wakers, which may come after this is gone.
  struct Wake {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool grown = false;   // the log
    bool called = false;  // a waker
  };

  EventLog& log_;
  Position after_;
  std::uint32_t tried_ = 0;        // the event behind `after_`, in vain
  std::uint32_t unavailable_ = 0;  // of those, because something was down or full
  Handlers handlers_;
  std::chrono::milliseconds pause_;
  std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();
  std::unique_ptr<Subscription> subscription_;
  std::stop_source ending_;
  std::jthread thread_;
};

}  // namespace strowger::actors
