// The index of the streams as it is stored: runs (stream_run.hpp) in the family `streams`, and in `meta` the position
// up to which it is whole. What is newer is in memory (recent_streams.hpp).
#pragma once

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/recent_streams.hpp"
#include "events/error.hpp"
#include "events/ids.hpp"

#include <memory>
#include <string>
#include <vector>

namespace strowger::rocks {

// Of a folder that an earlier release wrote, in which every event was indexed at once, `end`.
Result<Position> indexed_up_to(Database& database, Position end);

// The version of the stream's last event; 0 where there is none. `key` is memory to be used.
Result<StreamVersion> last_stored_version(rocksdb::Iterator& streams, const StreamId& stream, std::string& key);

// Reads the events that are not indexed yet, from the database's end, into `recent`.
Result<void> recover(Database& database, Position end, RecentStreams& recent);

// Walks along a stream's positions. `log_damaged` where one is missing.
class StreamPositions {
 public:
  // From the version after `after`.
  StreamPositions(Database& database, const RecentStreams& recent, const StreamId& stream, StreamVersion after);

  // The next ones, at most `max`; none: that was all.
  Result<std::vector<Position>> next(std::size_t max);

 private:
  // The run in the database that holds `expected_`, or none.
  Result<std::optional<Run>> stored_run();
  // Puts the positions of `run` from `expected_` on into `run_`.
  void enter(const Run& run);

  const StreamId stream_;
  const std::vector<Run> recent_;
  const std::unique_ptr<rocksdb::Iterator> streams_;
  std::string key_;
  StreamVersion expected_;
  std::vector<Position> run_;  // of which `used_` were given out
  std::size_t used_ = 0;
};

}  // namespace strowger::rocks
