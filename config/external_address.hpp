// The address that phones are told when server.external_ip is not set.
#pragma once

#include <string>

namespace strowger::config {

struct ExternalAddress {
  std::string ip;
  std::string reason;  // how it was found, or why it is only 127.0.0.1; for the start-up line
};

// The source address of the default route: the kernel chooses it for a UDP socket that is connected, and nothing is
// sent. IPv4 first, then IPv6, then an interface's own address; 127.0.0.1 where there is no network.
ExternalAddress external_address();

}  // namespace strowger::config
