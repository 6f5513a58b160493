#include "actors/provisioning/identity.hpp"

namespace strowger::provisioning {
namespace {

std::string_view canonical(std::string_view vendor, const VendorCatalog& catalog) {
  const auto* known = catalog.find_vendor(vendor);
  return known == nullptr ? vendor : std::string_view(known->vendor);
}

// By the catalogue where it knows both, so that t19p is t19pe2.
bool same_model(const std::string& vendor, const std::string& said, const std::string& registered,
                const VendorCatalog& catalog) {
  if (said == registered) return true;
  const auto* known = catalog.find_vendor(vendor);
  if (known == nullptr) return squeezed(said) == squeezed(registered);
  const auto* model = VendorCatalog::find_model(*known, said);
  return model != nullptr && model == VendorCatalog::find_model(*known, registered);
}

}  // namespace

std::vector<Contradiction> contradictions(const std::optional<MacAddress>& requested, const UserAgent& agent,
                                          const DeviceDefinition* device, const VendorCatalog& catalog) {
  std::vector<Contradiction> out;
  const auto asked = device != nullptr ? std::optional(device->mac) : requested;
  if (asked && agent.mac && *asked != *agent.mac)
    out.push_back({Contradicted::mac,
                   "The phone says it is " + agent.mac->colons() + ", but asks for the file of " + asked->colons()});
  if (device == nullptr || agent.vendor.empty()) return out;
  if (agent.vendor != device->vendor && canonical(agent.vendor, catalog) != canonical(device->vendor, catalog)) {
    out.push_back({Contradicted::vendor, "The phone says it is made by " + agent.vendor + ", but is registered as " +
                                             device->vendor + " " + device->model});
  } else if (!agent.model.empty() && !same_model(device->vendor, agent.model, device->model, catalog)) {
    out.push_back(
        {Contradicted::model, "The phone says it is model " + agent.model + ", but is registered as " + device->model});
  }
  return out;
}

}  // namespace strowger::provisioning
