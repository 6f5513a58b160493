#include "actors/reboot/correlation.hpp"

#include "actors/provisioning/user_agent.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>

namespace strowger::reboot {
namespace {

using registrar::BindingPtr;

// The User-Agent names a vendor, and it is not the device's.
bool names_another_vendor(std::string_view user_agent, std::string_view vendor) {
  const auto says = provisioning::parse_sip_user_agent(user_agent);
  return !says.vendor.empty() && says.vendor != vendor;
}

template <class Keep>
std::vector<BindingPtr> only(const std::vector<BindingPtr>& bindings, Keep keep) {
  std::vector<BindingPtr> out;
  std::copy_if(bindings.begin(), bindings.end(), std::back_inserter(out), keep);
  return out;
}

// No MAC of another device, and no other vendor's name.
std::vector<BindingPtr> possible_of(const DeviceRow& device, const std::vector<BindingPtr>& bindings) {
  return only(bindings, [&](const BindingPtr& b) {
    return !b->mac && !names_another_vendor(b->user_agent, device.definition->vendor);
  });
}

std::vector<BindingPtr> at_known_address(const DeviceRow& device, const std::vector<BindingPtr>& possible) {
  // It did not answer where it was: it may be who registered since from elsewhere.
  const auto& convergence = device.activity.convergence;
  const bool silent = convergence && convergence->open() && convergence->code == "unanswered";
  return only(possible, [&](const BindingPtr& b) {
    if (device.activity.last_ip.empty()) return false;
    return b->ip == device.activity.last_ip || (silent && b->here_since > device.activity.last_provisioned);
  });
}

// One for each place. Behind a proxy the place is the proxy's: there each contact is one.
std::vector<BindingPtr> one_a_place(const std::vector<BindingPtr>& bindings) {
  using Place = std::tuple<std::string_view, std::uint16_t, std::string_view, std::string_view>;
  const auto place = [](const BindingPtr& b) {
    return Place{b->ip, b->port, b->transport, b->path.empty() ? std::string_view() : b->contact};
  };
  std::vector<BindingPtr> out;
  for (const auto& binding : bindings) {
    const auto same = std::ranges::find(out, place(binding), place);
    if (same == out.end())
      out.push_back(binding);
    else if ((*same)->registered < binding->registered)
      *same = binding;
  }
  return out;
}

void add(std::vector<BindingPtr>& to, std::vector<BindingPtr> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<BindingPtr> bindings_of(const DeviceRow& device, const std::vector<BindingPtr>& on_extension) {
  auto same_mac = only(on_extension, [&](const BindingPtr& b) { return b->mac == device.definition->mac; });
  if (!same_mac.empty()) return same_mac;
  auto possible = possible_of(device, on_extension);
  auto same_address = at_known_address(device, possible);
  return same_address.empty() ? possible : same_address;
}

std::vector<BindingPtr> Phones::of(const DeviceRow& device) const {
  auto found = bindings_.with_mac(device.definition->mac);
  if (found.empty()) found = at_places(device);
  if (found.empty()) found = at_address(device);
  return one_a_place(found);
}

std::vector<BindingPtr> Phones::at_places(const DeviceRow& device) const {
  const auto& own = device.definition->extension;
  const auto present = possible_of(device, bindings_.of(own));
  auto surely = at_known_address(device, present);
  std::vector<BindingPtr> formerly;
  for (const auto& extension : device.activity.former) {
    if (extension == own) continue;
    auto there = possible_of(device, bindings_.of(extension));
    add(surely, at_known_address(device, there));
    if (!is_shared(extension, device.definition->mac)) add(formerly, std::move(there));
  }
  if (!surely.empty()) return surely;
  if (formerly.empty() || !is_shared(own, device.definition->mac)) add(formerly, present);
  return formerly;
}

std::vector<BindingPtr> Phones::at_address(const DeviceRow& device) const {
  constexpr std::size_t most = 64;
  if (device.activity.last_ip.empty()) return {};
  auto there = only(possible_of(device, bindings_.at_ip(device.activity.last_ip, most)), [&](const BindingPtr& b) {
    return devices_.on_extension(b->extension).empty() && devices_.formerly_on(b->extension).empty();
  });
  // Several phones behind one address: which it is cannot be told.
  return one_a_place(there).size() == 1 ? there : std::vector<BindingPtr>{};
}

bool Phones::is_shared(const ExtensionNumber& extension, const MacAddress& with) const {
  const auto all = devices_.on_extension(extension);
  return std::ranges::any_of(all, [&](const MacAddress& mac) { return mac != with; });
}

std::vector<DeviceRow> Phones::on(const ExtensionNumber& extension) const {
  std::set<MacAddress> candidates;
  const auto there = bindings_.of(extension);
  if (there.empty()) return {};
  for (const auto& binding : there) {
    if (binding->mac) candidates.insert(*binding->mac);
    if (const auto device = devices_.served_at(binding->ip)) candidates.insert(device->definition->mac);
  }
  for (const auto& mac : devices_.on_extension(extension)) candidates.insert(mac);
  for (const auto& mac : devices_.formerly_on(extension)) candidates.insert(mac);
  std::vector<DeviceRow> out;
  for (const auto& mac : candidates) {
    auto device = devices_.find(mac);
    if (!device) continue;
    const auto phones = of(*device);
    if (std::ranges::any_of(phones, [&](const BindingPtr& b) { return b->extension == extension; }))
      out.push_back(std::move(*device));
  }
  return out;
}

}  // namespace strowger::reboot
