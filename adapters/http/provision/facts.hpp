// What became of each request for a phone's file, into the log: ConfigServed on the device's stream, ConfigRefused on
// provisioning/refused. Facts are already true, so nobody waits for them; a full queue drops them, counted.
#pragma once

#include "events/event.hpp"
#include "events/log.hpp"
#include "events/time.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace strowger::http::provision {

class Facts {
 public:
  Facts(EventLog& log, IdSource& ids, Clock clock) : log_(log), ids_(ids), clock_(std::move(clock)) {}

  // The correlation and causation are of the reboot that the phone was told to do; nil where none waits.
  void served(ConfigServed event, const Uuid& correlation, const Uuid& causation);
  void refused(ConfigRefused event);

  std::uint64_t dropped() const { return counts_->dropped.load(std::memory_order_relaxed); }
  std::uint64_t failed() const { return counts_->failed.load(std::memory_order_relaxed); }

 private:
  struct Counts {
    std::atomic<std::uint64_t> dropped{0};  // the queue was full
    std::atomic<std::uint64_t> failed{0};   // the log was not writable
  };
  void append(StreamId stream, const Event& event, const Cause& cause);

  EventLog& log_;
  IdSource& ids_;
  Clock clock_;
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();  // completions may come after the end
};

}  // namespace strowger::http::provision
