// The hash chain as it lies on the disk, over restarts and after a log that the first releases wrote.
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;

namespace {

struct Fixture {
  TemporaryFolder folder;
  IdSource ids;

  // Opens the log, appends that many events in several batches, and closes it.
  void append(std::uint64_t events) {
    const auto log = RocksLog::open({.folder = folder.path()}).value();
    for (std::uint64_t i = 0; i < events; ++i) {
      auto request = sample_append(i % 3, ids);
      if (i + 1 < events) request.events.push_back(sample_event(i % 3, ids, "/second")), ++i;
      REQUIRE(append_and_wait(*log, std::move(request)));
    }
  }
  // The hash of each record, from the first; each is proved to follow on the one before.
  std::vector<Hash> proved(std::uint64_t events) {
    StoredLog stored(folder.path());
    Hasher hasher;
    std::vector<Hash> hashes{Hash{}};
    for (std::uint64_t position = 1; position <= events; ++position) {
      const auto link = check_link(Position{position}, stored.get(position), hashes.back(), hasher).value();
      CAPTURE(position);
      CHECK(link.holds);
      hashes.push_back(link.hash);
    }
    return hashes;
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "every record follows on its predecessor, over restarts too") {
  append(7);
  append(4);
  const auto hashes = proved(11);
  // The chain tells records apart that are alike: each hash is there once.
  CHECK(std::set<Hash>(hashes.begin(), hashes.end()).size() == hashes.size());
}

TEST_CASE_METHOD(Fixture, "a log of the first releases opens, is read, and is chained from its last record on") {
  append(5);
  to_first_format(folder.path(), 5);
  const auto old_end = [&] {
    StoredLog stored(folder.path());
    Hasher hasher;
    return hasher.digest(stored.get(5));
  }();
  append(3);
  CHECK(proved(8)[5] == old_end);
  {
    const auto log = RocksLog::open({.folder = folder.path()}).value();
    const auto records = log->read_all(Position{0}, 100).value();
    REQUIRE(records.size() == 8);
    for (const auto& record : records) CHECK(decode(record));
  }
  StoredLog stored(folder.path());
  CHECK(stored.get(5)[4] == 1);  // never rewritten
  CHECK(stored.get(6)[4] == 2);
  CHECK(stored.get(Family::meta, "format") == folder_format);  // so that a first release says that it cannot read it
}

TEST_CASE_METHOD(Fixture, "a log whose last record is damaged does not start") {
  append(3);
  {
    StoredLog stored(folder.path());
    auto record = stored.get(3);
    record[60] = static_cast<char>(record[60] ^ 1);
    stored.put(3, record);
  }
  const auto opened = RocksLog::open({.folder = folder.path()});
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == "record_damaged");
  CHECK_THAT(opened.error().message, ContainsSubstring("event 3 "));
}
