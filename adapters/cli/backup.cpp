// strowger backup: by the running server, or on the folder of a stopped one.
#include "adapters/rocksdb/archive/backup.hpp"

#include "adapters/application/application.hpp"
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/progress_bar.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/json.hpp"

#include <iostream>

namespace strowger::cli {
namespace {

namespace fs = std::filesystem;

Result<rocks::Backup> by_server(const config::Settings& settings, bool with_master_key) {
  const auto answer =
      post(settings, "/api/backups", with_master_key ? R"({"with_master_key":true})" : R"({"with_master_key":false})");
  if (!answer) return answer.error();
  return json::from_string<rocks::Backup>(*answer);
}

// Of a log that nobody has open, or by the server that has.
Result<rocks::Backup> create(const config::Settings& settings, bool with_master_key) {
  const fs::path data_dir = settings.data_dir;
  std::error_code ignored;
  if (!fs::exists(data_dir / "log" / "CURRENT", ignored))
    return not_found("no_log", "there is no log in " + (data_dir / "log").string() +
                                   "; say where it is with --data-dir, or with --config as the server was given it");
  const auto log = rocks::RocksLog::open({.folder = data_dir / "log"});
  if (!log && log.error().code == "log_locked") return by_server(settings, with_master_key);
  if (!log) return log.error();
  const auto key =
      with_master_key ? application::master_key_file(data_dir) : Result<std::optional<fs::path>>(std::nullopt);
  if (!key) return key.error();
  return rocks::create_backup(
      data_dir / "backups", system_now(), [&](const fs::path& folder) { return (*log)->checkpoint(folder); }, *key);
}

}  // namespace

int backup_create(const BackupCreateOptions& options) {
  auto settings = settings_of(options.data.config);
  if (!settings) return fail(settings.error());
  if (options.data.data_dir) settings->data_dir = *options.data.data_dir;
  if (options.api_port) settings->api.port = *options.api_port;
  const auto made = create(*settings, options.with_master_key);
  if (!made) return fail(made.error());
  std::cout << (fs::path(settings->data_dir) / "backups" / made->name).string() << '\n';
  std::cerr << made->events << " events, head " << made->head
            << (made->master_key
                    ? "; the master key is in it: who has this backup can read every password\n"
                    : "; the master key is not in it: back that up apart, without it no password can be read\n")
            << "It shares its files with the log; copy it to another disk.\n";
  return 0;
}

int backup_list(const DataOptions& options) {
  const auto data_dir = data_folder(options);
  if (!data_dir) return fail(data_dir.error());
  const auto all = rocks::list_backups(*data_dir / "backups");
  if (!all) return fail(all.error());
  for (const auto& backup : *all)
    std::cout << backup.name << "  " << backup.events << " events  " << backup.bytes << " bytes  "
              << (backup.master_key ? "with master key  " : "") << "head " << backup.head << '\n';
  if (all->empty()) std::cerr << "There are no backups in " << (*data_dir / "backups").string() << '\n';
  return 0;
}

int backup_restore(const BackupRestoreOptions& options) {
  const auto data_dir = data_folder(options.data);
  if (!data_dir) return fail(data_dir.error());
  std::error_code ignored;
  fs::path backup = options.backup;
  if (!fs::exists(backup / "backup.json", ignored)) backup = *data_dir / "backups" / options.backup;
  ProgressBar bar("Restoring");
  const auto restored =
      rocks::restore_backup(backup, *data_dir, [&](std::uint64_t done, std::uint64_t of) { bar.show(done, of); });
  if (!restored) return fail(restored.error());
  std::cout << "The backup " << restored->backup.name << " is in " << data_dir->string()
            << ", proved: " << restored->proved.events << " events, head " << rocks::to_text(restored->proved.end)
            << '\n';
  if (restored->master_key)
    std::cout << "Its master key is in place.\n";
  else if (!fs::exists(*data_dir / "master.key", ignored))
    std::cout << "Put the master key that it was written with in place before the server starts: without it no "
                 "secret in it can be read.\n";
  return 0;
}

}  // namespace strowger::cli
