// What a start does with a folder that is not as it was left: a torn end is cut off, damage is named.
#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <rocksdb/write_batch.h>

using namespace strowger;
using namespace strowger::test;
namespace fs = std::filesystem;

namespace {

// The folder of a log with `events` events as it lies while the log is open: as after a crash.
struct Crashed {
  explicit Crashed(std::uint64_t events, std::size_t path_bytes = 20) {
    IdSource ids;
    auto log = rocks::RocksLog::open({.folder = folder.path() / "open"}).value();
    for (std::uint64_t i = 0; i < events; ++i) {
      auto request = sample_append(i, ids);
      request.events[0] = sample_event(i, ids, std::string(path_bytes, 'p'));
      REQUIRE(append_and_wait(*log, std::move(request)));
    }
    fs::copy(folder.path() / "open", folder.path() / "log", fs::copy_options::recursive);
    fs::remove(folder.path() / "log" / "LOCK");
  }

  fs::path newest_wal() const {
    fs::path newest;
    for (const auto& entry : fs::directory_iterator(folder.path() / "log"))
      if (entry.path().extension() == ".log" && entry.file_size() > 0) newest = std::max(newest, entry.path());
    return newest;
  }
  std::string wal() const {
    std::ostringstream out;
    out << std::ifstream(newest_wal(), std::ios::binary).rdbuf();
    return out.str();
  }
  void set_wal(const std::string& bytes) const {
    std::ofstream(newest_wal(), std::ios::binary | std::ios::trunc) << bytes;
  }
  Result<std::uint64_t> reopened_end() {
    auto log = rocks::RocksLog::open(
        {.folder = folder.path() / "log", .report = [this](const std::string& line) { reported += line; }});
    if (!log) return log.error();
    const auto events = (*log)->read_all(Position{0}, 1'000'000);
    if (!events) return events.error();
    CHECK(events->size() == number((*log)->last_position()));
    return number((*log)->last_position());
  }

  TemporaryFolder folder;
  std::string reported;
};

}  // namespace

TEST_CASE("a write that the power cut left in pieces is dropped, all before it stays") {
  Crashed crashed(50, GENERATE(20, 100'000));  // within one block of the log file, and over several
  auto wal = crashed.wal();
  SECTION("cut short") {
    crashed.set_wal(wal.substr(0, wal.size() - 5));
    CHECK(crashed.reopened_end().value() == 49);
  }
  SECTION("its last bytes never came: zeros") {
    std::fill(wal.end() - 60, wal.end(), '\0');
    crashed.set_wal(wal);
    CHECK(crashed.reopened_end().value() == 49);
    CHECK_THAT(crashed.reported, ContainsSubstring("never acknowledged"));
  }
  SECTION("a piece in its middle never came") {
    std::fill(wal.end() - 200, wal.end() - 150, '\0');
    crashed.set_wal(wal);
    CHECK(crashed.reopened_end().value() == 49);
  }
  SECTION("the file is longer than what was written") {
    crashed.set_wal(wal + std::string(10'000, '\0'));
    CHECK(crashed.reopened_end().value() == 50);
  }
}

TEST_CASE("a large last write of which only the end came is dropped") {
  Crashed crashed(3, 100'000);
  auto wal = crashed.wal();
  std::fill(wal.end() - 95'000, wal.end() - 60'000, '\0');
  crashed.set_wal(wal);
  CHECK(crashed.reopened_end().value() == 2);
}

TEST_CASE("damage before the last write stops the start, whatever follows it") {
  Crashed crashed(50, GENERATE(20, 40'000));
  const auto whole = crashed.wal();
  for (const std::size_t part : {2, 3, 5}) {
    auto wal = whole;
    const auto at = wal.size() / part;
    wal[at] = static_cast<char>(wal[at] ^ 1);
    crashed.set_wal(wal);
    const auto end = crashed.reopened_end();
    REQUIRE_FALSE(end);
    CHECK(end.error().code == "log_damaged");
    CHECK(crashed.wal() == wal);  // nothing was cut
  }
  crashed.set_wal(whole);
  CHECK(crashed.reopened_end().value() == 50);
}

namespace {

// A log as an earlier release left it: events that were synced, then snapshots in writes of their own that were not.
struct WithLazySnapshots : Crashed {
  static constexpr std::uint64_t events = 20;

  explicit WithLazySnapshots(bool event_at_the_end = false) : Crashed(events) {
    std::unique_ptr<rocks::Database> database;
    const rocks::DatabaseOptions options{folder.path() / "log", rocksdb::Env::Default(), 4U << 20, 1U << 20};
    REQUIRE(rocks::Database::open(options, rocks::Access::read_write, database).ok());
    for (std::uint64_t n = 1; n <= 30; ++n) {
      rocksdb::WriteBatch batch;
      const Snapshot snapshot{StreamVersion{n}, 1, std::string(3'000, 's')};
      REQUIRE(batch.Put((*database)[rocks::Family::snapshots], "device/any", rocks::encode_snapshot(snapshot)).ok());
      REQUIRE(database->db().Write(rocksdb::WriteOptions(), &batch).ok());
    }
    if (event_at_the_end)
      REQUIRE(database->db().Put(rocksdb::WriteOptions(), (*database)[rocks::Family::state], "table\0key", "1").ok());
    fs::copy(folder.path() / "log", folder.path() / "cut", fs::copy_options::recursive);
    database.reset();
    fs::remove_all(folder.path() / "log");
    fs::rename(folder.path() / "cut", folder.path() / "log");
    fs::remove(folder.path() / "log" / "LOCK");
  }
  // One page that never came to the disk, in the middle.
  void lose_a_page() const {
    auto bytes = wal();
    REQUIRE(bytes.size() > 60'000);
    std::fill_n(bytes.begin() + 40'960, 4'096, '\0');
    set_wal(bytes);
  }
};

}  // namespace

TEST_CASE("a page lost among snapshots that an earlier release did not sync drops them and no event") {
  WithLazySnapshots crashed;
  crashed.lose_a_page();
  CHECK(crashed.reopened_end().value() == WithLazySnapshots::events);
  CHECK_THAT(crashed.reported, ContainsSubstring("never acknowledged"));
}

TEST_CASE("a page lost before a write that was synced stops the start, whatever the page held") {
  WithLazySnapshots crashed(true);
  crashed.lose_a_page();
  const auto end = crashed.reopened_end();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == "log_damaged");
}

TEST_CASE("a manifest whose last write came to the disk in part is cut back, and the log opens whole") {
  Crashed crashed(50);
  fs::path manifest;
  for (const auto& entry : fs::directory_iterator(crashed.folder.path() / "log"))
    if (entry.path().filename().string().starts_with("MANIFEST-")) manifest = entry.path();
  // A write of two pages, of which only the first came: a whole header, then zeros.
  std::string record(5'000, '\0');
  record.replace(0, 20, std::string("\x11\x22\x33\x44\x81\x13\x01", 7) + std::string(13, 'e'));
  std::ofstream(manifest, std::ios::binary | std::ios::app) << record;
  CHECK(crashed.reopened_end().value() == 50);
  CHECK_THAT(crashed.reported, ContainsSubstring("MANIFEST-") && ContainsSubstring("never acknowledged"));
}

TEST_CASE("a block that went bad on the disk is an error to who reads it, and all else goes on") {
  constexpr std::uint64_t events = 3'000;
  const TemporaryFolder folder;
  IdSource ids;
  {
    const auto log = rocks::RocksLog::open({.folder = folder.path()}).value();
    for (std::uint64_t i = 1; i < events; ++i) log->append(sample_append(i % 7, ids), [](const Result<Receipt>&) {});
    REQUIRE(append_and_wait(*log, sample_append(0, ids)));
  }
  fs::path largest;
  std::uintmax_t size = 0;
  for (const auto& entry : fs::directory_iterator(folder.path()))
    if (entry.path().extension() == ".sst" && entry.file_size() > size) {
      size = entry.file_size();
      largest = entry.path();
    }
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(700);
    const char byte = static_cast<char>(file.get());
    file.seekp(700);
    file.put(static_cast<char>(byte ^ 1));
  }
  const auto log = rocks::RocksLog::open({.folder = folder.path()}).value();
  const auto bad = log->read_all(Position{0}, events);
  REQUIRE_FALSE(bad);
  CAPTURE(bad.error().message);
  CHECK(bad.error().code == "log_damaged");
  CHECK_THAT(bad.error().message, ContainsSubstring("event ") && ContainsSubstring("backup"));
  CHECK(log->read_all(Position{events - 100}, events).value().size() == 100);
  CHECK_FALSE(log->fault());
  REQUIRE(append_and_wait(*log, sample_append(1, ids)));
  CHECK(log->read_back(Position{events + 2}, 10).value().size() == 10);
}
