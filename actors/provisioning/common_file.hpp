// Whose common file a request means.
#pragma once

#include "actors/provisioning/resolver.hpp"
#include "actors/provisioning/user_agent.hpp"
#include "actors/provisioning/vendor_catalog.hpp"

namespace strowger::provisioning {

// For the roles `common` and `boot`. Yealink and Zultys phones ask for names of one form: the hardware id in the name
// tells them apart, then what the phone says of itself, then the name's usual vendor. Null where none has such a file.
inline const Vendor* common_file_vendor(const RequestedFile& file, const UserAgent& agent,
                                        const VendorCatalog& catalog) {
  if (file.hardware_id)
    if (const auto known = catalog.by_hardware_id(*file.hardware_id)) return known->first;
  if (file.hardware_id && agent.vendor == "zultys") return catalog.find_vendor(agent.vendor);
  return catalog.find_vendor(file.vendor);
}

}  // namespace strowger::provisioning
