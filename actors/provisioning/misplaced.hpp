// Phone files asked for at a path where none is served: that of another server (/app/provision/<mac>.cfg), or a script
// (/prov.php?mac=<mac>). Such a phone was not moved to this server's URL, and nothing but its request tells so.
#pragma once

#include "actors/provisioning/resolver.hpp"

namespace strowger::provisioning {

// The phone's file that a target means by its end, below any folders; else the MAC address that stands in a segment
// or in a query's value, with the role unknown. None where it names no phone, and where the target is longer than 1,024
// bytes. It says nothing of whether the path is served: ask resolve() first.
//
// Pure. Complexity: O(size of the target), at most eight look-ups in the table of file names.
std::optional<RequestedFile> misplaced_file(std::string_view target);

}  // namespace strowger::provisioning
