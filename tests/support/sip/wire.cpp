#include "tests/support/sip/wire.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::test {
namespace {

bool same_name(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  });
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

int SipText::status() const {
  return text.starts_with("SIP/2.0 ") ? std::atoi(text.c_str() + 8) : 0;
}

std::string SipText::method() const {
  return status() != 0 ? "" : text.substr(0, text.find(' '));
}

std::vector<std::string> SipText::headers(std::string_view name) const {
  std::vector<std::string> values;
  std::size_t at = text.find("\r\n");
  while (at != std::string::npos) {
    at += 2;
    const auto end = text.find("\r\n", at);
    if (end == std::string::npos || end == at) break;
    const std::string_view line = std::string_view(text).substr(at, end - at);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && same_name(line.substr(0, colon), name)) {
      auto value = line.substr(colon + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      values.emplace_back(value);
    }
    at = end;
  }
  return values;
}

std::string SipText::header(std::string_view name) const {
  auto all = headers(name);
  return all.empty() ? "" : std::move(all.front());
}

Wire::Wire(Kind kind, std::uint16_t server_port, const std::string& from, const std::string& server) : kind_(kind) {
  socket_ = ::socket(AF_INET, (kind == Kind::udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (socket_ < 0) fail("socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (::inet_pton(AF_INET, from.c_str(), &address.sin_addr) != 1) throw std::runtime_error("no address: " + from);
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("bind");
  if (::inet_pton(AF_INET, server.c_str(), &address.sin_addr) != 1) throw std::runtime_error("no address: " + server);
  address.sin_port = htons(server_port);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  socklen_t size = sizeof address;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
}

Wire::Wire(Wire&& other) noexcept
    : kind_(other.kind_),
      socket_(std::exchange(other.socket_, -1)),
      port_(other.port_),
      buffer_(std::move(other.buffer_)),
      closed_(other.closed_) {}

Wire::~Wire() {
  if (socket_ >= 0) ::close(socket_);
}

void Wire::send(std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == ECONNREFUSED && kind_ == Kind::udp) continue;  // of an earlier datagram
      closed_ = true;
      return;
    }
    if (kind_ == Kind::udp) return;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::optional<SipText> Wire::take_message() {
  while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
  const auto head = buffer_.find("\r\n\r\n");
  if (head == std::string::npos) return std::nullopt;
  SipText message{buffer_.substr(0, head + 4)};
  const auto length = static_cast<std::size_t>(std::atoi(message.header("Content-Length").c_str()));
  if (buffer_.size() < head + 4 + length) return std::nullopt;
  message.text = buffer_.substr(0, head + 4 + length);
  buffer_.erase(0, head + 4 + length);
  return message;
}

std::optional<SipText> Wire::receive(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  std::array<char, 65536> chunk{};
  while (true) {
    if (kind_ == Kind::tcp)
      if (auto message = take_message()) return message;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0 || closed_) return std::nullopt;
    pollfd ready{socket_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(left)) <= 0) continue;
    const auto got = ::recv(socket_, chunk.data(), chunk.size(), 0);
    if (kind_ == Kind::udp) {
      if (got > 4) return SipText{std::string(chunk.data(), static_cast<std::size_t>(got))};
      continue;
    }
    if (got <= 0) {
      closed_ = true;
      return std::nullopt;
    }
    buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

std::optional<SipText> Wire::ask(std::string_view request, std::chrono::milliseconds deadline) {
  const auto sequence = SipText{std::string(request)}.header("CSeq");
  send(request);
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return std::nullopt;
    auto answer = receive(left);
    if (!answer) return std::nullopt;
    if (answer->status() >= 200 && answer->header("CSeq") == sequence) return answer;
  }
}

}  // namespace strowger::test
