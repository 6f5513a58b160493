// What an operator is told of a phone that nobody registered. The phone itself is told nothing of it.
#pragma once

#include "actors/provisioning/similar_macs.hpp"
#include "actors/provisioning/user_agent.hpp"
#include "actors/provisioning/vendor_catalog.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

// The lines for the log, in order: that it is not registered, its MAC as it is kept, likely typos, and the command that
// registers it. `server_url` is where the API answers: http://192.168.1.14:8080.
std::vector<std::string> unknown_device_lines(const MacAddress& mac, std::span<const SimilarMac> similar,
                                              const UserAgent& agent, const VendorCatalog& catalog,
                                              std::string_view server_url);

// The command alone. Vendor and model are what the phone says, or what its prefix hints at; what is not known stays as
// a word in capitals to fill in.
std::string registration_command(const MacAddress& mac, const UserAgent& agent, const VendorCatalog& catalog,
                                 std::string_view server_url);

// Prefix and vendor disagree: nothing to refuse, for makers share prefixes, but worth a word. Empty where they agree or
// the prefix is nobody's that is known.
std::string oui_warning(const MacAddress& mac, const Vendor& vendor, const VendorCatalog& catalog);

}  // namespace strowger::provisioning
