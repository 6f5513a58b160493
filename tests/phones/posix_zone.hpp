// POSIX's rule of a time zone (IEEE Std 1003.1, environment variable TZ), as phones read it that take one: CET-1CEST,
// M3.5.0,M10.5.0/3. They know no hours below 0 or above 24, which tzdata has of some zones.
#pragma once

#include "tests/phones/phone.hpp"

#include <string>

namespace strowger::phones {

// Fills in offset, start, end and saving; nothing of a rule that is none.
void read_posix_zone(const std::string& rule, Clock& clock);

}  // namespace strowger::phones
