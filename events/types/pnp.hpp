// Phones that ask the whole LAN by SIP where their configuration is (VENDORS.md 4.2). Stream device-activity/<mac>.
#pragma once

#include "events/ids.hpp"

#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

// A phone that may fetch its file was told where it is. Who was told nothing is a ConfigRefused of pnp:….
struct PnpAnswered {
  static constexpr std::string_view type = "device.pnp_answered";
  static constexpr std::uint16_t schema = 1;
  MacAddress mac;
  std::string url;  // a token in it is masked
  std::string ip;
  std::string interface;  // on which it was heard
  std::string vendor;     // as the phone says
  std::string model;
  std::string firmware;
  std::string user_agent;
};
BOOST_DESCRIBE_STRUCT(PnpAnswered, (), (mac, url, ip, interface, vendor, model, firmware, user_agent))

}  // namespace strowger
