#include "adapters/rocksdb/projection_store.hpp"

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/wal_tail.hpp"

#include <algorithm>

#include <rocksdb/convenience.h>
#include <rocksdb/file_system.h>
#include <rocksdb/write_batch.h>

namespace strowger::rocks {
namespace {

std::string checkpoint_key(std::string_view projection) {
  return std::string(1, '\0').append(projection);
}

std::string row_prefix(std::string_view projection) {
  std::string key(1, '\x01');
  key.append(projection).push_back('\0');
  return key;
}

// The first key after all rows of the projection.
std::string row_end(std::string_view projection) {
  std::string key(1, '\x01');
  key.append(projection).push_back('\x01');
  return key;
}

Error store_error(const rocksdb::Status& status, const std::filesystem::path& folder, std::string_view what) {
  return unavailable("projections_unavailable", "cannot " + std::string(what) + " the projections in " +
                                                    folder.string() + ": " + status.ToString());
}

rocksdb::Options store_options(const ProjectionStoreOptions& options, rocksdb::Env* env) {
  const auto base = base_options({options.folder, env, options.memtable_bytes, options.cache_bytes});
  auto family = family_options(rocksdb::NewLRUCache(options.cache_bytes));
  family.write_buffer_size = options.memtable_bytes / 2;
  rocksdb::Options all(base, family);
  all.allow_concurrent_memtable_write = true;
  // Derived data: a whole older state is always right.
  all.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return all;
}

}  // namespace

RocksProjectionStore::RocksProjectionStore(ProjectionStoreOptions options)
    : options_(std::move(options)),
      env_(rocksdb::NewCompositeEnv(options_.file_system ? options_.file_system : rocksdb::FileSystem::Default())) {}

Result<std::unique_ptr<RocksProjectionStore>> RocksProjectionStore::open(ProjectionStoreOptions options) {
  std::unique_ptr<RocksProjectionStore> store(new RocksProjectionStore(std::move(options)));
  if (const auto status = store->drop_torn_writes(); !status.ok())
    return store_error(status, store->options_.folder, "open");
  if (auto database = store->open_database(); !database) return database.error();
  return store;
}

RocksProjectionStore::~RocksProjectionStore() {
  if (!database_) return;
  (void)database_->FlushWAL(true);
  rocksdb::CancelAllBackgroundWork(database_.get(), true);
}

// Under the database's own lock: where another process has it, its files are left alone, and the open says so.
rocksdb::Status RocksProjectionStore::drop_torn_writes() {
  const rocksdb::IOOptions options;
  const auto disk = env_->GetFileSystem();
  const auto folder = options_.folder.string();
  rocksdb::FileLock* lock = nullptr;
  if (!disk->LockFile(folder + "/LOCK", options, &lock, nullptr).ok()) return rocksdb::Status::OK();
  const auto cut = cut_at_damage(*disk, folder);
  (void)disk->UnlockFile(lock, options, nullptr);
  return cut;
}

Result<std::shared_ptr<rocksdb::DB>> RocksProjectionStore::open_database() {
  const std::lock_guard lock(mutex_);
  if (database_) return database_;
  const auto folder = options_.folder.string();
  const auto options = store_options(options_, env_.get());
  rocksdb::DB* db = nullptr;
  auto status = env_->CreateDirIfMissing(options_.folder.parent_path().string());
  if (status.ok()) status = rocksdb::DB::Open(options, folder, &db);
  if (status.IsCorruption() || status.IsPathNotFound()) {
    if (options_.report)
      options_.report("the projections in " + folder + " are damaged and are built again: " + status.ToString());
    status = rocksdb::DestroyDB(folder, options);
    if (status.ok()) status = rocksdb::DB::Open(options, folder, &db);
  }
  if (!status.ok()) return store_error(status, options_.folder, "open");
  database_.reset(db);
  return database_;
}

Result<std::optional<Checkpoint>> RocksProjectionStore::checkpoint(std::string_view projection) {
  auto database = open_database();
  if (!database) return database.error();
  std::string stored;
  const auto status = (*database)->Get(rocksdb::ReadOptions(), checkpoint_key(projection), &stored);
  constexpr std::size_t without_event = 16, with_event = 32;
  if (status.IsNotFound() || (status.ok() && stored.size() != without_event && stored.size() != with_event))
    return std::optional<Checkpoint>{};
  if (!status.ok()) return store_error(status, options_.folder, "read");
  const auto part = [&](std::size_t at, std::size_t size) { return std::string_view(stored).substr(at, size); };
  Checkpoint checkpoint{Position{read_key(part(0, 8))}, static_cast<std::uint32_t>(read_key(part(8, 8)))};
  if (stored.size() == with_event) std::copy_n(stored.begin() + without_event, 16, checkpoint.event.bytes.begin());
  return std::optional(checkpoint);
}

Result<void> RocksProjectionStore::load(std::string_view projection,
                                        const std::function<Result<void>(std::string_view, std::string_view)>& visit) {
  auto database = open_database();
  if (!database) return database.error();
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> rows((*database)->NewIterator(options));
  const auto prefix = row_prefix(projection);
  for (rows->Seek(prefix); rows->Valid() && view(rows->key()).starts_with(prefix); rows->Next()) {
    if (auto loaded = visit(view(rows->key()).substr(prefix.size()), view(rows->value())); !loaded) return loaded;
  }
  if (!rows->status().ok()) return store_error(rows->status(), options_.folder, "read");
  return {};
}

Result<void> RocksProjectionStore::commit(std::string_view projection, Checkpoint checkpoint, const RowBatch& rows,
                                          bool replace) {
  auto database = open_database();
  if (!database) return database.error();
  rocksdb::WriteBatch batch;
  const auto prefix = row_prefix(projection);
  if (replace) (void)batch.DeleteRange(prefix, row_end(projection));
  std::string key;
  for (const auto& row : rows.rows()) {
    key.assign(prefix).append(row.key);
    if (row.value)
      (void)batch.Put(key, *row.value);
    else
      (void)batch.Delete(key);
  }
  std::string stored;
  append_key(stored, number(checkpoint.position));
  append_key(stored, checkpoint.schema);
  stored.append(checkpoint.event.bytes.begin(), checkpoint.event.bytes.end());
  (void)batch.Put(checkpoint_key(projection), stored);
  const auto status = (*database)->Write(rocksdb::WriteOptions(), &batch);
  if (status.ok()) return {};
  // A commit that failed may still turn up after the store is opened again: it is whole, and only older than memory.
  const std::lock_guard lock(mutex_);
  if (database_ == *database) database_.reset();
  return store_error(status, options_.folder, "write");
}

}  // namespace strowger::rocks
