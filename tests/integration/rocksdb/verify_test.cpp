// `strowger log verify` on logs that were tampered with: each fault is found, named and placed.
#include "adapters/rocksdb/archive/verify.hpp"

#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <fstream>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;

namespace {

constexpr std::uint64_t events = 200;

// A log of 200 events in 5 streams.
struct Fixture {
  TemporaryFolder folder;
  IdSource ids;
  std::uint64_t appended = 0;

  Fixture() { append(events); }

  void append(std::uint64_t count) {
    const auto log = RocksLog::open({.folder = folder.path()}).value();
    for (std::uint64_t i = 0; i < count; ++i) {
      auto request = sample_append(i % 5, ids);
      request.state.push_back({"load", "n", std::to_string(i)});
      request.idempotency_key = "key " + std::to_string(++appended);
      REQUIRE(append_and_wait(*log, std::move(request)));
    }
  }
  Result<Proved> verify(std::optional<ChainEnd> anchor = {}) {
    return with_log(folder.path(), [&](Database& database) { return verify_log(database, anchor, {}); });
  }
  // That the first bad record is found there, and what is said of it.
  void check_bad(std::uint64_t position, const std::string& what) {
    const auto proved = verify();
    REQUIRE_FALSE(proved);
    CAPTURE(proved.error().message);
    CHECK(proved.error().code == "log_not_proved");
    CHECK(proved.error().message.starts_with("event " + std::to_string(position) + " "));
    CHECK_THAT(proved.error().message, ContainsSubstring(what));
    CHECK_THAT(proved.error().message, ContainsSubstring("restore"));
  }
};

// The record with one byte of its data changed, and whatever stands in for a hash kept as it was.
std::string with_other_data(std::string stored, std::uint64_t position) {
  const auto at = stored.find("192.0.2.17");
  REQUIRE(at != std::string::npos);
  stored[at] = '2';
  return with_checksum(std::move(stored), position);
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a log as it was written is proved, stopped and beside the server that has it open") {
  const auto stopped = verify().value();
  CHECK(stopped.events == events);
  CHECK(stopped.streams == 5);
  CHECK(number(stopped.end.position) == events);
  CHECK(stopped.earliest <= stopped.latest);
  CHECK_FALSE(stopped.unchained);
  const auto log = RocksLog::open({.folder = folder.path()}).value();
  REQUIRE(append_and_wait(*log, sample_append(1, ids)));
  const auto beside = verify().value();
  CHECK(beside.events == events + 1);
  REQUIRE(append_and_wait(*log, sample_append(1, ids)));  // it did not disturb the server
}

TEST_CASE("an empty log is proved, and none is said to be none") {
  TemporaryFolder folder;
  const auto verify = [&] {
    return with_log(folder.path(), [&](Database& database) { return verify_log(database, {}, {}); });
  };
  CHECK(verify().error().code == "no_log");
  RocksLog::open({.folder = folder.path()}).value().reset();
  CHECK(verify().value().events == 0);
  CHECK(verify().value().end == ChainEnd{});
}

TEST_CASE_METHOD(Fixture, "while a stopped log is verified no server starts on it") {
  const auto reading = ReadOnlyLog::open(folder.path()).value();
  CHECK_FALSE(reading->live());
  CHECK(RocksLog::open({.folder = folder.path()}).error().code == "log_locked");
}

TEST_CASE_METHOD(Fixture, "a flipped byte is found") {
  {
    StoredLog stored(folder.path());
    auto record = stored.get(77);
    record[record.size() / 2] = static_cast<char>(record[record.size() / 2] ^ 4);
    stored.put(77, record);
  }
  check_bad(77, "damaged");
}

TEST_CASE_METHOD(Fixture, "a byte that flipped on the disk is found") {
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() != ".sst" || entry.file_size() < 3'000) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(700);
    const char byte = static_cast<char>(file.get());
    file.seekp(700);
    file.put(static_cast<char>(byte ^ 1));
  }
  const auto proved = verify();
  REQUIRE_FALSE(proved);
  CAPTURE(proved.error().message);
  CHECK_THAT(proved.error().message, ContainsSubstring("cannot be read") && ContainsSubstring("restore"));
}

TEST_CASE_METHOD(Fixture, "a removed record is found, the last one too") {
  const std::uint64_t position = GENERATE(1, 77, 200);
  StoredLog(folder.path()).erase(position);
  check_bad(position, "is missing");
}

TEST_CASE_METHOD(Fixture, "two records that were exchanged are found, with their checksums made to fit too") {
  const bool fitting = GENERATE(false, true);
  {
    StoredLog stored(folder.path());
    auto first = stored.get(50), second = stored.get(60);
    stored.put(60, fitting ? with_checksum(first, 60) : first);
    stored.put(50, fitting ? with_checksum(second, 50) : second);
  }
  check_bad(50, fitting ? "does not follow" : "damaged");
}

TEST_CASE_METHOD(Fixture, "a record that was rewritten with a fitting checksum is found by the chain alone") {
  {
    StoredLog stored(folder.path());
    stored.put(77, with_other_data(stored.get(77), 77));
  }
  {
    const auto log = RocksLog::open({.folder = folder.path()}).value();
    CHECK(log->read_all(Position{0}, 1'000).value().size() == events);  // which reads it as if nothing was
  }
  check_bad(77, "does not follow on the one before it");
}

TEST_CASE_METHOD(Fixture, "a record whose hash was made to fit too is found by its successor") {
  {
    StoredLog stored(folder.path());
    Hasher hasher;
    const auto before = check_link(Position{76}, stored.get(76), {}, hasher)->hash;
    auto record = with_other_data(stored.get(77), 77);
    const auto hash = hasher.link(before, Position{77}, std::string_view(record).substr(4, record.size() - 36));
    std::copy(hash.begin(), hash.end(), record.end() - 32);
    stored.put(77, with_checksum(record, 77));
  }
  check_bad(78, "One of the two was changed");
}

TEST_CASE_METHOD(Fixture, "an end that was cut off, or a log that was written anew, is found by the anchor") {
  const auto before = verify().value().end;
  append(10);
  CHECK(verify(before));
  SECTION("cut off, with the index and the receipts") {
    StoredLog stored(folder.path());
    stored.cut_off(196);
    for (std::uint64_t position = 196; position <= 210; ++position)
      stored.erase(Family::receipts, "key " + std::to_string(position));
  }
  SECTION("written anew") {
    std::filesystem::remove_all(folder.path());
    append(210);
  }
  CHECK(verify());
  const auto proved = verify(before);
  REQUIRE_FALSE(proved);
  CHECK(proved.error().code == "log_not_proved");
  CHECK(parse_anchor(to_text(before)).value() == before);
  for (const auto* bad : {"", "7", "x:00", "7:00"}) CHECK_FALSE(parse_anchor(bad));
}

TEST_CASE_METHOD(Fixture, "an index that does not fit the records is found, in both directions") {
  const auto stream = StreamId::of(sample_mac(1));  // events 2, 7, 12, …
  SECTION("an event is not in it") {
    StoredLog stored(folder.path());
    stored.index(stream, 1, {2});
    stored.index(stream, 3, {12});
    check_bad(7, "missing in the index");
  }
  SECTION("it leads to another event") {
    StoredLog(folder.path()).index(stream, 2, {3});
    check_bad(3, "is not what the index leads to: version 2 of " + stream.text());
  }
  SECTION("it leads to an event that is not there") {
    StoredLog(folder.path()).index(stream, 41, {3});
    check_bad(3, "there is no such event");
  }
  SECTION("it knows a stream that is not there") {
    StoredLog(folder.path()).index(StreamId("device", "none"), 1, {3});
    check_bad(3, "there is no such event");
  }
  SECTION("it is no index") {
    StoredLog(folder.path()).put(Family::streams, StoredLog::key(stream, 1), "\x80");
    CHECK_THAT(verify().error().message, ContainsSubstring("cannot be read") && ContainsSubstring(stream.text()));
  }
  SECTION("it claims more than there is") {
    StoredLog(folder.path()).put(Family::meta, std::string(indexed_key), StoredLog::key(201));
    check_bad(201, "indexed up to event 201");
  }
}

TEST_CASE_METHOD(Fixture, "a stream version that is there twice is found, whatever the chain says") {
  {
    StoredLog stored(folder.path());
    Hasher hasher;
    const auto before = check_link(Position{199}, stored.get(199), {}, hasher)->hash;
    const auto record = decode_record(Position{200}, stored.get(200)).value();
    std::string again;
    ChainEnd end{Position{199}, before};
    encode_record(again, record.stream, StreamVersion{number(record.version) - 1}, record, hasher, end);
    stored.put(200, again);
  }
  check_bad(200, "has the stream version 39, where version 40 must follow");
}

TEST_CASE_METHOD(Fixture, "a log that the first releases began is proved, and it is said from where on by its hashes") {
  to_first_format(folder.path(), events);
  append(5);
  const auto proved = verify().value();
  CHECK(proved.events == events + 5);
  REQUIRE(proved.unchained);
  CHECK(number(*proved.unchained) == events);
  // Its last record of the old format is held by the chain.
  {
    StoredLog stored(folder.path());
    stored.put(events, with_other_data(stored.get(events), events));
  }
  check_bad(events + 1, "does not follow");
}
