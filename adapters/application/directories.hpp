// From the settings of the directories to their syncs.
#pragma once

#include "actors/directory/syncs.hpp"
#include "config/settings.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace strowger::application {

// By the names that streams and paths have.
inline constexpr std::array<const char*, 2> directory_names{"ad", "ldap"};

// Fails with `directory_disabled`, or with what only a number rule or a schedule can get wrong, naming the key.
Result<directory::Setup> directory_setup(const std::string& name, const config::Settings& settings);
// What is wrong with the directories of the settings, enabled or not.
Result<void> check_directories(const config::Settings& settings);

// What syncs work with; all of it outlives them.
struct SyncParts {
  EventLog& log;
  IdSource& ids;
  ProjectionRunner& runner;
  const ExtensionsProjection& extension_rows;
  const UsersProjection& user_rows;
  const DevicesProjection& device_rows;
  const DirectoriesProjection& directory_rows;
  actors::Entities<actors::Extension>& extensions;
  actors::Entities<actors::Device>& devices;
  actors::Entities<actors::User>& users;
  Vault& vault;
  std::function<config::SettingsPtr()> settings;  // as they are now
  std::shared_ptr<spdlog::logger> logger;
  Clock clock;
};
std::unique_ptr<directory::Syncs> start_syncs(SyncParts parts);

}  // namespace strowger::application
