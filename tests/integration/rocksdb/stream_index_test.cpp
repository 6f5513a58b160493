// The index of the streams, which lies partly in memory and partly in the database, and is stored a little at a time.
#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <map>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t streams = 7;

struct Fixture {
  TemporaryFolder folder;
  IdSource ids;
  std::map<StreamId, std::vector<Uuid>> expected;
  std::unique_ptr<RocksLog> log = opened("log");

  std::unique_ptr<RocksLog> opened(const char* name) {
    // Looked up again and again, and stored every 20 events.
    return RocksLog::open({.folder = folder.path() / name, .recent_events = 20, .cached_streams = 2}).value();
  }
  void append(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto stream = StreamId::of(sample_mac(i * i % streams));
      auto& known = expected[stream];
      auto request = sample_append(i * i % streams, ids, ExpectedVersion::exactly(StreamVersion{known.size()}));
      known.push_back(request.events[0].id);
      REQUIRE(append_and_wait(*log, std::move(request)));
    }
  }
  void check(RocksLog& in) const {
    for (const auto& [stream, all] : expected) {
      for (std::size_t after = 0; after <= all.size(); ++after) {
        const auto records = in.read_stream(stream, StreamVersion{after}, 1'000).value();
        CAPTURE(stream.text(), after);
        REQUIRE(records.size() == all.size() - after);
        for (std::size_t i = 0; i < records.size(); ++i) REQUIRE(records[i].id == all[after + i]);
        CHECK(in.read_stream(stream, StreamVersion{after}, 2).value().size() ==
              std::min<std::size_t>(2, records.size()));
      }
      CHECK(in.read_stream(stream, StreamVersion{all.size() + 5}, 10).value().empty());
    }
    CHECK(in.read_stream(StreamId("device", "none"), StreamVersion{0}, 10).value().empty());
  }
  // As after a crash.
  void copy_open_log(const char* to) const {
    fs::remove_all(folder.path() / to);
    fs::copy(folder.path() / "log", folder.path() / to);
    fs::remove(folder.path() / to / "LOCK");
  }
  bool proved(const char* name) const {
    const auto done = with_log(folder.path() / name, [](Database& database) { return verify_log(database, {}, {}); });
    if (!done) UNSCOPED_INFO(done.error().message);
    return bool(done);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a stream is read whole wherever its index lies, after a crash and a stop too") {
  for (int step = 0; step < 30; ++step) {
    append(5);
    check(*log);
    copy_open_log("crashed");
    CHECK(proved("crashed"));
    check(*opened("crashed"));
    CHECK(proved("crashed"));
    if (step % 7 == 6) {
      log.reset();
      CHECK(proved("log"));
      log = opened("log");
      check(*log);
    }
  }
}

TEST_CASE_METHOD(Fixture, "a log of the release that indexed every event at once is read, and goes on") {
  append(100);
  log.reset();
  {
    StoredLog stored(folder.path() / "log");
    for (const auto& [stream, all] : expected) {
      std::uint64_t version = 0;
      for (std::uint64_t position = 1; position <= 100; ++position)
        if (decode_record(Position{position}, stored.get(position))->stream == stream)
          stored.put(Family::streams, StoredLog::key(stream, ++version), StoredLog::key(position));
    }
    stored.erase(Family::meta, std::string(indexed_key));
    stored.put(Family::meta, "format", "2");
  }
  CHECK(proved("log"));
  log = opened("log");
  check(*log);
  append(50);
  check(*log);
  log.reset();
  CHECK(proved("log"));
}

TEST_CASE_METHOD(Fixture, "a version that is missing in the index is said to be missing") {
  append(100);
  log.reset();
  const auto stream = StreamId::of(sample_mac(1));
  {
    StoredLog stored(folder.path() / "log");
    stored.erase(Family::streams, StoredLog::key(stream, 1));
  }
  log = opened("log");
  const auto read = log->read_stream(stream, StreamVersion{0}, 100);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == "log_damaged");
  CHECK_THAT(read.error().message, ContainsSubstring("version 1 of " + stream.text()));
}
