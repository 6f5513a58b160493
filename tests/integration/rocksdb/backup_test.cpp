// Backups of a log that is being written, and what a restore makes of them.
#include "adapters/rocksdb/archive/backup.hpp"

#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/log_load.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <fstream>
#include <mutex>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
namespace fs = std::filesystem;

namespace {

struct Fixture {
  TemporaryFolder folder;
  fs::path backups = folder.path() / "data" / "backups";
  std::unique_ptr<RocksLog> log = RocksLog::open({.folder = folder.path() / "data" / "log"}).value();
  IdSource ids;

  void append(std::uint64_t events) {
    for (std::uint64_t i = 0; i < events; ++i) REQUIRE(append_and_wait(*log, sample_append(i % 7, ids)));
  }
  Result<Backup> create(std::optional<fs::path> master_key = {}) {
    return create_backup(backups, system_now(), [this](const fs::path& to) { return log->checkpoint(to); }, master_key);
  }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "backups taken under load hold all that was acknowledged before, and are restored proved") {
  std::mutex mutex;
  std::vector<Acknowledged> acknowledged;
  LogLoad load(*log, 1, [&](const Acknowledged& ack) {
    const std::lock_guard lock(mutex);
    acknowledged.push_back(ack);
  });
  for (std::uint64_t round = 1; round <= 4; ++round) {
    REQUIRE(eventually([&] { return number(log->last_position()) > round * 300; }));
    std::vector<Acknowledged> before;
    {
      const std::lock_guard lock(mutex);
      before = acknowledged;
    }
    const auto backup = create().value();
    const auto data_dir = folder.path() / ("restored " + std::to_string(round));
    const auto restored = restore_backup(backups / backup.name, data_dir, {}).value();
    CHECK(restored.proved.events == backup.events);
    CHECK(to_text(restored.proved.end) == backup.head);
    const auto opened = RocksLog::open({.folder = data_dir / "log"}).value();
    std::size_t missing = 0;
    for (const auto& ack : before) {
      const auto receipt = opened->find_receipt(load_key(ack.run, ack.writer, ack.number)).value();
      if (!receipt || number(receipt->position) != ack.position) ++missing;
    }
    CHECK(missing == 0);
    CHECK(before.size() >= 100);
    REQUIRE(append_and_wait(*opened, sample_append(1, ids)));
  }
  load.stop();
  const auto all = list_backups(backups).value();
  REQUIRE(all.size() == 4);
  CHECK(all.front().events > all.back().events);  // the newest first
  CHECK(append_and_wait(*log, sample_append(1, ids)));
}

TEST_CASE_METHOD(Fixture, "a backup stays as it was while the log goes on") {
  append(20);
  const auto backup = create().value();
  append(50);
  const auto restored = restore_backup(backups / backup.name, folder.path() / "other", {}).value();
  CHECK(restored.proved.events == 20);
  CHECK_FALSE(restored.master_key);
  CHECK_FALSE(fs::exists(folder.path() / "other" / "master.key"));
}

TEST_CASE_METHOD(Fixture, "the master key is taken along only where it was asked for, and never put over another") {
  append(3);
  const auto key = folder.path() / "data" / "master.key";
  std::ofstream(key) << "the key";
  CHECK_FALSE(create().value().master_key);
  const auto backup = create(key).value();
  CHECK(backup.master_key);
  const auto kept = backups / backup.name / "master.key";
  CHECK((fs::status(kept).permissions() & fs::perms::mask) == (fs::perms::owner_read | fs::perms::owner_write));
  const auto first = folder.path() / "first", second = folder.path() / "second";
  CHECK(restore_backup(backups / backup.name, first, {}).value().master_key);
  CHECK(fs::file_size(first / "master.key") == 7);
  fs::create_directory(second);
  std::ofstream(second / "master.key") << "another";
  CHECK_FALSE(restore_backup(backups / backup.name, second, {}).value().master_key);
  std::string text;
  std::ifstream(second / "master.key") >> text;
  CHECK(text == "another");
}

TEST_CASE_METHOD(Fixture, "a backup that was changed or lost its end is not restored") {
  append(20);
  auto backup = create().value();
  const auto folder_of = backups / backup.name;
  const auto data_dir = folder.path() / "other";
  std::string code = "log_not_proved";
  SECTION("a rewritten record with a fitting checksum") {
    StoredLog stored(folder_of / "log");
    auto record = stored.get(7);
    record[record.find("192.0.2.17")] = '2';
    stored.put(7, with_checksum(record, 7));
  }
  SECTION("its end cut off") {
    StoredLog(folder_of / "log").cut_off(20);
  }
  SECTION("its description is gone") {
    fs::remove(folder_of / "backup.json");
    code = "no_backup";
    CHECK(list_backups(backups).value().empty());
  }
  const auto restored = restore_backup(folder_of, data_dir, {});
  REQUIRE_FALSE(restored);
  CHECK(restored.error().code == code);
  CHECK(fs::is_empty(data_dir));
}

TEST_CASE_METHOD(Fixture, "a backup is restored beside the backups and a master key, and over nothing else") {
  append(5);
  const auto backup = create().value();
  const auto data_dir = folder.path() / "data";
  CHECK(restore_backup(backups / backup.name, data_dir, {}).error().code == "data_dir_not_empty");
  log.reset();
  fs::remove_all(data_dir / "log");
  std::ofstream(data_dir / "master.key") << "key";
  CHECK(restore_backup(backups / backup.name, data_dir, {}));
  log = RocksLog::open({.folder = data_dir / "log"}).value();
  CHECK(number(log->last_position()) == 5);
}

TEST_CASE_METHOD(Fixture, "a backup that fails leaves nothing behind, and clears what an interrupted one left") {
  append(5);
  fs::create_directories(backups / "2026-01-08T194000.123Z.unfinished" / "log");
  CHECK(list_backups(backups).value().empty());
  const auto failed =
      create_backup(backups, system_now(), [](const fs::path&) -> Result<void> { return unavailable("no", "no"); }, {});
  CHECK(failed.error().code == "no");
  CHECK(fs::is_empty(backups));
  CHECK(create());
}
