// What a reload of the settings would change in who is let in.
#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace strowger::config {

struct AccessChange {
  std::string key;     // provisioning.access.require_credentials
  std::string before;  // as YAML
  std::string after;
  bool wider = false;  // somebody is let in who was not, or with less proof

  std::string text() const { return key + ": " + before + " -> " + after; }
};

// The keys that decide about access and differ, in the order of the sample. Pure.
std::vector<AccessChange> access_changes(const Settings& before, const Settings& after);

}  // namespace strowger::config
