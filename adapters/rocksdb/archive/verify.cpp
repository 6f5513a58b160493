#include "adapters/rocksdb/archive/verify.hpp"

#include "adapters/rocksdb/receipt_ages.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "adapters/rocksdb/stream_index.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace strowger::rocks {
namespace {

constexpr std::size_t at_once = 64;

std::unique_ptr<rocksdb::Iterator> rows_of(Database& database, Family family) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2U << 20;
  return std::unique_ptr<rocksdb::Iterator>(database.db().NewIterator(options, database[family]));
}

Error unreadable(const rocksdb::Status& status, const std::string& what) {
  return Error{ErrorKind::internal, "log_not_proved",
               what + " cannot be read from the log: " + status.ToString() + "; restore the log from a backup"};
}

Result<Proved> verify_events(Database& database, Proof& proof, std::uint64_t total, const Progress& progress) {
  const auto events = rows_of(database, Family::events);
  for (events->SeekToFirst(); events->Valid(); events->Next()) {
    const auto key = view(events->key());
    const Position position{key.size() == 8 ? read_key(key) : 0};
    const auto record = proof.add(position, view(events->value()));
    if (!record) return record.error();
    if (progress && number(position) % 1'024 == 0) progress(number(position), total);
  }
  if (!events->status().ok())
    return unreadable(events->status(), "event " + std::to_string(number(proof.end().position) + 1));
  return proof.finish();
}

// Whether the index leads to every event that it should, and nowhere else. The records are proved by then.
class IndexProof {
 public:
  IndexProof(Database& database, const Proof& proof, Position indexed)
      : database_(database), proof_(proof), indexed_(indexed), found_(number(indexed) + 1) {}

  Result<void> run() {
    const auto entries = rows_of(database_, Family::streams);
    for (entries->SeekToFirst(); entries->Valid(); entries->Next())
      if (auto fits = add(view(entries->key()), view(entries->value())); !fits) return fits;
    if (!entries->status().ok()) return unreadable(entries->status(), "the index of the streams");
    if (auto fits = look_up(); !fits) return fits;
    const auto missing = std::find(found_.begin() + 1, found_.end(), false);
    if (missing == found_.end()) return {};
    const Position position{static_cast<std::uint64_t>(missing - found_.begin())};
    return bad_record(position, {}, "is missing in the index of its stream");
  }

 private:
  struct Entry {
    Position position;
    StreamId stream;
    StreamVersion version;
  };

  Result<void> add(std::string_view key, std::string_view stored) {
    const auto stream = key.size() > 9 ? StreamId::parse(key.substr(0, key.size() - 9)) : not_found("", "");
    const StreamVersion first{key.size() > 9 ? read_key(key.substr(key.size() - 8)) : 0};
    const auto run = Run::parse(first, stored);
    if (!stream || !run || number(first) == 0)
      return Error{ErrorKind::internal, "log_not_proved",
                   "an entry of the index of the streams cannot be read" + (stream ? " (" + stream->text() + ")" : "") +
                       "; restore the log from a backup"};
    const auto known = proof_.streams().find(*stream);
    const auto last = known == proof_.streams().end() ? StreamVersion{0} : known->second;
    auto version = first;
    for (const auto position : run->positions()) {
      if (version > last)
        return bad_record(position, *stream,
                          "is missing: the index of its stream leads to it as version " +
                              std::to_string(number(version)) + ", but there is no such event");
      if (position <= indexed_) found_[number(position)] = true;
      entries_.push_back({position, *stream, version});
      if (entries_.size() == at_once)
        if (auto fits = look_up(); !fits) return fits;
      version = next(version);
    }
    return {};
  }

  Result<void> look_up() {
    std::array<std::string, at_once> keys;
    std::array<rocksdb::Slice, at_once> slices;
    std::array<rocksdb::PinnableSlice, at_once> values;
    std::array<rocksdb::Status, at_once> statuses;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      append_key(keys[i], number(entries_[i].position));
      slices[i] = keys[i];
    }
    database_.db().MultiGet(rocksdb::ReadOptions(), database_[Family::events], entries_.size(), slices.data(),
                            values.data(), statuses.data());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const auto& entry = entries_[i];
      if (!statuses[i].ok() && !statuses[i].IsNotFound())
        return unreadable(statuses[i], "event " + std::to_string(number(entry.position)));
      const auto record = statuses[i].ok() ? decode_record(entry.position, view(values[i])) : not_found("", "");
      if (!record || record->stream != entry.stream || record->version != entry.version)
        return bad_record(entry.position, record ? record->stream : StreamId{},
                          "is not what the index leads to: version " + std::to_string(number(entry.version)) + " of " +
                              entry.stream.text());
    }
    entries_.clear();
    return {};
  }

  Database& database_;
  const Proof& proof_;
  const Position indexed_;
  std::vector<bool> found_;  // by position
  std::vector<Entry> entries_;
};

Result<void> verify_index(Database& database, const Proof& proof) {
  const auto indexed = indexed_up_to(database, proof.end().position);
  if (!indexed) return indexed.error();
  if (*indexed > proof.end().position)
    return bad_record(next(proof.end().position), {},
                      "is missing: the log is indexed up to event " + std::to_string(number(*indexed)));
  return IndexProof(database, proof, *indexed).run();
}

Result<void> verify_receipts(Database& database, Position end) {
  const auto rows = rows_of(database, Family::receipts);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (is_age_row(view(rows->key()))) continue;
    const auto receipt = decode_receipt(view(rows->value()));
    if (!receipt || receipt->position > end)
      return Error{ErrorKind::internal, "log_not_proved",
                   "the receipt of '" + rows->key().ToString() + "' " +
                       (receipt ? "names event " + std::to_string(number(receipt->position)) + ", which is missing"
                                : std::string("is damaged")) +
                       "; restore the log from a backup"};
  }
  if (!rows->status().ok()) return unreadable(rows->status(), "a receipt");
  return {};
}

Result<void> verify_readable(Database& database, Family family, const std::string& what) {
  const auto rows = rows_of(database, family);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) continue;
  if (!rows->status().ok()) return unreadable(rows->status(), what);
  return {};
}

}  // namespace

Result<Proved> verify_log(Database& database, const std::optional<ChainEnd>& anchor, const Progress& progress) {
  const auto last = rows_of(database, Family::events);
  last->SeekToLast();
  const std::uint64_t total = last->Valid() && last->key().size() == 8 ? read_key(view(last->key())) : 0;
  Proof proof;
  if (anchor) proof.insist_on(*anchor);
  auto proved = verify_events(database, proof, total, progress);
  if (!proved) return proved;
  if (auto fits = verify_index(database, proof); !fits) return fits.error();
  if (auto fits = verify_receipts(database, proved->end.position); !fits) return fits.error();
  for (const auto& [family, what] : {std::pair{Family::state, "the state beside the events"},
                                     std::pair{Family::snapshots, "a snapshot"}, std::pair{Family::meta, "its format"}})
    if (auto fits = verify_readable(database, family, what); !fits) return fits.error();
  if (progress) progress(total, total);
  return proved;
}

}  // namespace strowger::rocks
