// The keys of a directory: integrations.active_directory and integrations.ldap have the same.
#pragma once

#include "config/schema.hpp"

#include <string_view>
#include <vector>

namespace strowger::config {

std::vector<Key> directory_keys(Directory Settings::* which, std::string_view enabled_help);

}  // namespace strowger::config
