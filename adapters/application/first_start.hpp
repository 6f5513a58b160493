// What a log that has never been used is given: an administrator, and the extensions and devices of the settings.
#pragma once

#include "actors/device/device.hpp"
#include "actors/extension/extension.hpp"
#include "actors/router.hpp"
#include "actors/user/user.hpp"
#include "config/settings.hpp"
#include "events/projections/users.hpp"
#include "events/secret.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace strowger::provisioning {
class VendorCatalog;
}

namespace strowger::application {

struct FirstAdmin {
  std::string name;
  std::string password;  // shown once
  std::filesystem::path file;
};

// Creates `admin` with a random password where no user exists, and writes the password to a file that only its owner
// can read before the user is made, so that a crash in between locks nobody out. Nothing where there are users.
Result<std::optional<FirstAdmin>> create_first_admin(actors::Entities<actors::User>& users, const UsersProjection& rows,
                                                     const std::filesystem::path& data_dir);

struct Seeding {
  EventLog& log;
  IdSource& ids;
  Vault& vault;
  actors::Entities<actors::Extension>& extensions;
  actors::Entities<actors::Device>& devices;
  const provisioning::VendorCatalog& vendors;
};

// Takes the extensions and devices of the settings into a log that was never seeded. A crash half-way is made good by
// the next start: what exists is left alone. Returns the LogSeeded event, or nothing where it was done before.
Result<std::optional<LogSeeded>> seed(const Seeding& with, const config::Settings& settings);

// Random letters and digits that are not mistaken for each other.
std::string random_password(std::size_t size);

}  // namespace strowger::application
