// What else a device is besides its registration: stream device/<mac>.
#pragma once

#include "events/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

namespace strowger {

struct DeviceLine {
  std::uint16_t line = 0;     // from 1
  ExtensionNumber extension;  // none for line 1: that is the device's own
  std::string label;          // empty: the extension's name
  bool operator==(const DeviceLine&) const = default;
};
BOOST_DESCRIBE_STRUCT(DeviceLine, (), (line, extension, label))

// All of them after the change, in order; of line 1 only where it has a label.
struct DeviceLinesChanged {
  static constexpr std::string_view type = "device.lines_changed";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::vector<DeviceLine> lines;
};
BOOST_DESCRIBE_STRUCT(DeviceLinesChanged, (), (mac, lines))

// The site (or group) whose settings the device inherits.
struct DeviceSiteChanged {
  static constexpr std::string_view type = "device.site_changed";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string site;  // empty: none
};
BOOST_DESCRIBE_STRUCT(DeviceSiteChanged, (), (mac, site))

}  // namespace strowger
