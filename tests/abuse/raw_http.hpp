// A TCP connection to the HTTP port that sends whatever bytes a test wants, from an address of loopback's of its
// choice.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace strowger::test {

class RawHttp {
 public:
  // Throws std::runtime_error where nobody accepts.
  explicit RawHttp(std::uint16_t port, const std::string& from = "127.0.0.1", int receive_buffer = 0);
  ~RawHttp();
  RawHttp(RawHttp&& other) noexcept;
  RawHttp& operator=(RawHttp&&) = delete;

  // False where the peer has closed.
  bool send(std::string_view bytes);
  // All that comes until the peer closes or the deadline passes.
  std::string read_all(std::chrono::milliseconds deadline = std::chrono::seconds(5));
  // Whether the peer closes before the deadline.
  bool closed_within(std::chrono::milliseconds deadline);

 private:
  int socket_ = -1;
};

}  // namespace strowger::test
