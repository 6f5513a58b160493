// The table behind resolve(): which names phones ask for.
#pragma once

#include "actors/provisioning/resolver.hpp"

#include <span>
#include <string_view>

namespace strowger::provisioning {

// In a pattern, <mac> stands for a MAC address in any form or a placeholder, <mac?> also for anything else that
// somebody put there, <model> for letters, digits, - and _, <hw> for a Yealink hardware id of 12 digits, * for anything
// but a slash. The rest is compared without regard to case. The first row that matches counts.
struct FileRule {
  std::string_view pattern;
  FileRole role;
  std::string_view vendor;
};

std::span<const FileRule> file_rules();

}  // namespace strowger::provisioning
