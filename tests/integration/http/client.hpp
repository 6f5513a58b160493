// A client that says exactly what a test wants to say, byte by byte, and reads one reply at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

namespace strowger::http::test {

struct Reply {
  int status = 0;  // 0: the connection ended before a whole reply
  std::string head;
  std::string body;
  std::string header(std::string_view name) const;  // lower-case name
};

// Blocking, with a deadline on every wait. Throws std::runtime_error where it cannot connect or the deadline passes.
class Client {
 public:
  // `from`: a loopback address of its own to come from.
  explicit Client(std::uint16_t port, const std::string& host = "127.0.0.1", const std::string& from = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // With a certificate of its own, where its files are given.
  // `ciphers`: of TLS 1.2 and below, in OpenSSL's words; empty: all.
  bool start_tls(int min_version = 0, int max_version = 0, const std::string& cert = {}, const std::string& key = {},
                 const std::string& ciphers = {});
  std::string peer_name() const;      // the CN in the server's certificate
  bool send(std::string_view bytes);  // false: the other side is gone
  Reply read(bool head_only = false);
  Reply ask(std::string_view bytes, bool head_only = false);
  // The next chunk of a chunked body, empty for the last; none where the connection ended before it was whole.
  std::optional<std::string> read_chunk();
  // Whether the other side closes within the time.
  bool closes(std::chrono::milliseconds within = std::chrono::seconds(5));
  void shrink_window(int bytes = 1024);  // so that a large reply does not fit

 private:
  bool more(std::chrono::milliseconds within);

  int socket_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::string pending_;
};

}  // namespace strowger::http::test
