#include "benchmarks/http/fetch.hpp"

#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::bench {

std::string raw_exchange(std::uint16_t port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  std::string reply;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
    char part[16384];
    for (ssize_t got = 0; (got = ::recv(fd, part, sizeof part, 0)) > 0;)
      reply.append(part, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return reply;
}

std::string body_of_reply(const std::string& reply) {
  const auto body = reply.find("\r\n\r\n");
  if (!reply.starts_with("HTTP/1.1 200") || body == std::string::npos)
    throw std::runtime_error("not a 200: " + reply.substr(0, reply.find("\r\n")));
  return reply.substr(body + 4);
}

std::string fetch(std::uint16_t port, const std::string& path) {
  return body_of_reply(raw_exchange(port, "GET " + path + " HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"));
}

std::string recorded(std::uint16_t port) {
  std::istringstream metrics(fetch(port, "/metrics"));
  std::string out;
  for (std::string line; std::getline(metrics, line);)
    if (line.starts_with("strowger_provisioning_requests_total{result=\"served\"}") ||
        line.starts_with("strowger_provisioning_facts_") || line.starts_with("strowger_log_position"))
      out += line + "\n";
  return out;
}

}  // namespace strowger::bench
