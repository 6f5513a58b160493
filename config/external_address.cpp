#include "config/external_address.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <optional>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace strowger::config {
namespace {

class Socket {
 public:
  explicit Socket(int family) : fd_(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

const sockaddr* generic(const sockaddr_storage& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* generic_address = &address;
  const void* bytes = address.ss_family == AF_INET
                          ? static_cast<const void*>(&static_cast<const sockaddr_in*>(generic_address)->sin_addr)
                          : static_cast<const void*>(&static_cast<const sockaddr_in6*>(generic_address)->sin6_addr);
  if (inet_ntop(address.ss_family, bytes, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

// Addresses set aside for documentation (RFC 5737, RFC 3849): routed by the default route like any other, owned by
// none.
sockaddr_storage somewhere(int family) {
  sockaddr_storage out{};
  out.ss_family = static_cast<sa_family_t>(family);
  void* generic_address = &out;
  if (family == AF_INET) {
    auto* v4 = static_cast<sockaddr_in*>(generic_address);
    v4->sin_port = htons(9);
    inet_pton(AF_INET, "192.0.2.1", &v4->sin_addr);
  } else {
    auto* v6 = static_cast<sockaddr_in6*>(generic_address);
    v6->sin6_port = htons(9);
    inet_pton(AF_INET6, "2001:db8::1", &v6->sin6_addr);
  }
  return out;
}

std::optional<std::string> source_address(int family) {
  const Socket socket(family);
  const auto target = somewhere(family);
  const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (socket.fd() < 0 || ::connect(socket.fd(), generic(target), size) != 0) return std::nullopt;
  sockaddr_storage own{};
  socklen_t own_size = sizeof(own);
  void* generic_own = &own;
  if (::getsockname(socket.fd(), static_cast<sockaddr*>(generic_own), &own_size) != 0) return std::nullopt;
  auto text = text_of(own);
  if (text.empty() || text == "0.0.0.0" || text == "::") return std::nullopt;
  return text;
}

std::optional<std::string> interface_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    const bool usable = entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET &&
                        (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable) continue;
    sockaddr_storage address{};
    std::memcpy(&address, entry->ifa_addr, sizeof(sockaddr_in));
    return text_of(address);
  }
  return std::nullopt;
}

}  // namespace

ExternalAddress external_address() {
  if (const auto v4 = source_address(AF_INET)) return {*v4, "the source address of the default route"};
  if (const auto v6 = source_address(AF_INET6)) return {*v6, "the source address of the IPv6 default route"};
  if (const auto own = interface_address()) return {*own, "an interface's address; there is no default route"};
  return {"127.0.0.1",
          "no network: there is neither a default route nor an interface that is up; only phones on this machine can "
          "reach it. Set server.external_ip"};
}

}  // namespace strowger::config
