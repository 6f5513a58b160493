// What is known of phones that were seen and are not registered.
#pragma once

#include "adapters/http/routes/context.hpp"

#include <string>

namespace strowger::http::routes {

// Canonical, by what the phone says of itself and else by its MAC address; empty: not known.
struct PhoneKind {
  std::string vendor;
  std::string model;
};
PhoneKind seen_kind(const Services& services, const DiscoveredRow& row);

// Of a phone that is still to be registered: `not_discovered` where it was not seen, or is registered.
Result<DiscoveredRow> discovered(const Services& services, const MacAddress& mac);

}  // namespace strowger::http::routes
