// A directory server on a free loopback port that does what a test says, right or wrong: LDAP messages (RFC 4511) made
// by hand. One connection after the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::test {

namespace ber {

inline std::string tlv(unsigned char tag, const std::string& content) {
  std::string out(1, static_cast<char>(tag));
  const auto size = content.size();
  if (size < 0x80) {
    out.push_back(static_cast<char>(size));
  } else {
    out.push_back(static_cast<char>(0x84));
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift & 0xff));
  }
  return out + content;
}
inline std::string octets(const std::string& text) {
  return tlv(0x04, text);
}
inline std::string integer(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift & 0xff));
  return tlv(0x02, bytes);
}
// An LDAPResult without controls.
inline std::string result(unsigned char op, unsigned char code) {
  return tlv(op, tlv(0x0a, std::string(1, static_cast<char>(code))) + octets("") + octets(""));
}

}  // namespace ber

class ScriptedLdap {
 public:
  static constexpr unsigned char bind = 0x60, search = 0x63;

  class Peer {
   public:
    explicit Peer(int file) : file_(file) {}
    // Whether the client still takes it.
    bool send(const std::string& bytes) const {
      for (std::size_t at = 0; at < bytes.size();) {
        const auto sent = ::send(file_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += static_cast<std::size_t>(sent);
      }
      return true;
    }
    bool message(std::uint32_t id, const std::string& op, const std::string& controls = {}) const {
      return send(ber::tlv(0x30, ber::integer(id) + op + controls));
    }
    bool bound(std::uint32_t id, unsigned char code = 0) const { return message(id, ber::result(0x61, code)); }
    bool entry(std::uint32_t id, const std::string& dn, const std::string& attribute, const std::string& value) const {
      return send(entry_message(id, dn, attribute, value));
    }
    static std::string entry_message(std::uint32_t id, const std::string& dn, const std::string& attribute,
                                     const std::string& value) {
      const auto values = ber::tlv(0x30, ber::octets(attribute) + ber::tlv(0x31, ber::octets(value)));
      return ber::tlv(0x30, ber::integer(id) + ber::tlv(0x64, ber::octets(dn) + ber::tlv(0x30, values)));
    }
    // The end of a page; an empty cookie: of the last (RFC 2696).
    bool page_end(std::uint32_t id, const std::string& cookie) const {
      const auto value = ber::tlv(0x30, ber::integer(0) + ber::octets(cookie));
      const auto control = ber::tlv(0x30, ber::octets("1.2.840.113556.1.4.319") + ber::octets(value));
      return message(id, ber::result(0x65, 0), ber::tlv(0xa0, control));
    }
    // Says nothing more until the client goes.
    void wait_for_the_end() const {
      char byte = 0;
      while (::recv(file_, &byte, 1, 0) > 0) {
      }
    }
    // The next request: its message id and operation. False: the client is gone.
    bool receive(std::uint32_t& id, unsigned char& op) const {
      std::string content;
      if (!take_content(content) || content.size() < 3 || content[0] != 0x02) return false;
      const auto size = static_cast<std::size_t>(content[1]);
      if (content.size() < 3 + size) return false;
      id = 0;
      for (std::size_t i = 0; i < size; ++i) id = id << 8 | static_cast<unsigned char>(content[2 + i]);
      op = static_cast<unsigned char>(content[2 + size]);
      return true;
    }

   private:
    bool take(char* to, std::size_t size) const {
      for (std::size_t at = 0; at < size;) {
        const auto got = ::recv(file_, to + at, size - at, 0);
        if (got <= 0) return false;
        at += static_cast<std::size_t>(got);
      }
      return true;
    }
    bool take_content(std::string& content) const {
      unsigned char head[2];
      if (!take(reinterpret_cast<char*>(head), 2)) return false;
      std::size_t size = head[1];
      if ((head[1] & 0x80) != 0) {
        size = 0;
        for (int i = head[1] & 0x7f; i > 0; --i) {
          unsigned char byte = 0;
          if (!take(reinterpret_cast<char*>(&byte), 1)) return false;
          size = size << 8 | byte;
        }
      }
      content.resize(size);
      return take(content.data(), size);
    }

    int file_;
  };

  // For each request of a client, on the server's thread; false closes the connection.
  using Script = std::function<bool(const Peer& peer, std::uint32_t id, unsigned char op)>;

  explicit ScriptedLdap(Script script) : script_(std::move(script)), file_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(file_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(file_, 8) != 0 ||
        ::getsockname(file_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no socket for the directory server");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ScriptedLdap(ScriptedLdap&&) = delete;
  ~ScriptedLdap() {
    ::shutdown(file_, SHUT_RDWR);  // ends accept()
    if (const int client = client_; client >= 0) ::shutdown(client, SHUT_RDWR);
    thread_.join();
    ::close(file_);
  }

  std::string url() const { return "ldap://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(file_, nullptr, nullptr);
      if (client < 0) return;
      client_ = client;
      const Peer peer(client);
      std::uint32_t id = 0;
      unsigned char op = 0;
      while (peer.receive(id, op) && script_(peer, id, op)) {
      }
      client_ = -1;
      ::close(client);
    }
  }

  Script script_;
  int file_;
  std::uint16_t port_ = 0;
  std::atomic<int> client_ = -1;
  std::jthread thread_;
};

}  // namespace strowger::test
