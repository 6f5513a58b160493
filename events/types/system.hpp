// What happens to the server itself: stream system/server.
#pragma once

#include "events/ids.hpp"

#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

struct ServerStarted {
  static constexpr std::string_view type = "system.server_started";
  static constexpr std::uint16_t schema = 1;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(ServerStarted, (), (version))

// The extensions and devices of the settings were taken into an empty log; they are not looked at again.
struct LogSeeded {
  static constexpr std::string_view type = "system.log_seeded";
  static constexpr std::uint16_t schema = 1;
  std::uint32_t extensions = 0;
  std::uint32_t devices = 0;
};
BOOST_DESCRIBE_STRUCT(LogSeeded, (), (extensions, devices))

// All data keys were wrapped by another master key; what they seal is the same.
struct MasterKeyRotated {
  static constexpr std::string_view type = "system.master_key_rotated";
  static constexpr std::uint16_t schema = 1;
  std::uint32_t data_keys = 0;
};
BOOST_DESCRIBE_STRUCT(MasterKeyRotated, (), (data_keys))

}  // namespace strowger
