// Where projections keep their rows and checkpoints: a RocksDB of its own, apart from the log.
//
// Rows and checkpoint of a commit are one WriteBatch in one column family, so they are never apart, whatever is lost.
// Nothing is synced before the store is closed: what a power cut takes is folded again from the log, which needs a
// whole older state. So an open cuts the write-ahead logs at the first page that was lost, whatever came to the disk
// after it. A store that is damaged otherwise is thrown away, which leads to a rebuild and not to a stop.
//
// Keys: 0x00, projection             -> position, schema (both big-endian, 64 bits), id of the event there
//       0x01, projection, 0x00, key  -> row
#pragma once

#include "events/projection.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace rocksdb {
class FileSystem;
class Env;
class DB;
class Status;
}  // namespace rocksdb

namespace strowger::rocks {

struct ProjectionStoreOptions {
  std::filesystem::path folder;
  std::size_t memtable_bytes = 16U << 20;
  std::size_t cache_bytes = 4U << 20;
  std::shared_ptr<rocksdb::FileSystem> file_system{};  // none: the real one
  std::function<void(const std::string&)> report{};    // a line when a damaged store was thrown away
};

// Safe from any thread.
class RocksProjectionStore : public ProjectionStore {
 public:
  static Result<std::unique_ptr<RocksProjectionStore>> open(ProjectionStoreOptions options);
  ~RocksProjectionStore() override;  // syncs
  RocksProjectionStore(const RocksProjectionStore&) = delete;
  RocksProjectionStore& operator=(const RocksProjectionStore&) = delete;

  Result<std::optional<Checkpoint>> checkpoint(std::string_view projection) override;
  Result<void> load(std::string_view projection,
                    const std::function<Result<void>(std::string_view key, std::string_view row)>& visit) override;
  // After a fault of the disk the next commit opens the store again.
  Result<void> commit(std::string_view projection, Checkpoint checkpoint, const RowBatch& rows, bool replace) override;

 private:
  explicit RocksProjectionStore(ProjectionStoreOptions options);
  rocksdb::Status drop_torn_writes();
  Result<std::shared_ptr<rocksdb::DB>> open_database();

  const ProjectionStoreOptions options_;
  std::unique_ptr<rocksdb::Env> env_;  // outlives the database
  std::mutex mutex_;                   // guards database_, not its use
  std::shared_ptr<rocksdb::DB> database_;
};

}  // namespace strowger::rocks
