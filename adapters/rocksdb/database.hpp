// An open RocksDB with the column families of the log, and how it is lent to readers while it may have to be closed.
#pragma once

#include "events/error.hpp"

#include <array>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

namespace strowger::rocks {

enum class Family : std::uint8_t { events, streams, receipts, snapshots, state, meta };

struct DatabaseOptions {
  std::filesystem::path folder;
  rocksdb::Env* env = nullptr;  // outlives the database
  std::size_t memtable_bytes = 0;
  std::size_t cache_bytes = 0;
};

enum class Access : std::uint8_t { read_write, read_only };

class Database {
 public:
  static rocksdb::Status open(const DatabaseOptions& options, Access access, std::unique_ptr<Database>& database);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }
  rocksdb::ColumnFamilyHandle* operator[](Family family) { return families_[static_cast<std::size_t>(family)]; }
  // Writes all memtables out, so that the next open has no log to replay.
  rocksdb::Status flush();

 private:
  Database() = default;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, 6> families_{};
  rocksdb::ColumnFamilyHandle* default_ = nullptr;
};

// Readers borrow the database; who closes it waits for the last of them.
class Lending {
 public:
  // None while the database is closed.
  std::shared_ptr<Database> borrow() const;
  // Takes the place of what was lent before, which is closed when its last reader is done.
  void lend(std::unique_ptr<Database> database);
  void close();

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Database> database_;
  std::future<void> closed_;
};

inline std::string_view view(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}
inline rocksdb::Slice slice(std::string_view text) {
  return {text.data(), text.size()};
}

// Options that the log and the projections share: bounded memory, two background jobs, no log files of RocksDB's own.
rocksdb::DBOptions base_options(const DatabaseOptions& options);
rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace strowger::rocks
