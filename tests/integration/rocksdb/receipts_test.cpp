// Receipts of idempotency keys: what they hold, and that they end.
#include "adapters/rocksdb/archive/verify.hpp"
#include "adapters/rocksdb/receipt_ages.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <atomic>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
using namespace std::chrono_literals;

namespace {

struct DatedLog {
  TemporaryFolder folder;
  std::atomic<std::int64_t> passed{0};  // seconds
  Timestamp begun = system_now();
  IdSource ids{system_now, 1};
  std::unique_ptr<RocksLog> log = opened();

  Timestamp now() const { return begun + std::chrono::seconds(passed.load()); }
  std::unique_ptr<RocksLog> opened() {
    LogOptions options;
    options.folder = folder.path() / "log";
    options.receipts_kept = 1h;
    options.now = [this] { return now(); };
    return RocksLog::open(options).value();
  }
  void reopen() {
    log.reset();
    log = opened();
  }
  Receipt append(const std::string& key, const std::string& note = {}) {
    auto request = sample_append(1, ids);
    for (auto& event : request.events) event.time = now();
    request.idempotency_key = key;
    request.receipt_note = note;
    return append_and_wait(*log, std::move(request)).value();
  }
  std::optional<Receipt> find(const std::string& key) { return log->find_receipt(key).value(); }
  // Rows of the family, receipts and their ages.
  std::pair<int, int> stored() {
    log.reset();
    std::pair<int, int> out;
    {
      const auto env = rocksdb::NewCompositeEnv(rocksdb::FileSystem::Default());
      std::unique_ptr<Database> database;
      REQUIRE(
          Database::open({folder.path() / "log", env.get(), 8U << 20, 4U << 20}, Access::read_write, database).ok());
      CHECK(verify_log(*database, {}, {}));
      const std::unique_ptr<rocksdb::Iterator> rows(database->db().NewIterator({}, (*database)[Family::receipts]));
      for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++(is_age_row(view(rows->key())) ? out.second : out.first);
    }
    log = opened();
    return out;
  }
};

}  // namespace

TEST_CASE_METHOD(DatedLog, "a receipt gives its note back, after a restart too, and a second one does not replace it") {
  const std::string note("first\0note", 10);
  const auto receipt = append("a", note);
  CHECK(append("a", "second").position == receipt.position);
  for (int i = 0; i < 2; ++i) {
    const auto found = find("a");
    REQUIRE(found);
    CHECK(found->note == note);
    CHECK(found->position == receipt.position);
    CHECK(found->repeated);
    reopen();
  }
  // A note alone: no event, and yet a receipt.
  AppendRequest request;
  request.idempotency_key = "b";
  request.receipt_note = "alone";
  REQUIRE(append_and_wait(*log, request));
  CHECK(find("b")->note == "alone");
}

TEST_CASE_METHOD(DatedLog, "a receipt ends when its time is over, and its key can be used anew") {
  const auto first = append("a");
  passed = 3'599;
  CHECK(append("a").repeated);
  passed = 3'601;
  CHECK_FALSE(find("a"));
  const auto second = append("a");
  CHECK_FALSE(second.repeated);
  CHECK(second.position > first.position);
  CHECK(append("a").position == second.position);
  // What is dropped with the first is not the second.
  passed = 3'700;
  append("b");
  CHECK(find("a")->position == second.position);
  CHECK(stored() == std::pair(2, 2));
}

TEST_CASE_METHOD(DatedLog, "what has ended leaves the database as new receipts come") {
  for (int i = 0; i < 100; ++i) append("old-" + std::to_string(i));
  CHECK(stored() == std::pair(100, 100));
  passed = 7'200;
  for (int i = 0; i < 20; ++i) append("new-" + std::to_string(i));
  CHECK(stored() == std::pair(20, 20));
  CHECK(find("new-3"));
}

TEST_CASE_METHOD(DatedLog, "the receipts of an earlier release are known, and end a window after the first start") {
  const auto receipt = append("early");
  log.reset();
  {
    StoredLog beneath(folder.path() / "log");
    std::string old = StoredLog::key(number(receipt.version)) + StoredLog::key(number(receipt.position));
    append_key(old, checksum(old));
    beneath.put(Family::receipts, "early", old);
    std::string age("\0t", 2);
    append_key(age, static_cast<std::uint64_t>(begun.time_since_epoch().count()));
    beneath.erase(Family::receipts, age + "early");
    beneath.erase(Family::meta, "receipts_aged");
    beneath.put(Family::meta, "format", "3");
  }
  passed = 86'400;
  log = opened();
  CHECK(find("early")->position == receipt.position);
  CHECK(append("early").repeated);
  CHECK(stored() == std::pair(1, 1));
  passed = 86'400 + 3'601;
  append("later");
  CHECK_FALSE(find("early"));
  CHECK(stored() == std::pair(1, 1));
}

TEST_CASE_METHOD(DatedLog, "a key that begins with a NUL is refused") {
  auto request = sample_append(1, ids);
  request.idempotency_key = std::string("\0t12345678x", 11);
  CHECK(append_and_wait(*log, std::move(request)).error().code == "bad_idempotency_key");
}
