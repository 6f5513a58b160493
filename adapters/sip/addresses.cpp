#include "adapters/sip/addresses.hpp"

#include <algorithm>
#include <memory>

#include <boost/asio/ip/address_v4.hpp>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

namespace strowger::sip {

namespace asio = boost::asio;

std::vector<std::string> own_addresses() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(all, &::freeifaddrs);
  std::vector<asio::ip::address_v4> found;
  for (const auto* at = all; at != nullptr; at = at->ifa_next) {
    if ((at->ifa_flags & IFF_UP) == 0 || at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
    const asio::ip::address_v4 one(ntohl(address->sin_addr.s_addr));
    if (std::find(found.begin(), found.end(), one) == found.end()) found.push_back(one);
  }
  std::stable_partition(found.begin(), found.end(), [](const auto& one) { return !one.is_loopback(); });
  std::vector<std::string> texts;
  texts.reserve(found.size());
  for (const auto& one : found) texts.push_back(one.to_string());
  return texts;
}

tport_t* udp_listener(nta_agent_t* agent, std::string_view address) {
  for (auto* one = tport_primaries(nta_agent_tports(agent)); one != nullptr; one = tport_next(one))
    if (tport_is_udp(one) && listener_address(one) == address) return one;
  return nullptr;
}

std::string listener_address(const tport_t* transport) {
  const auto* name = transport != nullptr ? tport_name(transport) : nullptr;
  return name != nullptr && name->tpn_ident != nullptr ? name->tpn_ident : "";
}

}  // namespace strowger::sip
