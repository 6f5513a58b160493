#include "config/access_changes.hpp"

#include "config/network.hpp"
#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace strowger::config {
namespace {

using Networks = std::vector<std::string>;

std::vector<Network> parsed_networks(std::span<const std::string> texts) {
  std::vector<Network> out;
  for (const auto& text : texts)
    if (const auto network = Network::parse(text)) out.push_back(*network);
  return out;
}

// Whether some network of `after` is not within one of `before`. Two halves that make up a whole do not count as it:
// then an administrator is asked once too often.
bool reaches_farther(const Networks& before, const Networks& after) {
  const auto known = parsed_networks(before);
  const auto wanted = parsed_networks(after);
  return std::any_of(wanted.begin(), wanted.end(), [&](const Network& one) {
    return std::none_of(known.begin(), known.end(), [&](const Network& other) { return other.covers(one); });
  });
}

Networks joined_networks(Networks first, const Networks& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

struct AccessRule {
  std::string_view key;
  bool (*wider)(const Provisioning& before, const Provisioning& after);
};

constexpr std::array access_rules{
    AccessRule{"provisioning.enabled",
               [](const Provisioning& a, const Provisioning& b) { return !a.enabled && b.enabled; }},
    AccessRule{"provisioning.access.allowed_networks",
               [](const Provisioning& a, const Provisioning& b) {
                 return reaches_farther(a.access.allowed_networks, b.access.allowed_networks);
               }},
    AccessRule{"provisioning.access.credential_networks",
               [](const Provisioning& a, const Provisioning& b) {
                 return reaches_farther(joined_networks(a.access.credential_networks, a.access.allowed_networks),
                                        b.access.credential_networks);
               }},
    AccessRule{"provisioning.access.require_credentials",
               [](const Provisioning& a, const Provisioning& b) {
                 return a.access.require_credentials && !b.access.require_credentials;
               }},
    AccessRule{"provisioning.access.enrolment_minutes",
               [](const Provisioning& a, const Provisioning& b) {
                 const auto before = a.access.enrolment_minutes;
                 const auto after = b.access.enrolment_minutes;
                 return before != 0 && (after == 0 || after > before);  // 0: without an end
               }},
    AccessRule{"provisioning.access.trusted_proxies",
               [](const Provisioning& a, const Provisioning& b) {
                 return reaches_farther(a.access.trusted_proxies, b.access.trusted_proxies);
               }},
    AccessRule{"provisioning.access.enumeration_limit",
               [](const Provisioning& a, const Provisioning& b) {
                 return a.access.enumeration_limit != 0 && b.access.enumeration_limit == 0;  // 0: none
               }},
    AccessRule{"provisioning.uploads.enabled",
               [](const Provisioning& a, const Provisioning& b) { return !a.uploads.enabled && b.uploads.enabled; }},
};

}  // namespace

std::vector<AccessChange> access_changes(const Settings& before, const Settings& after) {
  std::vector<AccessChange> out;
  for (const auto& key : keys()) {
    const auto rule = std::find_if(access_rules.begin(), access_rules.end(),
                                   [&](const AccessRule& one) { return one.key == key.path; });
    if (rule == access_rules.end()) continue;
    auto then = key.show(before);
    auto now = key.show(after);
    if (then == now) continue;
    out.push_back(
        {std::string(key.path), std::move(then), std::move(now), rule->wider(before.provisioning, after.provisioning)});
  }
  return out;
}

}  // namespace strowger::config
