// Another master key, with an event that says so.
#pragma once

#include "adapters/vault/sodium_vault.hpp"
#include "events/event.hpp"

namespace strowger::config {
struct Settings;
}

namespace strowger::application {

Result<vault::SodiumVault::Rotation> rotate(vault::SodiumVault& vault, IdSource& ids, const std::string& by);
// Of a server that does not run; `log_locked` when it does.
Result<vault::SodiumVault::Rotation> rotate_master_key(const config::Settings& settings, const std::string& by);

}  // namespace strowger::application
