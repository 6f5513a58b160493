#include "tests/support/sip/lan_phone.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::test {
namespace {

sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, ip.c_str(), &address.sin_addr) != 1) throw std::system_error(EINVAL, std::generic_category());
  return address;
}

void check(bool done, const char* what) {
  if (!done) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

LanPhone::LanPhone(const std::string& interface, const std::string& ip) : ip_(ip) {
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(socket_ >= 0, "socket");
  auto address = address_of(ip, 0);
  check(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  ip_mreqn leaves_by{};
  leaves_by.imr_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  check(::setsockopt(socket_, IPPROTO_IP, IP_MULTICAST_IF, &leaves_by, sizeof leaves_by) == 0, "IP_MULTICAST_IF");
  socklen_t size = sizeof address;
  check(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
}

LanPhone::~LanPhone() {
  ::close(socket_);
}

std::string LanPhone::text(const Question& question) const {
  const auto here = ip_ + ":" + std::to_string(port_);
  const auto uri = "sip:" + question.user + question.mac + "@" + question.host;
  const auto call_id = question.call_id.empty() ? question.mac + "-" + here : question.call_id;
  std::string text = "SUBSCRIBE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP " + here + ";branch=z9hG4bK" + question.mac +
                     std::to_string(question.cseq) + ";rport" + question.via + "\r\nFrom: <" + uri +
                     ">;tag=2004271\r\nTo: <" + uri + ">\r\nCall-ID: " + call_id +
                     "\r\nCSeq: " + std::to_string(question.cseq) + " SUBSCRIBE\r\nContact: <" +
                     (question.contact.empty() ? "sip:" + question.mac + "@" + here : question.contact) +
                     ">\r\nMax-Forwards: 70\r\nExpires: 0\r\n";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) text.append(name).append(": ").append(value).append("\r\n");
  };
  add("User-Agent", question.user_agent);
  add("Event", question.event);
  add("Accept", question.accept);
  return text + "Content-Length: 0\r\n\r\n";
}

bool LanPhone::send(const std::string& text, std::uint16_t server_port, const std::string& to) {
  const auto address = address_of(to, server_port);
  return ::sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
         static_cast<ssize_t>(text.size());
}

std::optional<SipText> LanPhone::receive(std::chrono::milliseconds deadline) {
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(deadline.count())) != 1) return std::nullopt;
  std::array<char, 65536> buffer{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const auto got = ::recvfrom(socket_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
  check(got >= 0, "recvfrom");
  last_ip_ = from.sin_addr.s_addr;
  return SipText{std::string(buffer.data(), static_cast<std::size_t>(got))};
}

void LanPhone::accept(const SipText& notify) {
  reply(notify, "200 OK");
}

void LanPhone::reply(const SipText& notify, std::string_view status) {
  std::string text = "SIP/2.0 " + std::string(status) + "\r\n";
  for (const auto* name : {"Via", "From", "To", "Call-ID", "CSeq"})
    for (const auto& value : notify.headers(name)) text += std::string(name) + ": " + value + "\r\n";
  text += "Content-Length: 0\r\n\r\n";
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = last_ip_;
  const auto via = notify.header("Via");  // its answer goes to the port that it was sent from, which that names
  const auto colon = via.find(':');
  to.sin_port =
      colon == std::string::npos ? htons(5060) : htons(static_cast<std::uint16_t>(std::atoi(&via[colon + 1])));
  ::sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

}  // namespace strowger::test
