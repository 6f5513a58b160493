// What a phone says of itself in the User-Agent of an HTTP request. It is the client's word: good for guidance and for
// the log, never for granting anything.
#pragma once

#include "events/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace strowger::provisioning {

struct UserAgent {
  std::string vendor;    // canonical (yealink); empty where not recognised
  std::string model;     // canonical where it is a known one's form: t46s, vvx450, spa504g; lower case, no separators
  std::string firmware;  // as it stands: 66.86.0.15
  std::optional<MacAddress> mac;
};

// Tolerant; never fails.
UserAgent parse_user_agent(std::string_view text);

}  // namespace strowger::provisioning
