// Events that no reader can decode, and what `strowger log repair` did about them.
#pragma once

#include "events/ids.hpp"
#include "events/secret.hpp"
#include "events/uuid.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

// Stands for an event that cannot be decoded. decode_or_quarantine() (events/event.hpp) makes one in memory, so that
// everybody who follows the log passes over the event; `strowger log repair` leaves one in the log where an event
// cannot be mended.
struct Undecodable {
  static constexpr std::string_view type = "history.undecodable";
  static constexpr std::uint16_t schema = 1;
  std::string was;  // the event's type
  std::uint16_t was_schema = 0;
  std::string reason;  // why it cannot be decoded
  bool newer = false;  // a newer release wrote it; never so in the log
  Uuid repair;         // the id of the LogRepaired that keeps its data; nil while the log itself has it
};
BOOST_DESCRIBE_STRUCT(Undecodable, (), (was, was_schema, reason, newer, repair))

// What a repair replaced of a record: the data of a mended one (text that was not UTF-8 has U+FFFD now), everything but
// the place of one that was set aside (an Undecodable stands there).
enum class RepairOutcome : std::uint8_t { mended, set_aside };
BOOST_DESCRIBE_ENUM(RepairOutcome, mended, set_aside)

struct RepairedRecord {
  Uuid event;
  std::string stream;
  std::string type;
  std::uint16_t schema = 0;
  RepairOutcome outcome = RepairOutcome::mended;
  std::string reason;     // why it could not be decoded
  std::string proof;      // SHA-256, as hex, of what stands in its place now
  SealedSecret original;  // its data as it was, in base64; masked like a secret, because there may be some in it
};
BOOST_DESCRIBE_STRUCT(RepairedRecord, (), (event, stream, type, schema, outcome, reason, proof, original))

// Stream system/log.
struct LogRepaired {
  static constexpr std::string_view type = "system.log_repaired";
  static constexpr std::uint16_t schema = 1;
  std::vector<RepairedRecord> records;
  std::uint64_t left = 0;  // damaged events before this one that are still to be repaired
};
BOOST_DESCRIBE_STRUCT(LogRepaired, (), (records, left))

}  // namespace strowger
