// The reading half of RocksLog.
#include "adapters/rocksdb/log_core.hpp"
#include "adapters/rocksdb/receipt_ages.hpp"
#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "adapters/rocksdb/stream_index.hpp"

#include <algorithm>
#include <array>

namespace strowger::rocks {
namespace {

Error gap(Position missing) {
  return Error{
      ErrorKind::internal, "record_damaged",
      "event " + std::to_string(number(missing)) + " of the log is missing; restore the log's folder from a backup"}
      .with("position", number(missing));
}

Error damaged_at(Position position, const rocksdb::Status& status) {
  return read_error(status, "event " + std::to_string(number(position)));
}

}  // namespace

Result<std::vector<Record>> RocksLog::read_all(Position after, std::size_t max) {
  const auto last = core_->tail->last();
  if (after >= last) return std::vector<Record>{};
  auto database = core_->borrow();
  if (!database) return database.error();
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // a long read must not push out what others need
  const std::unique_ptr<rocksdb::Iterator> events((*database)->db().NewIterator(options, (**database)[Family::events]));
  std::string key;
  append_key(key, number(after) + 1);
  std::vector<Record> records;
  records.reserve(std::min<std::uint64_t>(max, number(last) - number(after)));
  auto expected = next(after);
  for (events->Seek(key); records.size() < max && expected <= last; events->Next()) {
    if (!events->Valid()) return events->status().ok() ? gap(expected) : damaged_at(expected, events->status());
    if (read_key(view(events->key())) != number(expected)) return gap(expected);
    auto record = decode_record(expected, view(events->value()));
    if (!record) return record.error();
    records.push_back(std::move(*record));
    expected = next(expected);
  }
  return records;
}

Result<std::vector<Record>> RocksLog::read_back(Position before, std::size_t max) {
  auto database = core_->borrow();
  if (!database) return database.error();
  const std::unique_ptr<rocksdb::Iterator> events(
      (*database)->db().NewIterator(rocksdb::ReadOptions(), (**database)[Family::events]));
  auto from = core_->tail->last();
  if (number(before) == 0) return std::vector<Record>{};
  from = std::min(from, Position{number(before) - 1});
  std::string key;
  append_key(key, number(from));
  std::vector<Record> records;
  records.reserve(std::min<std::uint64_t>(max, number(from)));
  for (events->Seek(key); records.size() < max && number(from) > 0; events->Prev()) {
    if (!events->Valid()) return events->status().ok() ? gap(from) : damaged_at(from, events->status());
    if (read_key(view(events->key())) != number(from)) return gap(from);
    auto record = decode_record(from, view(events->value()));
    if (!record) return record.error();
    records.push_back(std::move(*record));
    from = Position{number(from) - 1};
  }
  return records;
}

Result<std::vector<Record>> RocksLog::read_stream(const StreamId& stream, StreamVersion after, std::size_t max) {
  constexpr std::size_t at_once = 64;
  auto borrowed = core_->borrow();
  if (!borrowed) return borrowed.error();
  Database& database = **borrowed;
  StreamPositions positions(database, core_->recent, stream, after);
  auto expected = next(after);
  std::vector<Record> records;
  while (records.size() < max) {
    // The positions of the next few, then their events in one look-up.
    const auto found = positions.next(std::min(at_once, max - records.size()));
    if (!found) return found.error();
    if (found->empty()) break;
    std::array<std::string, at_once> keys;
    std::array<rocksdb::Slice, at_once> slices;
    std::array<rocksdb::PinnableSlice, at_once> values;
    std::array<rocksdb::Status, at_once> statuses;
    for (std::size_t i = 0; i < found->size(); ++i) {
      append_key(keys[i], number((*found)[i]));
      slices[i] = keys[i];
    }
    database.db().MultiGet(rocksdb::ReadOptions(), database[Family::events], found->size(), slices.data(),
                           values.data(), statuses.data(), true);
    for (std::size_t i = 0; i < found->size(); ++i) {
      const auto position = (*found)[i];
      if (statuses[i].IsNotFound()) return gap(position);
      if (!statuses[i].ok()) return damaged_at(position, statuses[i]);
      auto record = decode_record(position, view(values[i]));
      if (!record) return record.error();
      if (record->stream != stream || record->version != expected)
        return Error{ErrorKind::internal, "record_damaged",
                     "event " + std::to_string(number(position)) + " of the log belongs to " + record->stream.text() +
                         ", not to " + stream.text() + "; restore the log's folder from a backup"};
      records.push_back(std::move(*record));
      expected = next(expected);
    }
  }
  return records;
}

Result<StreamVersion> RocksLog::last_version(const StreamId& stream) {
  // Memory before the database: what is not there any more is in the database.
  if (const auto recent = core_->recent.version_of(stream)) return *recent;
  auto database = core_->borrow();
  if (!database) return database.error();
  const std::unique_ptr<rocksdb::Iterator> streams(
      (*database)->db().NewIterator(rocksdb::ReadOptions(), (**database)[Family::streams]));
  std::string key;
  return last_stored_version(*streams, stream, key);
}

Result<std::optional<Receipt>> RocksLog::find_receipt(std::string_view idempotency_key) {
  auto database = core_->borrow();
  if (!database) return database.error();
  std::string stored;
  const auto status =
      (*database)->db().Get(rocksdb::ReadOptions(), (**database)[Family::receipts], slice(idempotency_key), &stored);
  if (status.IsNotFound()) return std::optional<Receipt>{};
  if (!status.ok()) return read_error(status, "a receipt");
  auto receipt = decode_receipt(stored);
  if (!receipt) return receipt.error();
  if (receipt_ended(*receipt, core_->options.receipts_kept, core_->options.now())) return std::optional<Receipt>{};
  receipt->repeated = true;
  return std::optional<Receipt>(std::move(*receipt));
}

Result<std::optional<Snapshot>> RocksLog::load_snapshot(const StreamId& stream) {
  auto database = core_->borrow();
  if (!database) return database.error();
  std::string stored;
  const auto status =
      (*database)->db().Get(rocksdb::ReadOptions(), (**database)[Family::snapshots], stream.text(), &stored);
  if (status.IsNotFound()) return std::optional<Snapshot>{};
  if (!status.ok()) return read_error(status, "the snapshot of " + stream.text());
  return decode_snapshot(stored);  // a damaged one is as none: the events are there
}

Result<std::optional<std::string>> RocksLog::load_state(std::string_view table, std::string_view key) {
  auto database = core_->borrow();
  if (!database) return database.error();
  std::string value;
  const auto status =
      (*database)->db().Get(rocksdb::ReadOptions(), (**database)[Family::state], state_key(table, key), &value);
  if (status.IsNotFound()) return std::optional<std::string>{};
  if (!status.ok()) return read_error(status, "state of the table " + std::string(table));
  return std::optional<std::string>(std::move(value));
}

Result<void> RocksLog::scan_state(std::string_view table, std::string_view prefix,
                                  const std::function<void(std::string_view, std::string_view)>& visit) {
  auto database = core_->borrow();
  if (!database) return database.error();
  const std::unique_ptr<rocksdb::Iterator> rows(
      (*database)->db().NewIterator(rocksdb::ReadOptions(), (**database)[Family::state]));
  const auto start = state_key(table, prefix);
  for (rows->Seek(start); rows->Valid() && view(rows->key()).starts_with(start); rows->Next())
    visit(view(rows->key()).substr(table.size() + 1), view(rows->value()));
  if (!rows->status().ok()) return read_error(rows->status(), "state of the table " + std::string(table));
  return {};
}

}  // namespace strowger::rocks
