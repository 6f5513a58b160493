#include "adapters/rocksdb/archive/read_only_log.hpp"

#include "adapters/rocksdb/stored_forms.hpp"

#include <rocksdb/file_system.h>

namespace strowger::rocks {
namespace {

constexpr std::size_t memtable_bytes = 32U << 20;
constexpr std::size_t cache_bytes = 16U << 20;

Error cannot_read(const rocksdb::Status& status, const std::filesystem::path& folder) {
  const auto where = "the log in " + folder.string();
  if (status.IsCorruption())
    return Error{ErrorKind::internal, "log_damaged",
                 where + " cannot be opened: " + status.ToString() +
                     "; a write that a power cut left in pieces is cut off when the server starts, so start it once "
                     "and stop it; if it does not start, restore a backup"};
  return unavailable("log_unavailable", "cannot read " + where + ": " + status.ToString());
}

}  // namespace

Result<std::unique_ptr<ReadOnlyLog>> ReadOnlyLog::open(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "CURRENT", ignored))
    return not_found("no_log", "there is no log in " + folder.string() +
                                   "; say where it is with --data-dir, or with --config as the server was given it");
  std::unique_ptr<ReadOnlyLog> log(new ReadOnlyLog);
  log->env_ = rocksdb::NewCompositeEnv(rocksdb::FileSystem::Default());
  // Held as long as the log is read. Not to be had: a server runs.
  if (!log->env_->LockFile((folder / "LOCK").string(), &log->lock_).ok()) log->lock_ = nullptr;
  const DatabaseOptions options{folder, log->env_.get(), memtable_bytes, cache_bytes};
  auto status = Database::open(options, Access::read_only, log->database_);
  // Beside a server, a file may have gone between the list and its opening.
  for (int again = 0; !status.ok() && log->live() && again < 3; ++again)
    status = Database::open(options, Access::read_only, log->database_);
  if (!status.ok()) return cannot_read(status, folder);
  return log;
}

ReadOnlyLog::~ReadOnlyLog() {
  database_.reset();
  if (lock_ != nullptr) (void)env_->UnlockFile(lock_);
}

}  // namespace strowger::rocks
