// The lines of an exported log: newline-delimited JSON, each line a CloudEvent 1.0.
//
//   strowger.export.started.v1    where it begins, and the hash that its first event follows on
//   strowger.<type>.v<schema>     an event, as /api/events shows it, but with its data as it lies in the log (secrets
//                                 sealed, not masked), its time in microseconds, and `recordformat` and `hash`;
//                                 of a folded one `bodydigest` too. Data that is no JSON (an event that cannot be
//                                 decoded) is in `data_base64` instead, a `by` that is not UTF-8 in `bybase64`
//   strowger.export.state.v1      a row beside the events (the wrapped data keys of sealed secrets, bindings, what
//                                 reactors have done, idempotency receipts), only in the export of a whole log
//   strowger.export.finished.v1   what was exported; without it the file is incomplete
// The hash chain proves the events. The rows have a hash over them all in the last line, which finds damage; they are
// latest values, with no history that could prove them.
#pragma once

#include "adapters/rocksdb/chain.hpp"
#include "events/record.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include <boost/describe.hpp>

namespace strowger::rocks {

struct ExportStarted {
  std::uint64_t from = 1;   // the first event's position
  std::string predecessor;  // hash of the event before it; 64 zeros before the first of all
};
BOOST_DESCRIBE_STRUCT(ExportStarted, (), (from, predecessor))

struct ExportedState {
  std::string family;  // state or receipts
  std::string key;     // base64, as the value
  std::string value;
};
BOOST_DESCRIBE_STRUCT(ExportedState, (), (family, key, value))

struct ExportFinished {
  std::uint64_t events = 0;
  std::string head;    // position:hash of the last event
  bool whole = false;  // a whole log, with what is beside its events: it can be imported
  std::uint64_t state_rows = 0;
  std::string state_hash;
};
BOOST_DESCRIBE_STRUCT(ExportFinished, (), (events, head, whole, state_rows, state_hash))

struct ExportedRecord {
  Position position{};
  std::string stored;  // the record as it lies in the log
};

using ExportLine = std::variant<ExportStarted, ExportedRecord, ExportedState, ExportFinished>;

std::string to_line(const ExportStarted& started, Timestamp now);
std::string to_line(const ExportedState& row);
std::string to_line(const ExportFinished& finished, Timestamp now);
// `export_inexact` where the line could not be turned back into the very same bytes.
Result<std::string> to_line(const Record& record, std::string_view stored);

// Reads lines; keeps memory from one to the next. One thread at a time.
class ExportLineReader {
 public:
  ExportLineReader();
  ~ExportLineReader();
  // Without the newline. `bad_export` says what is wrong with it.
  Result<ExportLine> read(std::string_view line);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

std::string to_base64(std::string_view bytes);
Result<std::string> from_base64(std::string_view text);

}  // namespace strowger::rocks
