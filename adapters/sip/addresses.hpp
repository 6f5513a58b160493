// The machine's own addresses. SIP listens on each of them with a socket of its own, and a datagram comes from the
// address whose socket sends it: a phone does not trust a request from another one than it registers at, and may have
// no way to answer it.
#pragma once

#include "adapters/sip/sofia.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace strowger::sip {

// IPv4, of the interfaces that are up; loopback's last.
std::vector<std::string> own_addresses();

// The agent's UDP socket at one of our addresses, by its identity (TPTAG_IDENT); null: there is none.
tport_t* udp_listener(nta_agent_t* agent, std::string_view address);
// Our address that a message came to; empty where it has no identity.
std::string listener_address(const tport_t* transport);

}  // namespace strowger::sip
