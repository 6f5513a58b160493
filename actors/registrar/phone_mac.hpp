// A phone's hardware address, where SIP really carries one (VENDORS.md sections 3 and 5). Text that merely looks like
// twelve hex digits is not believed: a random UUID's node is none, nor is a firmware version.
#pragma once

#include "events/ids.hpp"

#include <functional>
#include <optional>
#include <string_view>

namespace strowger::registrar {

// From +sip.instance. A UUID of version 1 has the address as its node (RFC 4122), also where phones leave its time zero
// (urn:uuid:00000000-0000-1000-8000-001565aabbcc); a random one has not. `urn:mac:…` is one outright.
std::optional<MacAddress> mac_of_instance(std::string_view instance);
// From +sip.instance of a phone whose UUID has its address as the node and random digits before it, as snom's have
// (urn:uuid:76e44df3-6880-4e04-84c0-000413aa0001): only where the address is of the maker that the User-Agent names,
// for the node of a random UUID may be any.
using MadeBy = std::function<bool(const MacAddress& mac, std::string_view user_agent)>;
std::optional<MacAddress> mac_of_node(std::string_view instance, std::string_view user_agent, const MadeBy& made_by);
// From a User-Agent: Yealink SIP-T46S 66.86.0.15 80:5e:c0:aa:bb:cc; Cisco/SPA504G-7.4.9c (8843E157DDCC);
// Aastra6731i MAC:00-08-5D-23-74-29 V:3.2; Grandstream … DevId 000b82aabbcc; …
std::optional<MacAddress> mac_of_user_agent(std::string_view user_agent);

}  // namespace strowger::registrar
