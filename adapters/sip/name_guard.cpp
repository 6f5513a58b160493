#include "adapters/sip/name_guard.hpp"

#include "adapters/sip/sofia.hpp"

#include <array>
#include <atomic>

#include <arpa/inet.h>
#include <netdb.h>
#include <sofia-sip/su_addrinfo.h>

namespace {

// The one global of the house: the function that counts has C linkage and no context.
std::atomic<std::uint64_t> refused{0};

}  // namespace

extern "C" __attribute__((visibility("default"), used)) int su_getaddrinfo(const char* node, const char* service,
                                                                           const su_addrinfo_t* hints,
                                                                           su_addrinfo_t** results) {
  su_addrinfo_t numeric{};
  if (hints) numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
  const char* port = service && *service ? service : "0";
  const int fault = ::getaddrinfo(node, port, &numeric, results);
  if (fault == EAI_NONAME) refused.fetch_add(1, std::memory_order_relaxed);
  if (fault != 0) return fault;
  for (auto* found = *results; found; found = found->ai_next) {
    if (found->ai_protocol != 0) continue;
    if (numeric.ai_protocol != 0)
      found->ai_protocol = numeric.ai_protocol;
    else
      found->ai_protocol = found->ai_socktype == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
  }
  return 0;
}

namespace strowger::sip {

std::uint64_t names_refused() {
  return refused.load(std::memory_order_relaxed);
}

Result<std::string> numeric_address(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int fault = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (fault != 0)
    return unavailable("sip_host_unknown", "server.sip_host is " + host + ", which is no address of this machine: " +
                                               ::gai_strerror(fault) + "; set it to an IP address or to 0.0.0.0");
  std::array<char, NI_MAXHOST> text{};
  const int told =
      ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  ::freeaddrinfo(found);
  if (told != 0) return unavailable("sip_host_unknown", "server.sip_host " + host + " has no numeric form");
  return std::string(text.data());
}

}  // namespace strowger::sip
