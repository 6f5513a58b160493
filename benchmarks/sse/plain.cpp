#include "benchmarks/sse/plain.hpp"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::bench {

PlainFanOut::PlainFanOut() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 1024) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("the plain server cannot listen");
  port_ = ntohs(address.sin_port);
}

PlainFanOut::~PlainFanOut() {
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

void PlainFanOut::accept(unsigned count) {
  constexpr std::string_view head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
  while (sockets_.size() < count) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    const int on = 1;
    const int buffer = 256 * 1024;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    if (::write(socket, head.data(), head.size()) < 0) throw std::runtime_error("a reader is gone");
    sockets_.push_back(socket);
  }
}

void PlainFanOut::write(std::string_view bytes) {
  for (const int socket : sockets_) {
    for (auto rest = bytes; !rest.empty();) {
      const auto sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        rest.remove_prefix(static_cast<std::size_t>(sent));
      } else {
        pollfd room{socket, POLLOUT, 0};
        ::poll(&room, 1, 1000);
      }
    }
  }
}

}  // namespace strowger::bench
