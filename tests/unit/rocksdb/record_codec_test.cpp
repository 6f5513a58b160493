#include "adapters/rocksdb/record_codec.hpp"

#include "events/json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"

#include <filesystem>
#include <fstream>

#include <boost/algorithm/hex.hpp>

using namespace strowger;
using namespace strowger::rocks;
using test::with_checksum;

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
  Hasher hasher;
  ChainEnd end{Position{number(record.position) - 1}, {}};
  encode_record(out, record.stream, record.version, record, hasher, end);
  return out;
}

// As a release stored it: tests/golden/records holds one record of each format, as hex. Never change one.
std::string golden(const std::string& name) {
  std::ifstream file(std::filesystem::path(STROWGER_GOLDEN_RECORDS) / (name + ".hex"));
  std::string hex, bytes;
  file >> hex;
  boost::algorithm::unhex(hex, std::back_inserter(bytes));
  REQUIRE_FALSE(bytes.empty());
  return bytes;
}

Record golden_record(std::uint64_t position) {
  Record record;
  record.id = Uuid::parse("019a0000-0000-7000-8000-000000000001").value();
  record.type = "device.unregistered";
  record.time = parse_iso8601("2026-01-08T19:40:00.123456Z").value();
  record.by = "admin:ann";
  record.correlation = Uuid::parse("019a0000-0000-7000-8000-000000000002").value();
  record.causation = Uuid::parse("019a0000-0000-7000-8000-000000000003").value();
  record.data = R"({"mac":"001565123456","extension":"1001"})";
  record.stream = StreamId("device", "001565123456");
  record.version = StreamVersion{position - 6};
  record.position = Position{position};
  return record;
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

TEST_CASE("every format that a release ever stored is read, and the chain leads from one to the next") {
  const auto first = golden("format1"), second = golden("format2");
  CHECK(decode_record(Position{9}, first).value() == golden_record(9));
  CHECK(decode_record(Position{10}, second).value() == golden_record(10));
  Hasher hasher;
  const auto start = check_link(Position{9}, first, Hash{}, hasher).value();
  CHECK(start.holds);
  const auto link = check_link(Position{10}, second, start.hash, hasher).value();
  CHECK(link.holds);
  CHECK(to_hex(link.hash) == "dc2ce8cb4d1a67d019bad30667a0cd29181c9cbb50cf31ee3ad2f12f9ed605ff");
  // What is written today is what was released.
  std::string present;
  ChainEnd end{Position{9}, start.hash};
  const auto record = golden_record(10);
  encode_record(present, record.stream, record.version, record, hasher, end);
  CHECK(present == second);
  CHECK(end == ChainEnd{Position{10}, link.hash});
}

TEST_CASE("a folded record keeps its place in the chain, and is what a release made of it") {
  Hasher hasher;
  const auto first = golden("format1"), second = golden("format2");
  const auto marker = json::to_string(Folded{"device.unregistered", 12, 3, 1, 2});
  const auto folded = fold_record(Position{10}, second, marker, hasher).value();
  CAPTURE(boost::algorithm::hex_lower(folded));
  CHECK(folded == golden("format3"));
  CHECK(is_folded(folded));
  CHECK(fold_record(Position{10}, folded, "{}", hasher).value() == folded);  // once is enough
  const auto before = hasher.digest(first);
  const auto whole = check_link(Position{10}, second, before, hasher).value();
  const auto link = check_link(Position{10}, folded, before, hasher).value();
  CHECK(link.holds);
  CHECK(link.hash == whole.hash);
  CHECK_FALSE(check_link(Position{10}, folded, Hash{}, hasher)->holds);

  const auto was = golden_record(10), is = decode_record(Position{10}, folded).value();
  CHECK(is.stream == was.stream);
  CHECK(is.version == was.version);
  CHECK(is.id == was.id);
  CHECK(is.time == was.time);
  CHECK(is.type == "history.folded");
  CHECK(is.by.empty());
  CHECK(is.correlation == is.id);
  CHECK(is.data == marker);
  // One that carries no hash goes on counting in the chain by the digest of what it was.
  const auto unchained = fold_record(Position{9}, first, marker, hasher).value();
  CHECK(check_link(Position{9}, unchained, Hash{}, hasher)->hash == before);
  for (std::size_t size = 0; size < folded.size(); ++size)
    REQUIRE_FALSE(decode_record(Position{10}, folded.substr(0, size)));
}

TEST_CASE("the chain shows another predecessor, another place and another body, whatever the checksum says") {
  Hasher hasher;
  const auto whole = golden("format2");
  const auto before = hasher.digest(golden("format1"));
  CHECK(check_link(Position{10}, whole, before, hasher)->holds);
  CHECK_FALSE(check_link(Position{10}, whole, Hash{}, hasher)->holds);
  for (std::size_t i = 5; i < whole.size(); ++i) {
    auto changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(check_link(Position{10}, with_checksum(changed, 10), before, hasher).value().holds);
  }
  CHECK_FALSE(check_link(Position{11}, with_checksum(whole, 11), before, hasher).value().holds);
}

TEST_CASE("a hash is read from its hex digits") {
  Hasher hasher;
  const auto hash = hasher.digest("abc");  // FIPS 180-2, appendix B.1
  CHECK(to_hex(hash) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hash_from_hex(to_hex(hash)).value() == hash);
  for (const auto* bad : {"", "ba", "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})
    CHECK_FALSE(hash_from_hex(bad));
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
