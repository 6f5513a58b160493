// Proves records one after another, from wherever they come (a log, an exported file): each is whole, in its place,
// the next of its stream, and follows on its predecessor by its hash.
#pragma once

#include "adapters/rocksdb/record_codec.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace strowger::rocks {

// An event that is what was written, and cannot be decoded.
struct Unreadable {
  Position position{};
  StreamId stream;
  std::string type;
  std::string reason;
};

// What was proved.
struct Proved {
  std::uint64_t events = 0;
  std::uint64_t streams = 0;
  Position first{};                      // 0: there are no events
  Timestamp earliest, latest;            // times of events
  std::optional<Position> unchained;     // the last record of format 1, which carries no hash
  std::uint64_t folded = 0;              // records of which only a marker is left
  std::uint64_t summaries = 0;           // that hold what was in them
  std::uint64_t repaired = 0;            // records that `strowger log repair` replaced
  std::uint64_t undecodable = 0;         // events whose data cannot be read: the chain proves them all the same
  std::vector<Unreadable> unreadable{};  // the first 1,000 of them
  ChainEnd end;
};

// A record that a log once had, as `position:hash`: what one proof found at the end, the next can insist on. So even
// a log whose end was cut off, or that was written anew from the start, is told from the one that was proved before.
Result<ChainEnd> parse_anchor(std::string_view text);
std::string to_text(const ChainEnd& end);

class Proof {
 public:
  // A whole log.
  Proof() = default;
  // What follows on `start`. Streams may have begun before it.
  explicit Proof(const ChainEnd& start) : partial_(number(start.position) > 0), end_(start) {}

  void insist_on(const ChainEnd& anchor) { anchor_ = anchor; }

  // The next record. The error names position, stream and what is wrong.
  Result<Record> add(Position position, std::string_view stored);
  // After the last.
  Result<Proved> finish() const;

  const ChainEnd& end() const { return end_; }
  // How many events each stream has.
  const std::unordered_map<StreamId, StreamVersion>& streams() const { return versions_; }

 private:
  // What stands in the places of the records of one summary.
  struct FoldedRecords {
    Position first{};
    std::uint64_t count = 0;
    Hash proof{};
  };
  // What stands in the place of a record that was repaired.
  struct ReplacedRecord {
    Record record;
    Hash proof{};
    Hash digest{};  // of the body that was there
  };
  Result<void> check_anchor() const;
  Result<void> check_repair(const Record& record);
  void look_at(const Record& record);
  Result<void> check_folding(const Record& record, std::string_view stored);

  bool partial_ = false;
  ChainEnd end_;
  std::optional<ChainEnd> anchor_;
  Proved proved_;
  std::unordered_map<StreamId, StreamVersion> versions_;
  std::unordered_map<std::uint64_t, FoldedRecords> folded_;  // by their summary, until that comes
  std::unordered_map<Uuid, ReplacedRecord> replaced_;        // by their ids, until the repair that tells of them comes
  Hasher hasher_;
};

// A fault of the record at a position, with what to do about it.
Error bad_record(Position position, const StreamId& stream, const std::string& what);

}  // namespace strowger::rocks
