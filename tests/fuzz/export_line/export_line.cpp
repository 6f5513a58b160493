// A line of an exported log: never a crash; an event that is taken becomes a record that can be read.
#include "adapters/rocksdb/archive/export_line.hpp"

#include "adapters/rocksdb/record_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace strowger::rocks;

void fuzz(std::string_view input) {
  ExportLineReader reader;
  const auto line = reader.read(input);
  if (!line) {
    FUZZ_CHECK(!line.error().message.empty());
    return;
  }
  if (const auto* record = std::get_if<ExportedRecord>(&*line))
    FUZZ_CHECK(decode_record(record->position, record->stored));
  if (const auto* row = std::get_if<ExportedState>(&*line)) (void)from_base64(row->value);
}
