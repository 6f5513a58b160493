// Requests for phone files that got none: stream provisioning/refused. (A served one is ConfigServed, on its device.)
#pragma once

#include "events/ids.hpp"

#include <optional>
#include <string>

#include <boost/describe/class.hpp>

namespace strowger {

struct ConfigRefused {
  static constexpr std::string_view type = "provisioning.config_refused";
  static constexpr std::uint16_t schema = 1;
  std::string path;         // as requested
  std::string mac_address;  // the text that stood for the MAC, as requested; may be empty or a placeholder
  std::optional<MacAddress> normalized_mac;
  std::string ip;
  std::string user_agent;
  std::uint16_t status = 404;
  // placeholder_mac, unknown_mac, unknown_file, wrong_path, probe, template_not_found, extension_not_found,
  // access_denied, …
  std::string code;
  std::string error;  // for people
  std::string vendor;
  std::string model;
  ExtensionNumber extension;
};
BOOST_DESCRIBE_STRUCT(ConfigRefused, (),
                      (path, mac_address, normalized_mac, ip, user_agent, status, code, error, vendor, model,
                       extension))

}  // namespace strowger
