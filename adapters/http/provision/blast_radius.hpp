// What a change of templates or settings would do, before it is made: which devices' files would differ, in which keys,
// and whose phones would be told to reboot. Renders every device that the change can reach, twice: off the loops.
#pragma once

#include "actors/provisioning/config_diff.hpp"
#include "adapters/http/provision/present.hpp"
#include "events/projections/phone_settings.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace strowger::http {
struct Services;
}

namespace strowger::http::provision {

// What would be; what is not given stays as it is.
struct Proposal {
  std::shared_ptr<const provisioning::Renderer> renderer{};
  std::optional<PhoneSettingsRow> settings{};  // of one level
  provisioning::OpenSecret open{};             // of the secrets in `settings`
};

struct BlastRadius {
  static constexpr std::size_t most_shown = 50;
  static constexpr std::size_t most_compared = 500;  // key by key

  struct Device {
    DefinitionPtr definition;
    bool reboots = false;  // its phone is registered now
    std::vector<provisioning::KeyChange> changes;
  };
  std::size_t reached = 0;                  // devices that the change can reach
  std::size_t changed = 0;                  // of these, whose bytes would differ
  std::size_t would_reboot = 0;             // of these, whose phone is registered now
  std::size_t unservable = 0;               // of those that are reached, which get no file, now or then
  std::size_t compared = 0;                 // of the changed
  std::map<std::string, std::size_t> keys;  // that would differ, in how many of the compared
  std::vector<Device> first;
};

// Errors: `stopped`. Complexity: O(devices × their files).
Result<BlastRadius> blast_radius(const Services& services, const PresentPtr& present, const Proposal& proposal,
                                 const std::stop_token& stop = {});

}  // namespace strowger::http::provision
