// A reactor with a checkpoint of its own (ARCHITECTURE section 5): every event is handed to it at least once, across
// restarts. Its handler must therefore be idempotent. A reactor that is new to a log starts at the first event.
//
// An event that it cannot handle is parked after some tries (dead_letters.hpp), and the reactor goes on. A person has
// it handled again later: then events that came after it were handled before it.
#pragma once

#include "actors/dead_letters.hpp"
#include "actors/log_follower.hpp"

#include <atomic>
#include <functional>
#include <string>

namespace strowger::actors {

class Reactor {
 public:
  // `handle` and `trouble` run on the reactor's thread. A handler that fails is asked again with the same event: until
  // it is parked in `parked`, or for ever where that is null. Events that are not `wanted` are passed over without
  // being decoded; where that is empty, none are.
  Reactor(EventLog& log, std::string name, std::function<Result<void>(const Envelope&)> handle,
          std::function<void(const Error&)> trouble, Drive drive = Drive::own_thread,
          std::function<bool(const Record&)> wanted = {}, DeadLetters* parked = nullptr);
  ~Reactor();
  Reactor(Reactor&&) = delete;

  // Driven by hand: up to `max` events.
  Step step(std::size_t max) { return follower_->step(max); }

  // Every event up to here was handled, parked or passed over; after a crash some of them are handed over again. Any
  // thread.
  Position handled() const { return handled_.load(); }
  const std::string& name() const { return name_; }

 private:
  void save_checkpoint();
  void try_parked();
  Result<void> try_again(const DeadLetter& letter);

  EventLog& log_;
  const std::string name_;
  const std::function<Result<void>(const Envelope&)> handle_;
  DeadLetters* const parked_;
  std::atomic<Position> handled_{};
  Position saved_{};
  std::unique_ptr<LogFollower> follower_;
};

}  // namespace strowger::actors
