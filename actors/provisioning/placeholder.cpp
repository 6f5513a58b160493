#include "actors/provisioning/placeholder.hpp"

#include "actors/provisioning/config_url.hpp"

#include <array>

namespace strowger::provisioning {
namespace {

// Longer ones before those that they start with. Compared without regard to case.
constexpr std::array<std::string_view, 25> kPlaceholders{"{{mac_address}}",
                                                         "{mac_address}",
                                                         "[mac_address]",
                                                         "<mac_address>",
                                                         "{{mac}}",
                                                         "{mac}",
                                                         "${mac}",
                                                         "$(mac)",
                                                         "$(ma)",
                                                         "$(mau)",
                                                         "$(system.mac)",
                                                         "$macaddress",
                                                         "$macaddr",
                                                         "$mac",
                                                         "$mau",
                                                         "$ma",
                                                         "[phone_mac_address]",
                                                         "[macaddress]",
                                                         "[mac]",
                                                         "<mac>",
                                                         "%mac%",
                                                         "%macd",
                                                         "%7bmac%7d",
                                                         "%24mac",
                                                         "%24ma"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool starts_with(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  for (std::size_t i = 0; i < lower_case.size(); ++i)
    if (lower(text[i]) != lower_case[i]) return false;
  return true;
}

}  // namespace

std::string url_guidance(const Vendor& vendor, std::string_view url) {
  std::string out = vendor.name + ": set " + vendor.menu_path + " to ";
  if (vendor.url_macro.empty())
    return out + url_parts(url).base + "/ with no placeholder; the phone appends the file names itself";
  return out + config_url({std::string(url), {}, 0}, vendor.url_macro) +
         "; the phone puts its MAC address in the place of " + vendor.url_macro;
}

std::size_t placeholder_size(std::string_view text) {
  for (const auto known : kPlaceholders)
    if (starts_with(text, known)) return known.size();
  return 0;
}

std::string placeholder_log_line(std::string_view placeholder) {
  return "CONFIGURATION ERROR: Phone requested provisioning with placeholder '" + std::string(placeholder) +
         "' instead of actual MAC address";
}

std::string placeholder_guidance(std::string_view placeholder, const Vendor* vendor, const VendorCatalog& catalog,
                                 std::string_view url) {
  std::string out = "'" + std::string(placeholder) +
                    "' arrived as it stands: the phone did not put its MAC address in its place. DHCP servers do not "
                    "expand it either. ";
  if (vendor != nullptr) return out + url_guidance(*vendor, url) + ".";
  for (const auto& known : catalog.vendors()) out += url_guidance(known, url) + ". ";
  out.pop_back();
  return out;
}

}  // namespace strowger::provisioning
