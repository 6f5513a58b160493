// Whether a phone is who it is registered as. The name of the file tells its MAC address, the device what was
// registered, the User-Agent what the phone says of itself: the path wins for the MAC address, the User-Agent for model
// and firmware. Where they contradict each other, a person should look; whether to refuse is provisioning.access's.
#pragma once

#include "actors/provisioning/user_agent.hpp"
#include "actors/provisioning/vendor_catalog.hpp"
#include "events/projections/devices.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace strowger::provisioning {

enum class Contradicted : std::uint8_t { mac, vendor, model };

struct Contradiction {
  Contradicted what = Contradicted::mac;
  std::string text;  // for people: The phone says it is 00:15:65:12:34:57, but asks for …
};

// What the User-Agent says against the requested MAC address (none: the request named none) and the device (null: none
// is registered). What it does not say contradicts nothing. Pure.
std::vector<Contradiction> contradictions(const std::optional<MacAddress>& requested, const UserAgent& agent,
                                          const DeviceDefinition* device, const VendorCatalog& catalog);

}  // namespace strowger::provisioning
