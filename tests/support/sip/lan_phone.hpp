// A phone that asks the LAN where its configuration is, as a datagram socket of its own.
#pragma once

#include "tests/support/sip/wire.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::test {

class LanPhone {
 public:
  // On the interface that has this address, in the namespace of the thread. Throws std::system_error.
  explicit LanPhone(const std::string& interface = "lo", const std::string& ip = "127.0.0.1");
  ~LanPhone();
  LanPhone(const LanPhone&) = delete;
  LanPhone& operator=(const LanPhone&) = delete;

  struct Question {
    std::string mac = "001565123456";
    std::string user = "MAC%3a";  // what stands before it
    std::string host = "224.0.1.75";
    std::string event = R"(ua-profile;profile-type="device";vendor="Yealink";model="T46S";version="66.86.0.15")";
    std::string user_agent = "Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56";
    std::string via;      // more of the Via's parameters, each with its semicolon
    std::string contact;  // the URI; empty: where it listens
    std::string accept = "application/url";
    std::string call_id;
    std::uint32_t cseq = 1;
  };
  std::string text(const Question& question) const;
  // To the group, or straight to an address. False: the system does not let it.
  bool send(const std::string& text, std::uint16_t server_port, const std::string& to = "224.0.1.75");
  // The next datagram; none when the deadline passes.
  std::optional<SipText> receive(std::chrono::milliseconds deadline = std::chrono::seconds(10));
  // 200 to a NOTIFY, to where it came from.
  void accept(const SipText& notify);
  void reply(const SipText& notify, std::string_view status);

  std::uint16_t port() const { return port_; }
  const std::string& ip() const { return ip_; }

 private:
  int socket_ = -1;
  std::string ip_;
  std::uint16_t port_ = 0;
  std::uint32_t last_ip_ = 0;  // whom it heard last, as the socket names them
};

}  // namespace strowger::test
