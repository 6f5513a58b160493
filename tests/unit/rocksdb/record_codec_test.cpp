#include "adapters/rocksdb/record_codec.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"

using namespace strowger;
using namespace strowger::rocks;

namespace {

Record sample(const Cause& cause) {
  IdSource ids(system_now, 1);
  Record record;
  static_cast<NewRecord&>(record) = encode(DeviceUnregistered{test::sample_mac(7), {}}, cause, system_now(), ids);
  record.stream = StreamId::of(test::sample_mac(7));
  record.version = StreamVersion{3};
  record.position = Position{9};
  return record;
}

std::string stored(const Record& record) {
  std::string out;
  encode_record(out, record.stream, record.version, record.position, record);
  return out;
}

}  // namespace

TEST_CASE("a stored record is read as it was") {
  IdSource ids(system_now, 2);
  for (const auto& cause :
       {Cause{"admin:ann", {}, {}}, Cause{"", ids.next(), {}}, Cause{"system", ids.next(), ids.next()}}) {
    const auto record = sample(cause);
    CHECK(decode_record(record.position, stored(record)).value() == record);
  }
}

TEST_CASE("every damaged byte of a record is found, and the error names its position") {
  const auto record = sample({"admin:ann", {}, {}});
  const auto whole = stored(record);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const auto read = decode_record(record.position, damaged);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == "record_damaged");
    CHECK_THAT(read.error().message, ContainsSubstring("event 9 "));
  }
}

TEST_CASE("a record that was cut short or lies in a wrong place is found") {
  const auto record = sample({"admin:ann", {}, {}});
  const auto whole = stored(record);
  for (std::size_t size = 0; size < whole.size(); ++size)
    REQUIRE_FALSE(decode_record(record.position, whole.substr(0, size)));
  CHECK_FALSE(decode_record(Position{10}, whole));
}

TEST_CASE("what does not fit the format is refused before it is queued") {
  auto event = sample({"admin:ann", {}, {}});
  CHECK(check_encodable(event.stream, event));
  CHECK_FALSE(check_encodable(StreamId{}, event));
  CHECK_FALSE(check_encodable(StreamId("device", std::string("a\0b", 3)), event));
  event.data.assign(max_data_bytes + 1, 'x');
  CHECK(check_encodable(event.stream, event).error().kind == ErrorKind::too_large);
}

TEST_CASE("keys sort as the numbers that they hold") {
  std::string last;
  for (const std::uint64_t value : {0ULL, 1ULL, 255ULL, 256ULL, 65'535ULL, 1ULL << 40, ~0ULL}) {
    std::string key;
    append_key(key, value);
    CHECK(read_key(key) == value);
    CHECK((last.empty() || last < key));
    last = key;
  }
}
