// Backups of a log, taken while it is written or while it is stopped.
//
// A backup is a folder `<name>` with a RocksDB checkpoint of the log in `log/`, and `backup.json`, which says what is
// in it. It is whole: what was acknowledged before it was asked for is in it, with the state beside the events.
// Projections are not in it, they are built anew. Nor is the master key, unless it is asked for: who has both can read
// every password. On the disk of the log the checkpoint shares its files (hard links), which makes it quick and small;
// it guards against mistakes, and against the disk only once it is copied to another one.
#pragma once

#include "adapters/rocksdb/archive/proof.hpp"
#include "adapters/rocksdb/archive/read_only_log.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

namespace strowger::rocks {

struct Backup {
  std::string name;
  std::string created_at;  // ISO 8601
  std::uint64_t events = 0;
  std::string head;  // position:hash of the last event, which a restore insists on
  std::uint64_t bytes = 0;
  bool master_key = false;  // it is in the backup
};
BOOST_DESCRIBE_STRUCT(Backup, (), (name, created_at, events, head, bytes, master_key))

// Makes a backup in the folder `backups`, by whoever holds the log: `checkpoint` is told the folder to make.
// `master_key`: the file to take along. Whatever fails, no half of a backup stays.
Result<Backup> create_backup(const std::filesystem::path& backups, Timestamp now,
                             const std::function<Result<void>(const std::filesystem::path&)>& checkpoint,
                             const std::optional<std::filesystem::path>& master_key);
// The newest first.
Result<std::vector<Backup>> list_backups(const std::filesystem::path& backups);

struct Restored {
  Backup backup;
  Proved proved;
  bool master_key = false;  // it was put in place
};
// Into an empty data directory (check_restorable()); proved before it gets its place, so that nothing is there where
// anything fails. A master key that is in place already is left alone.
Result<Restored> restore_backup(const std::filesystem::path& backup, const std::filesystem::path& data_dir,
                                const Progress& progress);

}  // namespace strowger::rocks
