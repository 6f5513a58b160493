#include "actors/reboot/correlation.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace strowger::reboot {
namespace {

using registrar::BindingPtr;

// How vendors name themselves in a SIP User-Agent.
constexpr std::array<std::string_view, 7> vendor_words{"yealink", "zultys",      "polycom", "poly",
                                                       "cisco",   "grandstream", "linksys"};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

// The User-Agent names a vendor, and it is not the device's. (A Linksys is a Cisco, a Poly a Polycom.)
bool names_another_vendor(const std::string& user_agent, const std::string& vendor) {
  const auto words = lower(user_agent);
  const auto is_vendor = [&](std::string_view word) {
    return word == vendor || (word == "linksys" && vendor == "cisco") || (word == "poly" && vendor == "polycom");
  };
  bool other = false;
  for (const auto word : vendor_words) {
    if (words.find(word) == std::string::npos) continue;
    if (is_vendor(word)) return false;
    other = true;
  }
  return other;
}

template <class Keep>
std::vector<BindingPtr> only(const std::vector<BindingPtr>& bindings, Keep keep) {
  std::vector<BindingPtr> out;
  std::copy_if(bindings.begin(), bindings.end(), std::back_inserter(out), keep);
  return out;
}

}  // namespace

std::vector<BindingPtr> bindings_of(const DeviceRow& device, const std::vector<BindingPtr>& on_extension) {
  const auto& definition = *device.definition;
  auto same_mac = only(on_extension, [&](const BindingPtr& b) { return b->mac == definition.mac; });
  if (!same_mac.empty()) return same_mac;
  auto possible = only(on_extension, [&](const BindingPtr& b) {
    return !b->mac && !names_another_vendor(b->user_agent, definition.vendor);
  });
  // It did not answer where it was: it may be who registered since from elsewhere.
  const auto& convergence = device.activity.convergence;
  const bool silent = convergence && convergence->open() && convergence->code == "unanswered";
  auto same_address = only(possible, [&](const BindingPtr& b) {
    if (device.activity.last_ip.empty()) return false;
    return b->ip == device.activity.last_ip || (silent && b->here_since > device.activity.last_provisioned);
  });
  return same_address.empty() ? possible : same_address;
}

}  // namespace strowger::reboot
