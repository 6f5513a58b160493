// The power is cut at a random sync, many times: kill -9 cannot show this, because the page cache survives it.
// STROWGER_POWER_CUTS=1000 makes it so many; STROWGER_SEED=42 begins with that seed.
#include "events/projection_runner.hpp"
#include "tests/faults/log/fault_disk.hpp"
#include "tests/faults/log/ledger.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

#include <cstdlib>
#include <random>
#include <thread>

using namespace strowger;
using namespace strowger::test;
using namespace std::chrono_literals;

namespace {

struct Machine {
  explicit Machine(std::uint64_t seed) : random(seed), disk(std::make_shared<FaultDisk>(seed)) {}

  Result<std::unique_ptr<rocks::RocksLog>> open_log() {
    rocks::LogOptions options{.folder = folder.path() / "log"};
    options.memtable_bytes = 256U << 10;  // flushes and compactions in every round
    options.recent_events = 32;           // and the index is stored in every round
    options.retry_first = 1ms;
    options.file_system = disk;
    return rocks::RocksLog::open(options);
  }
  Result<std::unique_ptr<rocks::RocksProjectionStore>> open_store() {
    return rocks::RocksProjectionStore::open(
        {.folder = folder.path() / "projections", .memtable_bytes = 256U << 10, .file_system = disk});
  }

  // Appends until the power goes, which may be while it opens.
  void run_until_power_cut(std::uint32_t round) {
    disk->set_after(1 + random() % 60, FaultDisk::Fault::power);
    auto log = open_log();
    if (!log) return;
    auto store = open_store();
    if (!store) return;
    ServedCounts served;
    ProjectionRunner runner(**log, **store, {&served}, {.batch = 16, .commit_every = 0ms});
    if (!runner.start()) return;
    LogLoad load(**log, round, [this](const Acknowledged& ack) { ledger.add(ack); });
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!disk->faulty() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
    load.stop();
  }

  std::vector<std::string> check(bool whole) {
    auto log = open_log();
    if (!log) return {"the log does not open: " + log.error().message};
    auto store = open_store();
    if (!store) return {"the projections do not open: " + store.error().message};
    return ledger.check(**log, **store, whole);
  }

  TemporaryFolder folder;
  std::mt19937_64 random;
  std::shared_ptr<FaultDisk> disk;
  Ledger ledger;
};

}  // namespace

TEST_CASE("what was acknowledged is there after each power cut, whichever unsynced pages were lost") {
  constexpr std::uint32_t rounds = 60;  // of one machine, whose log grows
  std::uint64_t seed = std::random_device{}();
  if (const char* chosen = std::getenv("STROWGER_SEED")) seed = std::strtoull(chosen, nullptr, 10);
  std::uint64_t left = rounds;
  if (const char* chosen = std::getenv("STROWGER_POWER_CUTS")) left = std::strtoull(chosen, nullptr, 10);
  for (; left > 0; ++seed) {
    CAPTURE(seed);
    Machine machine(seed);
    for (std::uint32_t round = 1; round <= rounds && left > 0; ++round, --left) {
      CAPTURE(round);
      machine.run_until_power_cut(round);
      machine.disk->lose();
      const auto faults = machine.check(round % 10 == 0);
      CAPTURE(faults);
      REQUIRE(faults.empty());
    }
    CHECK(machine.ledger.size() > 0);
  }
}

TEST_CASE("snapshots that were written last cannot keep a log from starting after a power cut") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Machine machine(seed);
    const StreamId stream("device", "any");
    {
      auto log = machine.open_log().value();
      IdSource ids;
      REQUIRE(append_and_wait(*log, sample_append(1, ids)));
      for (std::uint64_t n = 1; n <= 40; ++n)
        log->save_snapshot(stream, {StreamVersion{n}, 1, std::string(3'000, 's')});
      REQUIRE(eventually([&] {
        const auto snapshot = log->load_snapshot(stream);
        return snapshot && *snapshot && number((*snapshot)->version) == 40;
      }));
      machine.disk->set(FaultDisk::Fault::power);
    }
    machine.disk->lose();
    const auto log = machine.open_log();
    if (!log) FAIL(log.error().message);
    CHECK(number((*log)->last_position()) == 1);
  }
}

TEST_CASE("a disk that lies about its syncs loses what was acknowledged, and the check finds it") {
  Machine machine(1);
  machine.open_log().value().reset();
  bool found = false;
  for (std::uint32_t round = 1; round <= 20 && !found; ++round) {
    machine.disk->lie();
    machine.run_until_power_cut(round);
    machine.disk->lose();
    const auto before = machine.ledger.size();
    for (const auto& fault : machine.check(true)) found = found || (before > 0 && fault.ends_with("is lost"));
  }
  CHECK(found);
}
