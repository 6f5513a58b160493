// Who looked at secrets: stream device-activity/<mac> of the device whose file it was.
#pragma once

#include "events/ids.hpp"

#include <cstdint>
#include <string_view>

#include <boost/describe/class.hpp>

namespace strowger {

// A person was shown a phone's file with the password in it, and not masked as usual. Recorded before it is shown.
struct SecretsShown {
  static constexpr std::string_view type = "device.secrets_shown";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  ExtensionNumber extension;  // whose password it was
  std::uint64_t at = 0;       // the position of the log at which the file was looked at
};
BOOST_DESCRIBE_STRUCT(SecretsShown, (), (mac, extension, at))

}  // namespace strowger
