// Which bindings are a given device: the answer that a reboot, a lookup and the diagnostics share. A phone is where it
// is registered, which is not where it shall be: given another extension, it stays on the former one until it has
// fetched its file.
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

// The bindings that are the device, on whatever extension, one for each place (address, port and transport): that which
// registered last. By the best evidence there is:
//   1. SIP carried the device's MAC, in +sip.instance, a parameter or the User-Agent;
//   2. the address that last fetched its configuration, on its extension or a former one;
//   3. what could be it, on a former extension that no other device has, and on its own; not on its own, where another
//      device has that too and the phone seems to be on a former one;
//   4. the only phone at the address that last fetched its configuration, on an extension that no device has.
//
// Threads: any. Complexity: O(bindings of these extensions, and up to 64 of the address).
class Phones {
 public:
  Phones(const registrar::Bindings& bindings, const DevicesProjection& devices)
      : bindings_(bindings), devices_(devices) {}

  std::vector<registrar::BindingPtr> of(const DeviceRow& device) const;
  // The devices that have a phone on this extension now.
  std::vector<DeviceRow> on(const ExtensionNumber& extension) const;

 private:
  std::vector<registrar::BindingPtr> at_places(const DeviceRow& device) const;
  std::vector<registrar::BindingPtr> at_address(const DeviceRow& device) const;
  bool is_shared(const ExtensionNumber& extension, const MacAddress& with) const;

  const registrar::Bindings& bindings_;
  const DevicesProjection& devices_;
};

}  // namespace strowger::reboot
