// Reads a SUBSCRIBE for `ua-profile` as phones write it: who asks. It is the phone's word, and anybody's.
#pragma once

#include "adapters/sip/sofia.hpp"
#include "events/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace strowger::sip {

inline constexpr std::string_view pnp_group = "224.0.1.75";  // sip.mcast.net

struct PnpRequest {
  MacAddress mac;
  std::string vendor;  // fit for a line of a log: printable, at most 64 characters
  std::string model;
  std::string version;
  std::string user_agent;
};

// Of what came to the group. None: it is no question, not for a device's profile, not by a MAC address, or its sender
// would not take a URL.
std::optional<PnpRequest> read_pnp(const sip_t* sip);

// The address in a URI's user: MAC%3A001565123456, mac:00-15-65-12-34-56, or bare. No group's address is one.
std::optional<MacAddress> mac_of_pnp_user(std::string_view user);

}  // namespace strowger::sip
