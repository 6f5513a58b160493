#include "adapters/sip/multicast.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::sip {
namespace {

constexpr std::size_t longest_question = 8192;  // no phone's question is nearly as long; what is cut is not understood

std::uint32_t host_order(const sockaddr* address) {
  sockaddr_in four{};
  std::memcpy(&four, address, sizeof four);
  return ntohl(four.sin_addr.s_addr);
}

std::string text_of(std::uint32_t address) {
  const in_addr raw{htonl(address)};
  std::array<char, INET_ADDRSTRLEN> text{};
  inet_ntop(AF_INET, &raw, text.data(), text.size());
  return text.data();
}

bool set(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

ip_mreqn membership(std::uint32_t group, unsigned index) {
  ip_mreqn request{};
  request.imr_multiaddr.s_addr = group;
  request.imr_ifindex = static_cast<int>(index);
  return request;
}

using Control = std::array<char, CMSG_SPACE(sizeof(in_pktinfo))>;

}  // namespace

Multicast::Multicast(std::string_view group) {
  in_addr raw{};
  inet_pton(AF_INET, std::string(group).c_str(), &raw);
  group_ = raw.s_addr;
}

Multicast::~Multicast() {
  close();
}

void Multicast::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  for (auto& [name, member] : members_) member.index = 0;
}

// What is wrong; empty: it is open.
std::string Multicast::open() {
  if (socket_ >= 0) return {};
  socket_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = group_;
  // Others that answer such questions may run here too. Groups that they joined elsewhere are none of ours.
  if (socket_ >= 0 && set(socket_, SOL_SOCKET, SO_REUSEADDR, 1) && set(socket_, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
      set(socket_, IPPROTO_IP, IP_PKTINFO, 1) &&
      ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return {};
  std::string fault =
      "UDP " + text_of(ntohl(group_)) + ":" + std::to_string(port_) + " cannot be listened at: " + std::strerror(errno);
  if (errno == EADDRINUSE) fault += "; stop what listens there";
  close();
  return fault;
}

void Multicast::leave(Member& member) const {
  if (member.index == 0) return;
  const auto request = membership(group_, member.index);
  ::setsockopt(socket_, IPPROTO_IP, IP_DROP_MEMBERSHIP, &request, sizeof request);
  member.index = 0;
}

std::vector<Multicast::Change> Multicast::follow(const std::vector<std::string>& interfaces, std::uint16_t port) {
  if (port != port_) close();
  port_ = port;
  for (auto one = members_.begin(); one != members_.end();) {
    if (std::find(interfaces.begin(), interfaces.end(), one->first) != interfaces.end()) {
      ++one;
    } else {
      leave(one->second);
      one = members_.erase(one);
    }
  }
  for (const auto& name : interfaces) members_.try_emplace(name);
  if (members_.empty()) close();
  return refresh();
}

// What is wrong; empty: it is a member.
std::string Multicast::join(Member& member, unsigned index) const {
  if (index == member.index && index != 0) return {};
  leave(member);
  if (index == 0) return "there is no such interface";
  const auto request = membership(group_, index);
  if (::setsockopt(socket_, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) != 0)
    return "the multicast group cannot be joined: " + std::string(std::strerror(errno));
  member.index = index;
  return {};
}

std::vector<Multicast::Change> Multicast::refresh() {
  std::vector<Change> changes;
  if (members_.empty()) return changes;
  const auto closed = open();
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return changes;  // as they were: the system is short of something for a moment
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owned(list, ::freeifaddrs);
  for (auto& [name, member] : members_) {
    std::vector<Network> networks;
    for (const auto* one = list; one; one = one->ifa_next) {
      const std::string_view label = one->ifa_name;  // eth0:1 of an address with a label
      if (label.substr(0, label.find(':')) != name) continue;
      if (!one->ifa_addr || !one->ifa_netmask || one->ifa_addr->sa_family != AF_INET) continue;
      networks.push_back({host_order(one->ifa_addr), host_order(one->ifa_netmask)});
    }
    auto fault = closed.empty() ? join(member, ::if_nametoindex(name.c_str())) : closed;
    if (fault.empty() && networks.empty()) fault = "it has no IPv4 address";
    const bool changed = fault != member.fault || (fault.empty() && networks != member.networks);
    member.networks = std::move(networks);
    member.fault = std::move(fault);
    if (changed)
      changes.push_back(
          {name, member.networks.empty() ? std::string() : text_of(member.networks.front().address), member.fault});
  }
  return changes;
}

std::size_t Multicast::joined() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& one) { return one.second.fault.empty(); }));
}

bool Multicast::receive(Datagram& datagram) const {
  if (socket_ < 0) return false;
  datagram = {};
  datagram.bytes.resize(longest_question);
  sockaddr_in from{};
  alignas(cmsghdr) Control control{};
  iovec buffer{datagram.bytes.data(), datagram.bytes.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto got = ::recvmsg(socket_, &message, 0);
  if (got < 0) return false;
  datagram.bytes.resize(static_cast<std::size_t>(got));
  const auto sender = ntohl(from.sin_addr.s_addr);
  datagram.ip = text_of(sender);
  datagram.port = ntohs(from.sin_port);
  for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != IPPROTO_IP || header->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(header), sizeof info);
    datagram.index = info.ipi_ifindex;
  }
  for (const auto& [name, member] : members_) {
    if (static_cast<int>(member.index) != datagram.index || member.index == 0) continue;
    for (const auto& network : member.networks) {
      if (((network.address ^ sender) & network.mask) != 0) continue;
      datagram.interface = name;
      datagram.address = text_of(network.address);
      return true;
    }
  }
  return true;
}

void Multicast::reply(const Datagram& to, std::uint16_t port, const std::string& text) const {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, to.ip.c_str(), &address.sin_addr);
  in_pktinfo info{};
  info.ipi_ifindex = to.index;
  inet_pton(AF_INET, to.address.c_str(), &info.ipi_spec_dst);
  std::string bytes = text;
  iovec buffer{bytes.data(), bytes.size()};
  alignas(cmsghdr) Control control{};
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  message.msg_iov = &buffer;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
  [[maybe_unused]] const auto sent = ::sendmsg(socket_, &message, 0);
}

}  // namespace strowger::sip
