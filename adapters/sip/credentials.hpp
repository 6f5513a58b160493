// The port through which the SIP side learns what an extension's phone must know.
#pragma once

#include "events/ids.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace strowger::sip {

struct Credential {
  // Changes whenever the password does: hashes made from it are kept as long as it stays.
  std::uint64_t version = 0;
  // The clear password, opened only when no hash of this version is at hand. None: it cannot be read now.
  std::function<std::optional<std::string>()> password;
  // Else whoever shows the password is known, and refused: no registration, no call.
  bool enabled = true;
};

// Called on the SIP thread, once a request: it answers from memory. None: there is no such extension.
using Credentials = std::function<std::optional<Credential>(const ExtensionNumber&)>;

}  // namespace strowger::sip
