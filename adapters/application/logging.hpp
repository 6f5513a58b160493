// The operators' log: console (journald) and file, one asynchronous logger that is handed to whoever writes lines.
#pragma once

#include "config/settings.hpp"
#include "events/error.hpp"

#include <cstdint>
#include <memory>

#include <spdlog/logger.h>

namespace strowger::application {

// Bounded: when the disk is slower than the lines come, the oldest are dropped and counted, and nobody waits. One at a
// time in a process, because the queue's thread is.
class Logging {
 public:
  // Fails with `log_file_unwritable`.
  static Result<std::unique_ptr<Logging>> start(const config::Logging& settings);
  ~Logging();  // writes out what is queued
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  const std::shared_ptr<spdlog::logger>& logger() const { return logger_; }
  void set_level(const std::string& level);
  std::uint64_t dropped() const;

 private:
  Logging() = default;
  std::shared_ptr<void> queue_;  // spdlog's thread pool; ends after the logger
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace strowger::application
