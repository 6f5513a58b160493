#include "adapters/rocksdb/stream_index.hpp"

#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/stored_forms.hpp"

#include <algorithm>

namespace strowger::rocks {
namespace {

bool is_of(std::string_view found, std::string_view key) {
  return found.size() == key.size() && found.substr(0, found.size() - 8) == key.substr(0, key.size() - 8);
}

Error damaged(const StreamId& stream, const std::string& what) {
  return Error{ErrorKind::internal, "log_damaged",
               what + " of " + stream.text() + " is missing in the log; restore the log's folder from a backup"};
}

// The run where the iterator stands.
Result<Run> run_at(const rocksdb::Iterator& streams, const StreamId& stream) {
  const auto key = view(streams.key());
  const StreamVersion first{read_key(key.substr(key.size() - 8))};
  auto run = Run::parse(first, view(streams.value()));
  if (!run) return damaged(stream, "the index from version " + std::to_string(number(first)) + " on");
  return std::move(*run);
}

}  // namespace

Result<Position> indexed_up_to(Database& database, Position end) {
  std::string stored;
  const auto status = database.db().Get(rocksdb::ReadOptions(), database[Family::meta], slice(indexed_key), &stored);
  if (status.IsNotFound()) return end;
  if (!status.ok()) return read_error(status, "how far it is indexed");
  if (stored.size() != 8)
    return Error{ErrorKind::internal, "log_damaged",
                 "how far the log is indexed cannot be read; restore the log's folder from a backup"};
  return Position{read_key(stored)};
}

Result<StreamVersion> last_stored_version(rocksdb::Iterator& streams, const StreamId& stream, std::string& key) {
  stream_key(key, stream, StreamVersion{~std::uint64_t{0}});
  streams.SeekForPrev(key);
  if (!streams.status().ok()) return read_error(streams.status(), "the version of " + stream.text());
  if (!streams.Valid() || !is_of(view(streams.key()), key)) return StreamVersion{0};
  const auto run = run_at(streams, stream);
  if (!run) return run.error();
  return run->last();
}

Result<void> recover(Database& database, Position end, RecentStreams& recent) {
  const auto indexed = indexed_up_to(database, end);
  if (!indexed) return indexed.error();
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> events(database.db().NewIterator(options, database[Family::events]));
  std::string key;
  append_key(key, number(*indexed) + 1);
  for (events->Seek(key); events->Valid(); events->Next()) {
    const Position position{read_key(view(events->key()))};
    const auto record = decode_record(position, view(events->value()));
    if (!record) return record.error();
    recent.add(*record);
  }
  if (!events->status().ok()) return read_error(events->status(), "an event that is not indexed yet");
  return {};
}

StreamPositions::StreamPositions(Database& database, const RecentStreams& recent, const StreamId& stream,
                                 StreamVersion after)
    : stream_(stream),
      recent_(recent.runs_of(stream)),  // before the database: what leaves the one is in the other already
      streams_(database.db().NewIterator(rocksdb::ReadOptions(), database[Family::streams])),
      expected_(strowger::next(after)) {}

void StreamPositions::enter(const Run& run) {
  run_ = run.positions();
  used_ = number(expected_) - number(run.first());
}

Result<std::optional<Run>> StreamPositions::stored_run() {
  if (key_.empty()) {
    stream_key(key_, stream_, expected_);
    streams_->SeekForPrev(key_);
    if (!streams_->Valid() || !is_of(view(streams_->key()), key_)) streams_->Seek(key_);
  } else if (streams_->Valid()) {
    streams_->Next();
  }
  for (; streams_->Valid() && is_of(view(streams_->key()), key_); streams_->Next()) {
    auto run = run_at(*streams_, stream_);
    if (!run) return run.error();
    if (run->last() < expected_) continue;
    if (run->first() > expected_) return damaged(stream_, "version " + std::to_string(number(expected_)));
    return std::optional(std::move(*run));
  }
  if (!streams_->status().ok()) return read_error(streams_->status(), stream_.text());
  return std::optional<Run>();
}

Result<std::vector<Position>> StreamPositions::next(std::size_t max) {
  std::vector<Position> positions;
  while (positions.size() < max) {
    if (used_ == run_.size()) {
      const auto recent = std::find_if(recent_.begin(), recent_.end(), [this](const Run& run) {
        return run.first() <= expected_ && expected_ <= run.last();
      });
      if (recent != recent_.end()) {
        enter(*recent);
      } else if (!recent_.empty() && expected_ > recent_.back().last()) {
        break;
      } else {
        const auto stored = stored_run();
        if (!stored) return stored.error();
        if (!*stored) {
          if (recent_.empty()) break;
          return damaged(stream_, "version " + std::to_string(number(expected_)));
        }
        enter(**stored);
      }
    }
    const auto count = std::min(max - positions.size(), run_.size() - used_);
    positions.insert(positions.end(), run_.begin() + static_cast<std::ptrdiff_t>(used_),
                     run_.begin() + static_cast<std::ptrdiff_t>(used_ + count));
    used_ += count;
    expected_ = StreamVersion{number(expected_) + count};
  }
  return positions;
}

}  // namespace strowger::rocks
