#include "adapters/rocksdb/database.hpp"

#include <algorithm>

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace strowger::rocks {
namespace {

constexpr std::array<const char*, 6> family_names{"events", "streams", "receipts", "snapshots", "state", "meta"};

// RocksDB reports what matters in its statuses; its diary would be one more file that grows.
class NoDiary : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

bool supports(rocksdb::CompressionType type) {
  const auto types = rocksdb::GetSupportedCompressions();
  return std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

rocksdb::DBOptions base_options(const DatabaseOptions& options) {
  rocksdb::DBOptions db;
  db.env = options.env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.info_log = std::make_shared<NoDiary>();
  db.max_background_jobs = 2;
  db.max_open_files = 256;
  db.db_write_buffer_size = options.memtable_bytes;
  db.max_total_wal_size = 2 * options.memtable_bytes;
  db.max_bgerror_resume_count = 0;             // we recover ourselves
  db.allow_concurrent_memtable_write = false;  // one writer
  db.enable_write_thread_adaptive_yield = false;
  db.skip_stats_update_on_db_open = true;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.keep_log_file_num = 1;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Indexes and filters lie in the cache, in parts: a large log's whole filter of one file would push out the others'
  // for a single look-up.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 4'096;
  table.pin_top_level_index_and_filter = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  if (supports(rocksdb::kLZ4Compression)) family.compression = rocksdb::kLZ4Compression;
  if (supports(rocksdb::kZSTD)) family.bottommost_compression = rocksdb::kZSTD;
  family.max_write_buffer_number = 3;
  family.inplace_update_support = false;
  return family;
}

rocksdb::Status Database::open(const DatabaseOptions& options, Access access, std::unique_ptr<Database>& database) {
  auto db_options = base_options(options);
  // A torn tail is dropped, damage before it is an error: nothing acknowledged is skipped in silence.
  db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // All files are opened at once and stay readable, also where another process deletes them meanwhile.
  if (access == Access::read_only) db_options.max_open_files = -1;
  const auto cache = rocksdb::NewLRUCache(options.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, family_options(cache));
  for (const char* name : family_names) {
    auto family = family_options(cache);
    family.write_buffer_size = options.memtable_bytes / 2;
    if (std::string_view(name) == "events") {
      // Keys only rise: a flushed file is never merged with others, only moved, as long as nothing wants it compressed
      // anew.
      family.bottommost_compression = family.compression;
    } else if (std::string_view(name) == "streams") {
      family.compaction_style = rocksdb::kCompactionStyleUniversal;
    }
    // An erased row (a destroyed key) leaves the disk within a day or two, not whenever a compaction comes by.
    if (std::string_view(name) == "state") family.periodic_compaction_seconds = 86'400;
    descriptors.emplace_back(name, family);
  }

  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto folder = options.folder.string();
  const auto status = access == Access::read_write
                          ? rocksdb::DB::Open(db_options, folder, descriptors, &handles, &db)
                          : rocksdb::DB::OpenForReadOnly(db_options, folder, descriptors, &handles, &db, false);
  if (!status.ok()) return status;
  database.reset(new Database);
  database->db_.reset(db);
  database->default_ = handles[0];
  std::copy(handles.begin() + 1, handles.end(), database->families_.begin());
  return status;
}

Database::~Database() {
  rocksdb::CancelAllBackgroundWork(db_.get(), true);
  for (auto* family : families_) (void)db_->DestroyColumnFamilyHandle(family);
  (void)db_->DestroyColumnFamilyHandle(default_);
  (void)db_->Close();
}

rocksdb::Status Database::flush() {
  return db_->Flush(rocksdb::FlushOptions(), {families_.begin(), families_.end()});
}

std::shared_ptr<Database> Lending::borrow() const {
  const std::lock_guard lock(mutex_);
  return database_;
}

void Lending::lend(std::unique_ptr<Database> database) {
  auto closed = std::make_shared<std::promise<void>>();
  auto future = closed->get_future();
  std::shared_ptr<Database> shared(database.release(), [closed](const Database* last) {
    delete last;
    closed->set_value();
  });
  {
    const std::lock_guard lock(mutex_);
    database_.swap(shared);
    closed_ = std::move(future);
  }
  // What was lent before is closed here, outside the lock, or by its last reader.
}

void Lending::close() {
  std::shared_ptr<Database> ours;
  std::future<void> closed;
  {
    const std::lock_guard lock(mutex_);
    if (!database_) return;
    ours.swap(database_);
    closed = std::move(closed_);
  }
  ours.reset();
  closed.wait();
}

}  // namespace strowger::rocks
