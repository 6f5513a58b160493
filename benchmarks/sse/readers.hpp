// Many readers of event streams in a process of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <sys/types.h>

namespace strowger::bench {

class Readers {
 public:
  // Forks: before any thread is started.
  explicit Readers(unsigned count);
  ~Readers();
  Readers(const Readers&) = delete;

  // Connects all to the port, asks for the target and waits until each has its reply's head.
  void connect(std::uint16_t port, const std::string& target);
  std::uint64_t events() const;  // that all together have read
  bool wait_for(std::uint64_t events, std::chrono::seconds limit) const;

 private:
  struct Shared;
  unsigned count_;
  Shared* shared_ = nullptr;
  pid_t child_ = -1;
  int to_child_ = -1;
};

}  // namespace strowger::bench
