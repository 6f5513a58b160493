// Registered phones as the API shows them, and which device each of them is.
#pragma once

#include "adapters/http/routes/context.hpp"

#include <optional>
#include <string>
#include <vector>

namespace strowger::http::routes {

// The device that a binding is: by the MAC that SIP carried, else the one device of its extension that it can be.
struct Identity {
  std::optional<MacAddress> mac;
  std::string_view source;          // sip_registration, provisioning; empty: not known
  std::optional<DeviceRow> device;  // where that MAC is registered
};
Identity identify(const Services& services, const registrar::Binding& binding);

boost::json::object view_of(const provision::Present& present, const registrar::Binding& binding,
                            const Identity& identity);
std::string_view phone_schema();

}  // namespace strowger::http::routes
