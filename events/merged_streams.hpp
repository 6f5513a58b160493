// Several streams of the log as one, in the order of the log: what was decided about a device, and its facts.
//
// Threads: one at a time; next() reads the log and blocks for that. Complexity: O(1) a record for each stream. Errors:
// of the log.
#pragma once

#include "events/log.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace strowger {

class MergedStreams {
 public:
  // Each from the version after its own on. The log outlives it.
  struct Start {
    StreamId stream;
    StreamVersion after{};
  };
  MergedStreams(EventLog& log, std::vector<Start> starts, std::size_t page = 512) : log_(log), page_(page) {
    for (auto& start : starts) sides_.push_back({std::move(start.stream), start.after, {}, 0, false});
  }

  // None: that was all.
  Result<std::optional<Record>> next() {
    Side* first = nullptr;
    for (auto& side : sides_) {
      if (auto done = fill(side); !done) return done.error();
      if (side.ended) continue;
      if (first == nullptr || side.front().position < first->front().position) first = &side;
    }
    if (first == nullptr) return std::optional<Record>{};
    return std::optional(std::move(first->records[first->used++]));
  }

 private:
  struct Side {
    StreamId stream;
    StreamVersion after{};
    std::vector<Record> records;
    std::size_t used = 0;
    bool ended = false;
    const Record& front() const { return records[used]; }
  };

  Result<void> fill(Side& side) {
    if (side.ended || side.used < side.records.size()) return {};
    auto records = log_.read_stream(side.stream, side.after, page_);
    if (!records) return records.error();
    side.ended = records->empty();
    if (!side.ended) side.after = records->back().version;
    side.records = std::move(*records);
    side.used = 0;
    return {};
  }

  EventLog& log_;
  const std::size_t page_;
  std::vector<Side> sides_;
};

// The newest `most` events of some streams, oldest first. O(most) for each stream.
inline Result<std::vector<Record>> newest_of(EventLog& log, const std::vector<StreamId>& streams, std::size_t most) {
  std::vector<MergedStreams::Start> starts;
  for (const auto& stream : streams) {
    const auto last = log.last_version(stream);
    if (!last) return last.error();
    starts.push_back({stream, StreamVersion{number(*last) > most ? number(*last) - most : 0}});
  }
  MergedStreams merged(log, std::move(starts), std::min<std::size_t>(most, 512));
  std::vector<Record> records;
  for (;;) {
    auto record = merged.next();
    if (!record) return record.error();
    if (!*record) break;
    records.push_back(std::move(**record));
  }
  if (records.size() > most) records.erase(records.begin(), records.end() - static_cast<std::ptrdiff_t>(most));
  return records;
}

}  // namespace strowger
