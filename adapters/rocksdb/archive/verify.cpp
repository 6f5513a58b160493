#include "adapters/rocksdb/archive/verify.hpp"

#include "adapters/rocksdb/stored_forms.hpp"

#include <array>
#include <vector>

namespace strowger::rocks {
namespace {

constexpr std::size_t at_once = 64;

std::unique_ptr<rocksdb::Iterator> iterate(Database& database, Family family) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2U << 20;
  return std::unique_ptr<rocksdb::Iterator>(database.db().NewIterator(options, database[family]));
}

Error unreadable(const rocksdb::Status& status, const std::string& what) {
  return Error{ErrorKind::internal, "log_not_proved",
               what + " cannot be read from the log: " + status.ToString() + "; restore the log from a backup"};
}

// Looks up whether the index leads to each record, many in one look-up.
class IndexCheck {
 public:
  explicit IndexCheck(Database& database) : database_(database) {}

  Result<void> add(const Record& record) {
    stream_key(keys_.emplace_back(), record.stream, record.version);
    records_.push_back({record.position, record.stream});
    return keys_.size() < at_once ? Result<void>() : flush();
  }
  Result<void> flush() {
    std::array<rocksdb::Slice, at_once> slices;
    std::array<rocksdb::PinnableSlice, at_once> values;
    std::array<rocksdb::Status, at_once> statuses;
    std::copy(keys_.begin(), keys_.end(), slices.begin());
    rocksdb::ReadOptions options;
    options.fill_cache = true;
    database_.db().MultiGet(options, database_[Family::streams], keys_.size(), slices.data(), values.data(),
                            statuses.data());
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      const auto& [position, stream] = records_[i];
      if (statuses[i].IsNotFound()) return bad_record(position, stream, "is missing in the index of its stream");
      if (!statuses[i].ok()) return unreadable(statuses[i], "the index of " + stream.text());
      if (values[i].size() != 8 || read_key(view(values[i])) != number(position))
        return bad_record(position, stream, "is not what the index of its stream leads to");
    }
    keys_.clear();
    records_.clear();
    return {};
  }

 private:
  struct Wanted {
    Position position;
    StreamId stream;
  };
  Database& database_;
  std::vector<std::string> keys_;
  std::vector<Wanted> records_;
};

Result<Proved> verify_events(Database& database, Proof& proof, std::uint64_t total, const Progress& progress) {
  IndexCheck index(database);
  const auto events = iterate(database, Family::events);
  for (events->SeekToFirst(); events->Valid(); events->Next()) {
    const auto key = view(events->key());
    const Position position{key.size() == 8 ? read_key(key) : 0};
    const auto record = proof.add(position, view(events->value()));
    if (!record) {
      // Of those before it, one may be bad that is not looked up yet.
      if (auto known = index.flush(); !known) return known.error();
      return record.error();
    }
    if (auto known = index.add(*record); !known) return known.error();
    if (progress && number(position) % 1'024 == 0) progress(number(position), total);
  }
  if (auto known = index.flush(); !known) return known.error();
  if (!events->status().ok())
    return unreadable(events->status(), "event " + std::to_string(number(proof.end().position) + 1));
  return proof.finish();
}

// After the records: whether the index leads anywhere else. All that the records need was found in it.
Result<void> verify_index(Database& database, const Proof& proof) {
  const auto entries = iterate(database, Family::streams);
  for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
    const auto key = view(entries->key());
    const auto stream = key.size() > 9 ? StreamId::parse(key.substr(0, key.size() - 9)) : not_found("", "");
    const auto version = key.size() > 9 ? read_key(key.substr(key.size() - 8)) : 0;
    const auto known = stream ? proof.streams().find(*stream) : proof.streams().end();
    if (known != proof.streams().end() && version >= 1 && version <= number(known->second)) continue;
    const Position position{entries->value().size() == 8 ? read_key(view(entries->value())) : 0};
    return bad_record(position, stream ? *stream : StreamId{},
                      "is missing: the index of its stream leads to it as version " + std::to_string(version) +
                          ", but there is no such event");
  }
  if (!entries->status().ok()) return unreadable(entries->status(), "the index of the streams");
  return {};
}

Result<void> verify_receipts(Database& database, Position end) {
  const auto rows = iterate(database, Family::receipts);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
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
  const auto rows = iterate(database, family);
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) continue;
  if (!rows->status().ok()) return unreadable(rows->status(), what);
  return {};
}

}  // namespace

Result<Proved> verify_log(Database& database, const std::optional<ChainEnd>& anchor, const Progress& progress) {
  const auto last = iterate(database, Family::events);
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
