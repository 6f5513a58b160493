#include "adapters/rocksdb/rocks_log.hpp"

#include "adapters/rocksdb/log_core.hpp"
#include "adapters/rocksdb/log_writer.hpp"
#include "adapters/rocksdb/receipt_ages.hpp"
#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "adapters/rocksdb/stream_index.hpp"
#include "adapters/rocksdb/subscription.hpp"
#include "adapters/rocksdb/wal_tail.hpp"
#include "events/event_size.hpp"

#include <future>

#include <rocksdb/file_system.h>
#include <rocksdb/utilities/checkpoint.h>

namespace strowger::rocks {
namespace {

// 1 knew only records of format 1, 2 only an index that had every event at once, 3 only receipts without an age. They
// become today's when the log is opened, so that a release which could not read it says so at its start.
constexpr std::string_view earlier_formats = "123";
constexpr char whole_index_format = '2';  // the last whose index had every event at once

// The folder's own entry in its parent must be durable too.
rocksdb::Status make_folder(rocksdb::FileSystem& disk, const std::filesystem::path& folder) {
  const rocksdb::IOOptions options;
  const auto path = std::filesystem::absolute(folder).lexically_normal();
  const auto parent = path.parent_path();
  if (disk.FileExists(path.string(), options, nullptr).ok()) return rocksdb::Status::OK();
  if (parent != path) {
    if (const auto made = make_folder(disk, parent); !made.ok()) return made;
  }
  if (const auto made = disk.CreateDirIfMissing(path.string(), options, nullptr); !made.ok()) return made;
  std::unique_ptr<rocksdb::FSDirectory> directory;
  if (const auto opened = disk.NewDirectory(parent.string(), options, &directory, nullptr); !opened.ok()) return opened;
  return directory->Fsync(options, nullptr);
}

Error open_error(const rocksdb::Status& status, const std::filesystem::path& folder) {
  const auto where = "the log in " + folder.string();
  const auto text = status.ToString();
  if (status.IsCorruption())
    return Error{ErrorKind::internal, "log_damaged",
                 where + " is damaged: " + text + "; restore the folder from a backup"};
  if (status.IsIOError() && text.find("lock") != std::string::npos)
    return unavailable("log_locked", where + " is open in another process: " + text + "; stop that one first");
  return unavailable("log_unavailable", "cannot open " + where + ": " + text);
}

// Its format where it is of an earlier release, `0` where it is new.
Result<std::optional<char>> check_format(Database& database) {
  std::string found;
  const auto status = database.db().Get(rocksdb::ReadOptions(), database[Family::meta], "format", &found);
  if (status.IsNotFound()) return std::optional('0');
  if (!status.ok()) return read_error(status, "its format");
  if (found == folder_format) return std::optional<char>();
  if (found.size() == 1 && earlier_formats.find(found) != std::string::npos) return std::optional(found.front());
  return unacceptable("log_format", "the log has format " + found + ", this release reads " +
                                        std::string(folder_format) + "; start the release that wrote it");
}

Result<void> adopt(Database& database, char format, Position end) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  rocksdb::WriteBatch batch;
  std::string position;
  append_key(position, number(end));
  (void)batch.Put(database[Family::meta], "format", slice(folder_format));
  if (format <= whole_index_format) (void)batch.Put(database[Family::meta], slice(indexed_key), position);
  if (const auto status = database.db().Write(synced, &batch); !status.ok())
    return unavailable("log_unavailable", "cannot write to the log: " + status.ToString());
  return {};
}

}  // namespace

LogCore::LogCore(LogOptions options_in, std::shared_ptr<WalMarks> marks_in)
    : options(std::move(options_in)),
      marks(std::move(marks_in)),
      env(rocksdb::NewCompositeEnv(marks)),
      recent(options.recent_events),
      queue(options.queue_events, options.queue_bytes) {}

Result<std::shared_ptr<Database>> LogCore::borrow() const {
  if (auto database = lending.borrow()) return database;
  if (auto present = fault()) return *present;
  return unavailable("log_unavailable", "the log is being opened again; try again in a moment");
}

Result<ChainEnd> stored_end(Database& database) {
  const std::unique_ptr<rocksdb::Iterator> events(
      database.db().NewIterator(rocksdb::ReadOptions(), database[Family::events]));
  events->SeekToLast();
  if (!events->status().ok()) return read_error(events->status(), "the last event");
  if (!events->Valid()) return ChainEnd{};
  const Position position{read_key(view(events->key()))};
  Hasher hasher;
  const auto last = check_link(position, view(events->value()), {}, hasher);
  if (!last) return last.error();
  return ChainEnd{position, last->hash};
}

Result<std::unique_ptr<RocksLog>> RocksLog::open(LogOptions options) {
  auto disk = options.file_system ? options.file_system : rocksdb::FileSystem::Default();
  const auto folder = options.folder;
  if (const auto made = make_folder(*disk, folder); !made.ok()) return open_error(made, folder);
  auto core = std::make_unique<LogCore>(std::move(options), std::make_shared<WalMarks>(std::move(disk), folder));
  std::unique_ptr<Database> database;
  auto status = Database::open(core->database_options(), Access::read_write, database);
  if (status.IsCorruption()) {
    const auto torn = find_torn_tails(*core->marks, folder.string());
    rocksdb::IOStatus cut;
    for (const auto& tail : torn) {
      core->report(tail.file + " ends in a write that was never acknowledged; its " + std::to_string(tail.dropped) +
                   " bytes are cut off");
      if (cut.ok()) cut = cut_torn_tail(*core->marks, tail);
    }
    if (!cut.ok())
      status = cut;
    else if (!torn.empty())
      status = Database::open(core->database_options(), Access::read_write, database);
  }
  if (!status.ok()) return open_error(status, folder);
  const auto early = check_format(*database);
  if (!early) return early.error();
  const auto end = stored_end(*database);
  if (!end) return end.error();
  if (*early)
    if (auto done = adopt(*database, **early, end->position); !done) return done.error();
  if (auto aged = age_receipts(*database, core->options.now()); !aged) return aged.error();
  if (auto read = recover(*database, end->position, core->recent); !read) return read.error();
  core->marks->acknowledge();
  core->lending.lend(std::move(database));
  core->tail = std::make_unique<Tail>(end->position, core->options.tail_events, core->options.tail_bytes);
  return std::unique_ptr<RocksLog>(new RocksLog(std::move(core), *end));
}

RocksLog::RocksLog(std::unique_ptr<LogCore> core, const ChainEnd& end)
    : core_(std::move(core)), writer_(std::make_unique<LogWriter>(*core_, end)) {}

RocksLog::~RocksLog() {
  writer_.reset();
  // So that the next start has nothing to replay. Should it fail, all is in the write-ahead log.
  if (!core_->fault()) {
    if (const auto database = core_->lending.borrow()) (void)database->flush();
  }
  core_->lending.close();
}

void RocksLog::append(AppendRequest request, AppendDone done) {
  if (auto fault = oversized(request)) return done(std::move(*fault));
  PendingAppend pending{std::move(request), std::move(done), std::chrono::steady_clock::now()};
  if (core_->queue.push(pending)) return;
  core_->refused.fetch_add(1, std::memory_order_relaxed);
  pending.done(overloaded("the log's queue is full; try again after a moment"));
}

Result<Receipt> RocksLog::fold(const std::vector<FoldedRecord>& records, const MakeSummary& make) {
  std::vector<Rewrite> rewrites;
  rewrites.reserve(records.size());
  Hasher hasher;
  Hash proof{};
  {
    const auto database = core_->borrow();
    if (!database) return database.error();
    std::string key, stored;
    for (const auto& record : records) {
      if (record.position > core_->tail->last()) return internal_error("an event that is to come cannot be folded");
      key.clear();
      append_key(key, number(record.position));
      const auto status = (*database)->db().Get(rocksdb::ReadOptions(), (**database)[Family::events], key, &stored);
      if (!status.ok()) return read_error(status, "event " + std::to_string(number(record.position)));
      auto instead = fold_record(record.position, stored, record.marker, hasher);
      if (!instead) return instead.error();
      proof = hasher.link(proof, record.position, *instead);
      rewrites.push_back({record.position, std::move(*instead)});
    }
  }
  std::promise<Result<Receipt>> done;
  PendingAppend pending{make(to_hex(proof)), [&done](Result<Receipt> receipt) { done.set_value(std::move(receipt)); },
                        std::chrono::steady_clock::now(), std::move(rewrites)};
  if (!core_->queue.push(pending)) return overloaded("the log's queue is full; try again after a moment");
  return done.get_future().get();
}

Result<Receipt> RocksLog::replace(const std::vector<Record>& instead, const MakeRepair& make) {
  std::vector<Rewrite> rewrites;
  std::vector<std::string> proofs;
  Hasher hasher;
  {
    const auto database = core_->borrow();
    if (!database) return database.error();
    std::string key, stored;
    for (const auto& record : instead) {
      key.clear();
      append_key(key, number(record.position));
      const auto status = (*database)->db().Get(rocksdb::ReadOptions(), (**database)[Family::events], key, &stored);
      if (!status.ok()) return read_error(status, "event " + std::to_string(number(record.position)));
      auto replaced = replace_record(stored, record, hasher);
      if (!replaced) return replaced.error();
      proofs.push_back(to_hex(hasher.link({}, record.position, *replaced)));
      rewrites.push_back({record.position, std::move(*replaced)});
    }
  }
  std::promise<Result<Receipt>> done;
  auto request = make(proofs);
  if (auto fault = oversized(request)) return *fault;
  PendingAppend pending{std::move(request), [&done](Result<Receipt> receipt) { done.set_value(std::move(receipt)); },
                        std::chrono::steady_clock::now(), std::move(rewrites)};
  if (!core_->queue.push(pending)) return overloaded("the log's queue is full; try again after a moment");
  return done.get_future().get();
}

Result<void> RocksLog::compact(Position first, Position last) {
  const auto database = core_->borrow();
  if (!database) return database.error();
  std::string begin, end;
  append_key(begin, number(first));
  append_key(end, number(last));
  const rocksdb::Slice from(begin), to(end);
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const auto status = (*database)->db().CompactRange(options, (**database)[Family::events], &from, &to);
  if (!status.ok()) return unavailable("log_unavailable", "folded events still take their place: " + status.ToString());
  return {};
}

void RocksLog::save_snapshot(const StreamId& stream, Snapshot snapshot) {
  core_->queue.push(PendingSnapshot{stream, std::move(snapshot)});
}

std::unique_ptr<Subscription> RocksLog::subscribe(Position after) {
  return std::make_unique<LogSubscription>(*this, *core_->tail, after);
}

Result<void> RocksLog::checkpoint(const std::filesystem::path& folder) {
  auto database = core_->borrow();
  if (!database) return database.error();
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(&(*database)->db(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(std::filesystem::absolute(folder).string());
  if (status.ok()) return {};
  return unavailable("log_unavailable", "the log cannot be copied to " + folder.string() + ": " + status.ToString());
}

Position RocksLog::last_position() const {
  return core_->tail->last();
}

std::optional<Error> RocksLog::fault() const {
  return core_->fault();
}

RocksLog::Counters RocksLog::counters() const {
  return {core_->batches.load(),        core_->events.load(),          core_->refused.load(),
          core_->faults.load(),         core_->queue.queued(),         core_->append_seconds.values(),
          core_->sync_seconds.values(), core_->batch_requests.values()};
}

}  // namespace strowger::rocks
