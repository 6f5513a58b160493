// The least that giving the same bytes to many sockets costs: one thread that knows nothing but sockets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace strowger::bench {

class PlainFanOut {
 public:
  PlainFanOut();
  ~PlainFanOut();
  std::uint16_t port() const { return port_; }
  void accept(unsigned count);         // and answers each with a stream's head
  void write(std::string_view bytes);  // to all; returns when each has taken all of it

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> sockets_;
};

}  // namespace strowger::bench
