// A child process under measurement.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace strowger::bench {

class Process {
 public:
  Process() = default;
  explicit Process(const std::vector<std::string>& command);
  ~Process();  // SIGTERM, then waits
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  pid_t id() const { return id_; }
  // User and system time of it and of its children, so far.
  std::chrono::microseconds cpu() const;

 private:
  pid_t id_ = -1;
};

std::uint16_t free_port();
void wait_for_port(std::uint16_t port);  // throws after 10 s

}  // namespace strowger::bench
