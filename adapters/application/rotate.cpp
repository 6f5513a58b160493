#include "adapters/application/rotate.hpp"

#include "adapters/application/application.hpp"
#include "adapters/rocksdb/rocks_log.hpp"

namespace strowger::application {

Result<vault::SodiumVault::Rotation> rotate(vault::SodiumVault& vault, IdSource& ids, const std::string& by) {
  return vault.rotate([&](std::size_t data_keys) {
    return encode(MasterKeyRotated{static_cast<std::uint32_t>(data_keys)}, Cause{by, {}, {}}, system_now(), ids);
  });
}

Result<vault::SodiumVault::Rotation> rotate_master_key(const config::Settings& settings, const std::string& by) {
  const std::filesystem::path data_dir = settings.data_dir;
  if (std::error_code fault; !std::filesystem::exists(data_dir / "log", fault))
    return not_found("no_log",
                     "there is no log in " + data_dir.string() + "; name the server's settings or data folder");
  rocks::LogOptions options;
  options.folder = data_dir / "log";
  auto log = rocks::RocksLog::open(std::move(options));
  if (!log) return log.error();
  auto vault = vault::SodiumVault::open(**log, vault::MasterKeySource::from_environment(data_dir));
  if (!vault) return vault.error();
  IdSource ids;
  return rotate(**vault, ids, by);
}

}  // namespace strowger::application
