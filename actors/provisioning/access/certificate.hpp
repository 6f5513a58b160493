// Which phone a certificate is of: vendors write the MAC address into its names in their own ways.
#pragma once

#include "events/ids.hpp"

#include <optional>
#include <string_view>

namespace strowger::provisioning::access {

// 001565123456, 00:15:65:12:34:56 and the other forms, by themselves or in a text: SEP001565123456,
// CP-8841-SEP001565123456, "SPA504G, MAC: 0015651234ab, Serial: …", 001565123456.phones.example.com. None where there
// is no MAC, or where there are two.
std::optional<MacAddress> mac_in_name(std::string_view name);

}  // namespace strowger::provisioning::access
