#include "actors/log_follower.hpp"

namespace strowger::actors {
namespace {
constexpr std::size_t batch = 256;
}

LogFollower::LogFollower(EventLog& log, Position after, Handlers handlers, std::chrono::milliseconds pause)
    : log_(log),
      after_(after),
      handlers_(std::move(handlers)),
      pause_(pause),
      subscription_(log.subscribe(after)),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {}

LogFollower::~LogFollower() {
  thread_.request_stop();
  thread_.join();
}

bool LogFollower::handle_next_batch(const std::stop_token& stop) {
  const auto records = subscription_->poll(batch);
  if (!records) {
    handlers_.trouble(records.error());
    return false;
  }
  for (const auto& record : *records) {
    if (stop.stop_requested()) return false;
    const auto envelope = decode(record);
    if (!envelope) {
      handlers_.trouble(envelope.error());
      subscription_ = log_.subscribe(after_);  // the next try meets this event again
      return false;
    }
    handlers_.event(*envelope);
    after_ = record.position;
  }
  return !records->empty();
}

void LogFollower::follow(const std::stop_token& stop) {
  bool armed = false;
  while (!stop.stop_requested()) {
    const bool more = handle_next_batch(stop);
    if (handlers_.between) handlers_.between();
    if (more) continue;
    if (!armed) {
      subscription_->notify([wake = wake_] {
        const std::lock_guard lock(wake->mutex);
        wake->woken = true;
        wake->changed.notify_all();
      });
      armed = true;
    }
    std::unique_lock lock(wake_->mutex);
    wake_->changed.wait_for(lock, stop, pause_, [this] { return wake_->woken; });
    if (std::exchange(wake_->woken, false)) armed = false;
  }
}

}  // namespace strowger::actors
