// A socket that speaks raw SIP text to a server under test: what phones send, and what no phone would.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::test {

// A received message, read just enough for assertions.
struct SipText {
  std::string text;

  int status() const;  // 0 for a request
  std::string method() const;
  std::string header(std::string_view name) const;  // of the first one; empty where absent
  std::vector<std::string> headers(std::string_view name) const;
};

class Wire {
 public:
  enum class Kind : std::uint8_t { udp, tcp };

  // `from`: its own address, any of loopback's 127.0.0.0/8 where the server is there. A datagram from another address
  // of the server is not heard.
  Wire(Kind kind, std::uint16_t server_port, const std::string& from = "127.0.0.1",
       const std::string& server = "127.0.0.1");
  ~Wire();
  Wire(Wire&& other) noexcept;
  Wire& operator=(Wire&&) = delete;

  void send(std::string_view text);
  // The next whole message; none when the deadline passes.
  std::optional<SipText> receive(std::chrono::milliseconds deadline = std::chrono::seconds(10));
  // The final answer to `request`; provisional ones and what was left of earlier ones (another CSeq) are skipped.
  std::optional<SipText> ask(std::string_view request, std::chrono::milliseconds deadline = std::chrono::seconds(10));

  std::uint16_t port() const { return port_; }
  int descriptor() const { return socket_; }  // to be polled with others
  Kind kind() const { return kind_; }
  std::string via_transport() const { return kind_ == Kind::udp ? "UDP" : "TCP"; }
  bool closed() const { return closed_; }

 private:
  std::optional<SipText> take_message();

  Kind kind_;
  int socket_ = -1;
  std::uint16_t port_ = 0;
  std::string buffer_;  // tcp
  bool closed_ = false;
};

}  // namespace strowger::test
