// Facts: events that no decision of an entity depends on.
#pragma once

#include "events/event.hpp"

#include <string_view>

namespace strowger {

// Whether events of the type leave every entity's state as it is, so that they need not be decoded to bring one back
// from its stream. Those of a device are on device-activity/<mac>, and in logs of earlier releases on device/<mac>.
// O(1).
bool is_fact(std::string_view type);

}  // namespace strowger
