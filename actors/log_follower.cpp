#include "actors/log_follower.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace strowger::actors {
namespace {
constexpr std::size_t batch = 256;
}

LogFollower::LogFollower(EventLog& log, Position after, Handlers handlers, std::chrono::milliseconds pause, Drive drive)
    : log_(log), after_(after), handlers_(std::move(handlers)), pause_(pause), subscription_(log.subscribe(after)) {
  if (drive == Drive::own_thread) thread_ = std::jthread([this] { follow(ending_.get_token()); });
}

LogFollower::~LogFollower() {
  ending_.request_stop();
  if (thread_.joinable()) thread_.join();
}

Step LogFollower::step(std::size_t max) {
  const auto done = hand_over(max);
  if (handlers_.between) handlers_.between();
  return done;
}

Step LogFollower::hand_over(std::size_t max) {
  const auto records = subscription_->poll(max);
  if (!records) {
    handlers_.trouble(records.error());
    return Step::failed;
  }
  for (const auto& record : *records) {
    if (ending_.stop_requested()) return Step::idle;
    if (handlers_.wanted && !handlers_.wanted(record)) {
      after_ = record.position;
      continue;
    }
    const auto envelope = decode_or_quarantine(record);
    const auto handled = handle(envelope);
    if (!handled && !failed_for_good(envelope, handled.error())) {
      subscription_ = log_.subscribe(after_);  // the next try meets this event again
      return Step::failed;
    }
    tried_ = unavailable_ = 0;
    after_ = record.position;
  }
  return records->empty() ? Step::idle : Step::more;
}

Result<void> LogFollower::handle(const Envelope& envelope) {
  try {
    return handlers_.event(envelope);
  } catch (const std::exception& thrown) {
    return internal_error("event " + std::to_string(number(envelope.position)) +
                          " could not be handled: " + std::string(thrown.what()));
  }
}

// Whether it was parked, after its last try.
bool LogFollower::failed_for_good(const Envelope& envelope, const Error& error) {
  if (tried_++ == 0) handlers_.trouble(error);
  if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded) ++unavailable_;
  if (!handlers_.park) return false;
  if (tried_ - unavailable_ < handlers_.tries && unavailable_ < handlers_.tries_while_unavailable) return false;
  const auto parked = handlers_.park(envelope, error, tried_);
  return parked.has_value();
}

void LogFollower::follow(const std::stop_token& stop) {
  bool armed = false;
  while (!stop.stop_requested()) {
    const auto done = step(batch);
    if (done == Step::more) continue;
    const auto pause = rest();
    std::unique_lock lock(wake_->mutex);
    if (done == Step::failed) {
      // Not woken by the log: the event that failed is there already. The subscription may be another one now.
      wake_->changed.wait_for(lock, stop, pause_, [] { return false; });
      wake_->grown = armed = false;
      continue;
    }
    if (!armed) {
      lock.unlock();
      subscription_->notify([wake = wake_] {
        const std::lock_guard guard(wake->mutex);
        wake->grown = true;
        wake->changed.notify_all();
      });
      armed = true;
      lock.lock();
    }
    wake_->changed.wait_for(lock, stop, pause, [this] { return wake_->grown || wake_->called; });
    wake_->called = false;
    if (std::exchange(wake_->grown, false)) armed = false;
  }
}

std::chrono::nanoseconds LogFollower::rest() const {
  return handlers_.rest ? std::min<std::chrono::nanoseconds>(handlers_.rest(), pause_) : pause_;
}

std::function<void()> LogFollower::waker() const {
  return [wake = wake_] {
    const std::lock_guard guard(wake->mutex);
    wake->called = true;
    wake->changed.notify_all();
  };
}

}  // namespace strowger::actors
