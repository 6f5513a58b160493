#include "benchmarks/http/load.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <random>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Connection {
  int fd = -1;
  std::size_t filled = 0;
  std::size_t expected = 0;  // of the whole reply; 0 until its head is there
  std::array<char, 32 * 1024> buffer;

  explicit Connection(std::uint16_t port) {
    fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("cannot connect");
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() { ::close(fd); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool is_whole() {
    const std::string_view reply(buffer.data(), filled);
    if (expected == 0) {
      const auto end = reply.find("\r\n\r\n");
      if (end == std::string_view::npos) return false;
      constexpr std::string_view name = "Content-Length: ";
      const auto length = reply.find(name);
      std::size_t size = 0;
      if (length < end) std::from_chars(reply.data() + length + name.size(), reply.data() + end, size);
      expected = end + 4 + size;
    }
    return filled >= expected;
  }
};

}  // namespace

LoadResult run_load(std::uint16_t port, unsigned connections, const std::vector<std::string>& paths,
                    std::chrono::milliseconds time, std::uint64_t seed) {
  std::vector<std::string> requests;
  for (const auto& path : paths)
    requests.push_back(
        "GET " + path +
        " HTTP/1.1\r\nHost: pbx.example\r\nUser-Agent: Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56\r\n\r\n");
  std::shuffle(requests.begin(), requests.end(), std::mt19937_64(seed));

  std::vector<std::unique_ptr<Connection>> open;
  const int poll = ::epoll_create1(0);
  std::size_t next = 0;
  const auto ask = [&](Connection& connection) {
    const auto& request = requests[next++ % requests.size()];
    connection.filled = connection.expected = 0;
    return ::send(connection.fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size());
  };
  for (unsigned i = 0; i < connections; ++i) {
    open.push_back(std::make_unique<Connection>(port));
    epoll_event event{.events = EPOLLIN, .data = {.ptr = open.back().get()}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, open.back()->fd, &event);
  }

  LoadResult result;
  const auto begun = Clock::now();
  const auto end = begun + time;
  for (auto& connection : open)
    if (!ask(*connection)) ++result.failures;
  std::array<epoll_event, 64> events{};
  for (auto now = begun; now < end; now = Clock::now()) {
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      const auto got = ::recv(connection.fd, connection.buffer.data() + connection.filled,
                              connection.buffer.size() - connection.filled, MSG_DONTWAIT);
      if (got <= 0) {
        ++result.failures;
        ::epoll_ctl(poll, EPOLL_CTL_DEL, connection.fd, nullptr);
        continue;
      }
      connection.filled += static_cast<std::size_t>(got);
      if (!connection.is_whole()) continue;
      const std::string_view reply(connection.buffer.data(), connection.filled);
      if (reply.starts_with("HTTP/1.1 200")) {
        ++result.replies;
        result.bytes += connection.filled;
      } else {
        ++result.failures;
      }
      if (!ask(connection)) ++result.failures;
    }
  }
  result.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun);
  ::close(poll);
  return result;
}

}  // namespace strowger::bench
