#include "adapters/rocksdb/archive/repair.hpp"

#include "adapters/rocksdb/archive/export_line.hpp"
#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "events/json.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace strowger::rocks {
namespace {

constexpr std::size_t repair_page = 1'024;
// So that a LogRepaired keeps within max_event_bytes (events/event_size.hpp): the data in base64, and about 500 bytes
// for each record beside that.
constexpr std::size_t repaired_at_once = 100;
constexpr std::size_t repaired_bytes_at_once = std::size_t{192} * 1024;
constexpr std::size_t largest_repaired = repaired_bytes_at_once / 4 * 3;

struct Judged {
  Repair repair;
  std::string mended;  // the data, where it can be
};

// Nothing where the event can be decoded or is left alone (which is counted).
std::optional<Judged> judge_record(const Record& record, Repairs& counts) {
  ++counts.events;
  const auto read = decode(record);
  if (read) return std::nullopt;
  if (read.error().code == "unknown_event_type") {
    ++counts.newer;
    return std::nullopt;
  }
  if (record.data.size() > largest_repaired) {
    ++counts.too_large;
    return std::nullopt;
  }
  Judged judged{{record.position, record.stream, record.type, read.error().message, RepairOutcome::set_aside}, {}};
  auto mended = record;
  utf8::mend(mended.data);
  if (decode(mended)) {
    judged.repair.outcome = RepairOutcome::mended;
    judged.mended = std::move(mended.data);
  }
  ++(judged.repair.outcome == RepairOutcome::mended ? counts.mended : counts.set_aside);
  if (counts.listed.size() < Repairs::most_listed) counts.listed.push_back(judged.repair);
  return judged;
}

// The records that one commit replaces.
class RepairBatch {
 public:
  RepairBatch(RocksLog& log, IdSource& ids, Timestamp now, std::uint64_t left)
      : log_(log), ids_(ids), now_(now), left_(left) {}

  bool takes(const Record& record) const {
    return instead_.size() < repaired_at_once && bytes_ + (record.data.size() + 2) / 3 * 4 <= repaired_bytes_at_once;
  }

  void add(const Record& record, Judged judged) {
    RepairedRecord told{record.id,
                        record.stream.text(),
                        record.type,
                        record.schema,
                        judged.repair.outcome,
                        judged.repair.reason,
                        {},
                        SealedSecret{to_base64(record.data)}};
    bytes_ += told.original.text.size();
    auto instead = record;
    if (judged.repair.outcome == RepairOutcome::mended) {
      instead.data = std::move(judged.mended);
    } else {
      instead.type = Undecodable::type;
      instead.schema = Undecodable::schema;
      instead.data = json::to_string(Undecodable{record.type, record.schema, judged.repair.reason, false, id_});
    }
    told_.push_back(std::move(told));
    instead_.push_back(std::move(instead));
  }

  Result<void> commit() {
    if (instead_.empty()) return {};
    left_ -= std::min<std::uint64_t>(left_, instead_.size());
    const auto make = [&](const std::vector<std::string>& proofs) {
      for (std::size_t i = 0; i < told_.size(); ++i) told_[i].proof = proofs[i];
      AppendRequest request;
      request.stream = StreamId("system", "log");
      auto& event = request.events.emplace_back(
          encode(LogRepaired{std::move(told_), left_}, Cause{"system", {}, {}}, now_, ids_));
      event.id = event.correlation = id_;
      return request;
    };
    if (const auto done = log_.replace(instead_, make); !done) return done.error();
    // An entity's snapshot lacks what the mended events tell. One of no known schema is not read.
    std::set<StreamId> streams;
    for (const auto& record : instead_) streams.insert(record.stream);
    for (const auto& stream : streams) log_.save_snapshot(stream, Snapshot{});
    instead_.clear();
    told_.clear();
    bytes_ = 0;
    id_ = ids_.next();
    return {};
  }

 private:
  RocksLog& log_;
  IdSource& ids_;
  const Timestamp now_;
  std::uint64_t left_;
  Uuid id_ = ids_.next();  // of the event that will tell of it
  std::size_t bytes_ = 0;
  std::vector<Record> instead_;
  std::vector<RepairedRecord> told_;
};

}  // namespace

Result<Repairs> plan_repair(Database& database, const Progress& progress) {
  Repairs plan;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2U << 20;
  const std::unique_ptr<rocksdb::Iterator> events(database.db().NewIterator(options, database[Family::events]));
  events->SeekToLast();
  const std::uint64_t total = events->Valid() ? read_key(view(events->key())) : 0;
  for (events->SeekToFirst(); events->Valid(); events->Next()) {
    const Position position{read_key(view(events->key()))};
    const auto record = decode_record(position, view(events->value()));
    if (!record) return record.error();
    static_cast<void>(judge_record(*record, plan));
    if (progress && number(position) % 1'024 == 0) progress(number(position), total);
  }
  if (!events->status().ok()) return read_error(events->status(), "the events");
  return plan;
}

Result<Repairs> apply_repair(RocksLog& log, const Repairs& plan, IdSource& ids, Timestamp now,
                             const Progress& progress) {
  Repairs done;
  RepairBatch batch(log, ids, now, plan.damaged());
  const auto end = log.last_position();
  for (Position after{}; after < end;) {
    const auto records = log.read_all(after, repair_page);
    if (!records) return records.error();
    if (records->empty()) break;
    for (const auto& record : *records) {
      after = record.position;
      if (after > end) break;
      auto judged = judge_record(record, done);
      if (!judged) continue;
      if (!batch.takes(record))
        if (auto committed = batch.commit(); !committed) return committed.error();
      batch.add(record, std::move(*judged));
    }
    if (progress) progress(number(after), number(end));
  }
  if (auto committed = batch.commit(); !committed) return committed.error();
  return done;
}

}  // namespace strowger::rocks
