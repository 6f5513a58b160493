// Text from outside, fit for one line of a log.
#pragma once

#include <string>
#include <string_view>

namespace strowger::sip {

// Control and non-ASCII bytes become \xNN, a backslash \\; at most `max` bytes of the text are shown.
std::string log_text(std::string_view text, std::size_t max = 200);

}  // namespace strowger::sip
