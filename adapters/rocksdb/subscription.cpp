#include "adapters/rocksdb/subscription.hpp"

namespace strowger::rocks {

LogSubscription::LogSubscription(EventLog& log, Tail& tail, Position after) : log_(log), tail_(tail), after_(after) {}

LogSubscription::~LogSubscription() {
  tail_.forget(waiter_);
  waiter_->close();
}

Result<Records> LogSubscription::poll(std::size_t max) {
  auto records = tail_.read(after_, max);
  if (!records) {
    auto stored = log_.read_all(after_, max);
    if (!stored) return stored.error();
    records.emplace(std::move(*stored));
  }
  if (!records->empty()) after_ = records->back().position;
  return std::move(*records);
}

void LogSubscription::notify(std::function<void()> wake) {
  waiter_->arm(std::move(wake));
  tail_.notify(after_, waiter_);
}

}  // namespace strowger::rocks
