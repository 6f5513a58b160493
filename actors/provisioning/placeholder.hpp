// A MAC placeholder that reached the server as it stands: somebody typed {mac} where the phone knows another macro, or
// a DHCP server handed it on (none expands it).
#pragma once

#include "actors/provisioning/vendor_catalog.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// How many characters of a placeholder `text` starts with; 0 where it starts with none. Takes it also when it was
// percent-encoded twice (%257Bmac%257D arrives as %7Bmac%7D).
std::size_t placeholder_size(std::string_view text);

// The line that operators search the log for.
std::string placeholder_log_line(std::string_view placeholder);

// What to set where, for the vendor that the phone says it is; null: for every vendor. `url` is the URL that this
// server's phones use, with {mac} where the MAC belongs.
std::string placeholder_guidance(std::string_view placeholder, const Vendor* vendor, const VendorCatalog& catalog,
                                 std::string_view url);

// Where a person sets the URL on a vendor's phones, and to what: "Yealink: set … to http://…". `url` as above.
std::string url_guidance(const Vendor& vendor, std::string_view url);

}  // namespace strowger::provisioning
