// Follows a RocksLog: from the database while it is behind, from the shared tail once it has caught up.
#pragma once

#include "adapters/rocksdb/tail.hpp"
#include "events/log.hpp"

#include <memory>

namespace strowger::rocks {

class LogSubscription : public Subscription {
 public:
  // Both outlive it.
  LogSubscription(EventLog& log, Tail& tail, Position after);
  ~LogSubscription() override;
  Result<Records> poll(std::size_t max) override;
  void notify(std::function<void()> wake) override;

 private:
  EventLog& log_;
  Tail& tail_;
  Position after_;
  std::shared_ptr<Waiter> waiter_ = std::make_shared<Waiter>();
};

}  // namespace strowger::rocks
