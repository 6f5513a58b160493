#include "actors/provisioning/unknown_device.hpp"

namespace strowger::provisioning {

std::string registration_command(const MacAddress& mac, const UserAgent& agent, const VendorCatalog& catalog,
                                 std::string_view server_url) {
  const auto* vendor = agent.vendor.empty() ? catalog.vendor_of(mac) : catalog.find_vendor(agent.vendor);
  const auto* model = vendor == nullptr ? nullptr : VendorCatalog::find_model(*vendor, agent.model);
  return "curl -X POST " + std::string(server_url) +
         "/api/provisioning/devices -H 'Authorization: Bearer TOKEN' -H 'Content-Type: application/json' -d "
         "'{\"mac_address\":\"" +
         mac.text() + "\",\"extension_number\":\"EXTENSION\",\"vendor\":\"" +
         (vendor != nullptr ? vendor->vendor : "VENDOR") + "\",\"model\":\"" +
         (model != nullptr ? model->model : "MODEL") + "\"}'";
}

std::vector<std::string> unknown_device_lines(const MacAddress& mac, std::span<const SimilarMac> similar,
                                              const UserAgent& agent, const VendorCatalog& catalog,
                                              std::string_view server_url) {
  return {"Device " + mac.colons() + " not registered in provisioning system", "Normalized MAC: " + mac.text(),
          similar_macs_log_line(similar), "To register it: " + registration_command(mac, agent, catalog, server_url)};
}

std::string oui_warning(const MacAddress& mac, const Vendor& vendor, const VendorCatalog& catalog) {
  const auto* maker = catalog.vendor_of(mac);
  if (maker == nullptr || maker == &vendor) return {};
  return "The address prefix of " + mac.colons() + " belongs to " + maker->name + ", but the device is registered as " +
         vendor.name + ". Makers share prefixes; check the MAC and the vendor if the phone does not come up";
}

}  // namespace strowger::provisioning
