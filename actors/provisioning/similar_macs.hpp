// Registered devices whose address somebody may have mistyped.
#pragma once

#include "events/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace strowger::provisioning {

struct SimilarMac {
  MacAddress mac;
  std::size_t distance = 0;  // digits inserted, left out or replaced
  bool same_oui = false;
};

// Edit distance of two addresses' 12 digits.
std::size_t mac_distance(MacAddress a, MacAddress b);

// The addresses that a few wrong digits lead to: up to 3 within the maker's prefix, up to 2 elsewhere; those of the
// same prefix first, then the nearest. Looks at each address once, well under 0.1 us each; nothing is allocated for
// those that are far.
std::vector<SimilarMac> similar_macs(MacAddress wanted, std::span<const MacAddress> registered, std::size_t limit = 5);

// `Similar MACs found (same vendor): ['001565123457', …]`, or `(other vendors)` where none shares the prefix.
std::string similar_macs_log_line(std::span<const SimilarMac> similar);

}  // namespace strowger::provisioning
