// A disk that is full or fails its syncs while the server runs: nothing acknowledged is lost, nothing refused is seen,
// then or later, and the log heals by itself.
#include "adapters/rocksdb/archive/backup.hpp"
#include "adapters/rocksdb/archive/verify.hpp"
#include "events/projection_runner.hpp"
#include "tests/faults/log/fault_disk.hpp"
#include "tests/faults/log/ledger.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temporary_folder.hpp"

#include <future>
#include <set>
#include <thread>

using namespace strowger;
using namespace strowger::test;
using namespace std::chrono_literals;
using Fault = FaultDisk::Fault;

namespace {

struct Fixture {
  TemporaryFolder folder;
  std::shared_ptr<FaultDisk> disk = std::make_shared<FaultDisk>(1);
  IdSource ids;
  std::unique_ptr<rocks::RocksLog> log = open(disk);

  std::unique_ptr<rocks::RocksLog> open(std::shared_ptr<rocksdb::FileSystem> on) {
    rocks::LogOptions options{.folder = folder.path() / "log"};
    options.recent_events = 8;  // the index is stored in nearly every test
    options.retry_first = 1ms;
    options.retry_most = 10ms;
    options.file_system = std::move(on);
    return rocks::RocksLog::open(options).value();
  }
  Result<Receipt> append(std::uint64_t device, const std::string& key = {}) {
    auto request = sample_append(device, ids);
    request.state.push_back({"state", "device", std::to_string(device)});
    request.idempotency_key = key;
    return append_and_wait(*log, std::move(request));
  }
  bool heals() {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (log->fault() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
    if (log->fault()) UNSCOPED_INFO(log->fault()->message);
    return !log->fault();
  }
  std::uint64_t end() { return number(log->last_position()); }
  // Ends the log, and proves that what was refused left no trace in its chain either.
  void check_proved() {
    const auto last = end();
    log.reset();
    const auto proved = rocks::with_log(folder.path() / "log",
                                        [](rocks::Database& database) { return rocks::verify_log(database, {}, {}); });
    REQUIRE(proved);
    CHECK(number(proved->end.position) == last);
  }
};

}  // namespace

TEST_CASE("while the disk is at fault appends are refused and reads go on, and afterwards all is as if nothing was") {
  const auto fault = GENERATE(Fault::sync, Fault::full);
  CAPTURE(int(fault));
  Fixture f;
  for (std::uint64_t device = 1; device <= 20; ++device) REQUIRE(f.append(device));

  f.disk->set(fault);
  for (int i = 0; i < 5; ++i) {
    const auto refused = f.append(99, "refused");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unavailable);
    CHECK(refused.error().code == "log_unavailable");
  }
  REQUIRE(f.log->fault());
  CHECK(f.end() == 20);
  // A full disk can still be cut back, so what is acknowledged stays readable.
  if (fault == Fault::full) {
    CHECK(f.log->read_all(Position{0}, 100).value().size() == 20);
    CHECK(f.log->read_stream(StreamId::of(sample_mac(99)), StreamVersion{0}, 10).value().empty());
    CHECK(f.log->load_state("state", "device").value() == "20");
  }
  f.disk->set(Fault::none);
  REQUIRE(f.heals());

  CHECK(f.log->read_stream(StreamId::of(sample_mac(99)), StreamVersion{0}, 10).value().empty());
  CHECK(f.log->load_state("state", "device").value() == "20");
  CHECK_FALSE(f.log->find_receipt("refused").value());
  CHECK(f.log->read_all(Position{0}, 100).value().size() == 20);
  const auto receipt = f.append(99, "refused").value();
  CHECK_FALSE(receipt.repeated);
  CHECK(number(receipt.position) == 21);
  CHECK(number(receipt.version) == 1);

  // Nor does anything refused turn up at the next start.
  f.check_proved();
  f.log = f.open(nullptr);
  CHECK(f.end() == 21);
  CHECK(f.log->read_all(Position{0}, 100).value().size() == 21);
  CHECK(f.log->read_stream(StreamId::of(sample_mac(99)), StreamVersion{0}, 10).value().size() == 1);
}

TEST_CASE("a single failed sync refuses its batch alone, and the process may die right after") {
  Fixture f;
  for (std::uint64_t device = 1; device <= 5; ++device) REQUIRE(f.append(device));
  f.disk->set_after(1, Fault::sync);
  AppendRequest request = sample_append(99, f.ids);
  request.state.push_back({"state", "device", "99"});
  // The disk is well again before the answer is given: the batch's bytes lie in the file, only its sync failed.
  std::promise<Result<Receipt>> answer;
  f.log->append(std::move(request), [&](Result<Receipt> receipt) { answer.set_value(std::move(receipt)); });
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!f.disk->faulty() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  f.disk->set(Fault::none);
  CHECK(answer.get_future().get().error().code == "log_unavailable");
  REQUIRE(f.heals());
  f.log.reset();
  f.log = f.open(nullptr);
  CHECK(f.end() == 5);
  CHECK(f.log->load_state("state", "device").value() == "5");
}

TEST_CASE("under load, faults come and go: every acknowledgement holds and nothing refused is there") {
  Fixture f;
  const auto store =
      rocks::RocksProjectionStore::open({.folder = f.folder.path() / "projections", .file_system = f.disk}).value();
  Ledger ledger;
  std::mutex mutex;
  std::set<std::string> acknowledged;
  {
    ServedCounts served;
    ProjectionRunner runner(*f.log, *store, {&served}, {.commit_every = 0ms, .retry_first = 1ms, .retry_most = 10ms});
    REQUIRE(runner.start());
    for (std::uint32_t round = 1; round <= 12; ++round) {
      LogLoad load(*f.log, round, [&](const Acknowledged& ack) {
        ledger.add(ack);
        const std::lock_guard lock(mutex);
        acknowledged.insert(load_key(ack.run, ack.writer, ack.number));
      });
      f.disk->set_after(5 + round * 3, round % 2 == 0 ? Fault::sync : Fault::full);
      REQUIRE(eventually([&] { return f.log->fault().has_value(); }));
      f.disk->set(Fault::none);
      REQUIRE(f.heals());
      const auto before = f.end();
      CHECK(eventually([&] { return f.end() >= before + 50; }));
    }
    REQUIRE(runner.wait_applied(f.log->last_position(), std::chrono::steady_clock::now() + 20s));
  }
  CHECK(f.log->counters().faults >= 12);
  for (int opened = 0; opened < 2; ++opened) {
    const auto faults = ledger.check(*f.log, *store, true);
    CAPTURE(faults);
    CHECK(faults.empty());
    // Every request was answered here, so each event belongs to one that was acknowledged: a request has one event or
    // two, and its receipt names the last.
    std::set<std::uint64_t> ends;
    for (const auto& key : acknowledged) ends.insert(number(f.log->find_receipt(key).value().value().position));
    CHECK(ends.size() == acknowledged.size());
    std::size_t strays = 0;
    for (const auto& record : f.log->read_all(Position{0}, 1'000'000).value()) {
      const auto position = number(record.position);
      if (!ends.contains(position) && !ends.contains(position + 1)) ++strays;
    }
    CHECK(strays == 0);
    CHECK(*ends.rbegin() == f.end());
    f.check_proved();
    f.log = f.open(nullptr);
  }
}

TEST_CASE("a fault of the disk after a backup cuts the log's own files, not the backup's") {
  Fixture f;
  const auto backups = f.folder.path() / "backups";
  std::vector<rocks::Backup> made;
  for (std::uint32_t round = 1; round <= 5; ++round) {
    // Under load, so that a write-ahead log is in the checkpoint too.
    LogLoad load(*f.log, round, [](const Acknowledged&) {});
    const auto before = f.end();
    REQUIRE(eventually([&] { return f.end() >= before + 200; }));
    made.push_back(
        rocks::create_backup(backups, system_now(), [&](const auto& to) { return f.log->checkpoint(to); }, {}).value());
    f.disk->set_after(3, Fault::sync);
    REQUIRE(eventually([&] { return f.log->fault().has_value(); }));
    f.disk->set(Fault::none);
    REQUIRE(f.heals());
  }
  for (const auto& backup : made) {
    const auto restored = rocks::restore_backup(backups / backup.name, f.folder.path() / ("of " + backup.name), {});
    if (!restored) UNSCOPED_INFO(restored.error().message);
    CHECK(restored);
  }
  f.check_proved();
}
