// What a phone says of itself in the User-Agent of an HTTP request, and in that of its SIP requests, which most vendors
// write otherwise. It is the client's word: good for guidance and for the log, never for granting anything.
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
// The same of SIP: snomD375/8.9.3.60; Aastra 6731i/3.3.1.4305; Grandstream GXP2170 1.0.11.85; Fanvil X3S 2.4.0.5879;
// PolycomVVX-VVX_450-UA/5.9.2.3446_0004f2aabbcc.
UserAgent parse_sip_user_agent(std::string_view text);

}  // namespace strowger::provisioning
