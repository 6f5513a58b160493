// Which bindings of an extension are a given device: the answer that a reboot, a lookup and the diagnostics share.
#pragma once

#include "actors/registrar/binding.hpp"
#include "events/projections/devices.hpp"

#include <string>
#include <vector>

namespace strowger::reboot {

// The bindings of the device's extension that are the device, by the best evidence there is:
//   1. SIP carried the device's MAC: those bindings, and no other;
//   2. else those that come from the address which last fetched the device's configuration, and, where nobody answered
//      there, those that registered since that fetch;
//   3. else all that could be it: no MAC of another device, and no User-Agent that names another vendor.
std::vector<registrar::BindingPtr> bindings_of(const DeviceRow& device,
                                               const std::vector<registrar::BindingPtr>& on_extension);

}  // namespace strowger::reboot
