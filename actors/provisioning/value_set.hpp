// What the placeholders of one file stand for.
#pragma once

#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/renderer.hpp"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// The values of one file in the order in which templates name them, kept alive while it is rendered.
class ValueSet {
 public:
  ValueSet(const ServerValues& server, const std::string& config_url, std::string_view model_name)
      : port_(std::to_string(server.sip_port)), parts_(url_parts(config_url)) {
    add("SIP_SERVER", server.sip_server);
    add("SIP_PORT", port_);
    add("SIP_REALM", server.sip_realm);
    add("SERVER_NAME", server.server_name);
    add("CONFIG_URL", config_url);
    add("CONFIG_BASE_URL", parts_.base);
    add("CONFIG_BASE_PATH", parts_.path);
    add("CONFIG_HTTPS", parts_.https ? "1" : "");
    add("MODEL_NAME", model_name);
  }
  void add_device(const DeviceValues& device) {
    mac_ = device.mac.text();
    add("EXTENSION_NUMBER", device.number.text());
    add("EXTENSION_NAME", device.name.empty() ? std::string_view(device.number.text()) : std::string_view(device.name));
    add("EXTENSION_PASSWORD", device.password);
    add("MAC", mac_);
  }
  ValueSet(const ValueSet&) = delete;
  ValueSet& operator=(const ValueSet&) = delete;

  std::span<const Placeholder> values() const { return {values_.data(), count_}; }

 private:
  void add(std::string_view name, std::string_view value) { values_.at(count_++) = {name, value}; }

  std::string port_;
  UrlParts parts_;
  std::string mac_;
  std::array<Placeholder, 13> values_;
  std::size_t count_ = 0;
};

}  // namespace strowger::provisioning
