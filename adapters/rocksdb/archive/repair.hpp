// `strowger log repair`: what to do about events that cannot be decoded.
//
// Mended is an event that can be read once its text is UTF-8: U+FFFD takes the place of what was not. Any other is set
// aside: an Undecodable takes its place. Either way position, stream, stream version, id and time stay, the hash chain
// goes on through the place, and a LogRepaired event (stream system/log) keeps the data as it was and proves what
// stands there now, so that `strowger log verify` proves both. Events of a newer release are left alone.
#pragma once

#include "adapters/rocksdb/archive/read_only_log.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/event.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace strowger::rocks {

struct Repair {
  Position position{};
  StreamId stream;
  std::string type;
  std::string reason;  // why it cannot be decoded
  RepairOutcome outcome = RepairOutcome::mended;
};

struct Repairs {
  std::uint64_t events = 0;  // looked at
  std::uint64_t mended = 0;
  std::uint64_t set_aside = 0;
  std::uint64_t newer = 0;       // of a newer release: left alone
  std::uint64_t too_large = 0;   // more data than a repair can keep (144 KiB): left alone
  std::vector<Repair> listed{};  // the first most_listed of those mended or set aside
  static constexpr std::size_t most_listed = 1'000;

  std::uint64_t damaged() const { return mended + set_aside; }
};

// What would be done. Reads the whole log: O(events). Beside a running server too.
Result<Repairs> plan_repair(Database& database, const Progress& progress);

// Does it, in commits of bounded size: what an interrupted run left is done by the next. Snapshots of the streams
// concerned are dropped. Waits for the log. `plan` is of the same log.
Result<Repairs> apply_repair(RocksLog& log, const Repairs& plan, IdSource& ids, Timestamp now,
                             const Progress& progress);

}  // namespace strowger::rocks
