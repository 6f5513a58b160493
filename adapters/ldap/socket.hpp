// The TCP connection below one of LDAP. It is ours and not libldap's, whose timeouts do not end a TLS handshake in
// which the server falls silent: with GnuTLS it asks for the next byte for ever, at full load.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include <netdb.h>

namespace strowger::ldap {

class Socket {
 public:
  explicit Socket(int open = -1) : file_(open) {}
  Socket(Socket&& other) noexcept : file_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~Socket();

  int file() const { return file_; }
  int release() { return std::exchange(file_, -1); }

  // To one address; the errno where that fails. From then on nothing waits longer than `timeout` for the other side.
  int connect(const addrinfo& address, std::chrono::milliseconds timeout);

 private:
  int file_;
};

// Shuts a connection down when the time has passed or a stop is requested, so that whoever waits for the other side in
// code that is not ours is let go. Until it is destroyed.
class Deadline {
 public:
  Deadline(int socket, std::chrono::milliseconds time, std::stop_token stop = {});
  Deadline(Deadline&&) = delete;
  ~Deadline() = default;

  bool passed() const { return passed_; }  // the time, not a stop

 private:
  void shut_down() const;

  const Socket socket_;  // the same connection by a handle of our own: the other one may be closed meanwhile
  const std::stop_callback<std::function<void()>> stopped_;
  std::atomic<bool> passed_ = false;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;
};

}  // namespace strowger::ldap
