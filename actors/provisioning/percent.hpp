// Percent-encoding (RFC 3986 section 2.1) as phones and their administrators really write it.
#pragma once

#include "events/error.hpp"

#include <string>
#include <string_view>

namespace strowger::provisioning {

// Decodes once. A % without two hex digits stands for itself (%MACD is a Gigaset macro, not an escape). Fails with
// `bad_path` on control characters, a backslash, or a slash that was encoded to hide it.
Result<std::string> percent_decode(std::string_view text);

}  // namespace strowger::provisioning
