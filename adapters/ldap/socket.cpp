#include "adapters/ldap/socket.hpp"

#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::ldap {

Socket::~Socket() {
  if (file_ >= 0) ::close(file_);
}

int Socket::connect(const addrinfo& address, std::chrono::milliseconds timeout) {
  Socket socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.file_ < 0) return errno;
  if (::connect(socket.file_, address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    pollfd ready{socket.file_, POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) return ETIMEDOUT;
    int fault = 0;
    socklen_t size = sizeof fault;
    ::getsockopt(socket.file_, SOL_SOCKET, SO_ERROR, &fault, &size);
    if (fault != 0) return fault;
  }
  const timeval time{timeout.count() / 1000, timeout.count() % 1000 * 1000};
  ::setsockopt(socket.file_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  ::setsockopt(socket.file_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  ::fcntl(socket.file_, F_SETFL, 0);  // waits again, as long as that
  *this = std::move(socket);
  return 0;
}

Deadline::Deadline(int socket, std::chrono::milliseconds time, std::stop_token stop)
    : socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)),
      stopped_(std::move(stop), [this] { shut_down(); }),
      thread_([this, time](const std::stop_token& done) {
        std::unique_lock lock(mutex_);
        ended_.wait_for(lock, done, time, [] { return false; });
        if (done.stop_requested()) return;
        passed_ = true;
        shut_down();
      }) {}

void Deadline::shut_down() const {
  ::shutdown(socket_.file(), SHUT_RDWR);
}

}  // namespace strowger::ldap
