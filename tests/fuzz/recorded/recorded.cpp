// Whatever bytes an adapter takes, what is recorded of them can be decoded, shown and stored again.
#include "adapters/rocksdb/archive/export_line.hpp"
#include "adapters/rocksdb/record_codec.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/adapter_events.hpp"

#include <simdjson.h>

using namespace strowger;

namespace {

// As another program would read it.
bool is_json(const std::string& text) {
  simdjson::dom::parser parser;
  return parser.parse(simdjson::padded_string(text)).error() == simdjson::SUCCESS;
}

}  // namespace

void fuzz(std::string_view input) {
  static test::AdapterEvents adapters;
  static rocks::Hasher hasher;
  const auto taken = adapters.take(input.substr(0, 4'096));
  FUZZ_CHECK(!taken.records.empty());
  for (const auto& record : taken.records) {
    FUZZ_CHECK(rocks::check_encodable(record.stream, record));
    const auto envelope = decode(record);
    FUZZ_CHECK(envelope);
    // What was read is written the same again.
    FUZZ_CHECK(std::visit([](const auto& event) { return json::to_string(event); }, envelope->event) == record.data);
    const auto shown = to_cloud_event(record, "strowger");
    FUZZ_CHECK(json::parse(shown) && is_json(shown));
    std::string stored;
    rocks::ChainEnd end{Position{number(record.position) - 1}, {}};
    rocks::encode_record(stored, record.stream, record.version, record, hasher, end);
    FUZZ_CHECK(rocks::decode_record(record.position, stored).value() == record);
    FUZZ_CHECK(rocks::to_line(record, stored));
  }
  for (const auto& binding : taken.bindings) FUZZ_CHECK(json::from_string<registrar::Binding>(binding));
  for (const auto& person : taken.people) FUZZ_CHECK(json::from_string<directory::Person>(person));
}
