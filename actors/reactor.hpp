// A reactor with a checkpoint of its own (ARCHITECTURE section 5): every event is handed to it at least once, across
// restarts. Its handler must therefore be idempotent. A reactor that is new to a log starts at the first event.
#pragma once

#include "actors/log_follower.hpp"

#include <functional>
#include <string>

namespace strowger::actors {

class Reactor {
 public:
  // `handle` and `trouble` run on the reactor's thread. A handler that fails is asked again with the same event. Events
  // that are not `wanted` are passed over without being decoded; where that is empty, all are.
  Reactor(EventLog& log, std::string name, std::function<Result<void>(const Envelope&)> handle,
          std::function<void(const Error&)> trouble, Drive drive = Drive::own_thread,
          std::function<bool(const Record&)> wanted = {});
  ~Reactor();
  Reactor(Reactor&&) = delete;

  // Driven by hand: up to `max` events.
  Step step(std::size_t max) { return follower_->step(max); }

 private:
  void save_checkpoint();

  EventLog& log_;
  const std::string name_;
  Position handled_{};
  Position saved_{};
  std::unique_ptr<LogFollower> follower_;
};

}  // namespace strowger::actors
