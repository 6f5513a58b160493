// The newest part of the index of the streams, in memory. One row an event would cost more than the event itself: its
// place in the index is anywhere, where the event's own is the end. So the index is kept here until there is enough for
// one row to hold many events of a stream; then it is stored, in key order, a little with each batch of new events, and
// forgotten here when all of it is. What a crash takes away is read again from the events, which lie in the log.
//
// Any thread reads; one adds what is committed, and one (which may be another) stores.
#pragma once

#include "adapters/rocksdb/stream_run.hpp"
#include "events/record.hpp"

#include <cstddef>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

namespace strowger::rocks {

class RecentStreams {
 public:
  // Begins to store when there are so many events.
  explicit RecentStreams(std::size_t plenty) : plenty_(plenty) {}

  // What is durable, in the log's order, before anybody is told of it.
  void add(const Record& event) { add(std::span(&event, 1)); }
  void add(std::span<const Record> events);

  // What is here of a stream, in order. Ask before the database is read: what is not here any more is there.
  std::vector<Run> runs_of(const StreamId& stream) const;
  std::optional<StreamVersion> version_of(const StreamId& stream) const;

  struct Row {
    const StreamId* stream = nullptr;
    const Run* run = nullptr;
  };
  struct Rows {
    std::span<const Row> rows;        // valid until stored()
    std::optional<Position> indexed;  // with these, all up to there is stored
  };
  // The next `most` rows to be stored, if it is time (or `now`, whether it is or not): each once, by key. They count as
  // stored when the writer says so: with stored(), once a batch that had `indexed` in it is durable. After a batch that
  // failed, restart().
  Rows next(std::size_t most, bool now = false);
  void stored();
  void restart() { taken_ = 0; }

 private:
  struct Generation {
    boost::unordered_flat_map<StreamId, Run, std::hash<StreamId>> runs;
    std::size_t events = 0;
    Position last{};
  };

  const std::size_t plenty_;
  mutable std::shared_mutex mutex_;
  Generation young_;
  Generation old_;  // being stored: changes no more until it is forgotten
  // The storing thread's own. The rows of old_ come out of a heap as they are asked for, so that no batch pays for
  // sorting all of them.
  std::vector<Row> heap_;
  std::vector<Row> rows_;  // by key, as far as they were asked for
  std::size_t taken_ = 0;  // of rows_
};

}  // namespace strowger::rocks
