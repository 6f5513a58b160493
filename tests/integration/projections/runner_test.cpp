#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/quarantine.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/stored_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <atomic>
#include <future>
#include <stdexcept>

using namespace strowger;
using namespace strowger::rocks;
using namespace strowger::test;
using namespace std::chrono_literals;

namespace {

// Fails commits while it is told to.
class FailingStore : public ProjectionStore {
 public:
  explicit FailingStore(ProjectionStore& real) : real_(real) {}
  Result<std::optional<Checkpoint>> checkpoint(std::string_view projection) override {
    return real_.checkpoint(projection);
  }
  Result<void> load(std::string_view projection,
                    const std::function<Result<void>(std::string_view, std::string_view)>& visit) override {
    return real_.load(projection, visit);
  }
  Result<void> commit(std::string_view projection, Checkpoint checkpoint, const RowBatch& rows, bool replace) override {
    if (failing) {
      ++failed;
      return unavailable("projections_unavailable", "told to fail");
    }
    return real_.commit(projection, checkpoint, rows, replace);
  }
  std::atomic<bool> failing = false;
  std::atomic<int> failed = 0;

 private:
  ProjectionStore& real_;
};

struct Fixture {
  TemporaryFolder folder;
  IdSource ids{system_now, 1};
  std::unique_ptr<RocksLog> log = RocksLog::open({.folder = folder.path() / "log"}).value();
  std::unique_ptr<RocksProjectionStore> store =
      RocksProjectionStore::open({.folder = folder.path() / "projections"}).value();

  Position append(std::uint64_t events, std::uint64_t devices = 10) {
    Position last{};
    for (std::uint64_t i = 0; i + 1 < events; ++i)
      log->append(sample_append(i % devices, ids), [](const Result<Receipt>&) {});
    last = append_and_wait(*log, sample_append(events % devices, ids)).value().position;
    return last;
  }
  std::map<MacAddress, ServedCounts::Row> folded() {
    ServedCounts scratch;
    for (const auto& record : log->read_all(Position{0}, 1'000'000).value()) scratch.apply(decode(record).value());
    return scratch.rows();
  }
  std::map<MacAddress, ServedCounts::Row> stored(std::string_view name = "served") {
    ServedCounts loaded;
    REQUIRE(store->load(name, [&](auto key, auto row) { return loaded.load(key, row); }));
    return loaded.rows();
  }
};

bool wait(ProjectionRunner& runner, Position position) {
  return runner.wait_applied(position, std::chrono::steady_clock::now() + 20s);
}

// Waits for a condition of the runner's status.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "projections follow the log and go on from their rows after a restart") {
  append(3'000);
  {
    ServedCounts served;
    ProjectionRunner runner(*log, *store, {&served});
    REQUIRE(runner.start());
    REQUIRE(wait(runner, append(500)));
    CHECK(served.rows() == folded());
    CHECK(served.applied() == 3'500);
    const auto status = runner.status();
    CHECK(status.running);
    CHECK(status.projections.at(0).lag == 0);
    CHECK(status.projections.at(0).fraction == 1);
  }
  CHECK(stored() == folded());
  const auto last = append(100);
  ServedCounts served;
  ProjectionRunner runner(*log, *store, {&served});
  REQUIRE(runner.start());
  REQUIRE(wait(runner, last));
  CHECK(served.applied() == 100);  // the rest came from the rows
  CHECK(served.rows() == folded());
}

TEST_CASE_METHOD(Fixture,
                 "rows of another log in the same folder are seen for what they are, also where it is longer") {
  append(300);
  {
    ServedCounts served;
    ProjectionRunner runner(*log, *store, {&served});
    REQUIRE(runner.start());
    REQUIRE(wait(runner, append(1)));
  }
  log.reset();
  std::filesystem::remove_all(folder.path() / "log");
  log = RocksLog::open({.folder = folder.path() / "log"}).value();
  append(400);
  ServedCounts served;
  ProjectionRunner runner(*log, *store, {&served});
  REQUIRE(runner.start());
  REQUIRE(wait(runner, append(1)));
  CHECK(served.applied() == 401);
  CHECK(served.rows() == folded());
}

TEST_CASE_METHOD(Fixture, "who waits for a position is called when every projection has it, at once when it is past") {
  ServedCounts served, other(1, "other");
  ProjectionRunner runner(*log, *store, {&served, &other});
  REQUIRE(runner.start());
  std::promise<std::uint64_t> seen;
  runner.when_applied(Position{50}, [&] { seen.set_value(std::min(served.applied(), other.applied())); });
  append(50);
  auto future = seen.get_future();
  REQUIRE(future.wait_for(20s) == std::future_status::ready);
  CHECK(future.get() >= 50);
  bool at_once = false;
  runner.when_applied(Position{50}, [&] { at_once = true; });
  CHECK(at_once);
  CHECK_FALSE(runner.wait_applied(Position{51}, std::chrono::steady_clock::now() + 5ms));
}

TEST_CASE_METHOD(Fixture, "another schema, a lost checkpoint or one beyond the log rebuilds that projection only") {
  append(1'000);
  {
    ServedCounts served, other(1, "other");
    ProjectionRunner runner(*log, *store, {&served, &other});
    REQUIRE(runner.start());
    REQUIRE(wait(runner, Position{1'000}));
  }
  SECTION("another schema") {}
  SECTION("beyond the log, with a row of nobody's") {
    RowBatch stale;
    stale.put("001565ffffff", "1 1 /stale");
    REQUIRE(store->commit("served", {Position{5'000}, 2}, stale, false));
  }
  SECTION("a row that cannot be read") {
    RowBatch bad;
    bad.put("zzz", "?");
    REQUIRE(store->commit("served", {Position{1'000}, 2}, bad, false));
  }
  ServedCounts served(2), other(1, "other");
  ProjectionRunner runner(*log, *store, {&served, &other});
  REQUIRE(runner.start());
  REQUIRE(wait(runner, append(10)));
  CHECK(served.applied() == 1'010);
  CHECK(other.applied() == 10);
  CHECK(served.rows() == folded());
  runner.stop();
  CHECK(stored() == folded());
  CHECK(store->checkpoint("served").value()->schema == 2);
  CHECK(number(store->checkpoint("served").value()->position) == 1'010);
}

TEST_CASE_METHOD(Fixture, "a rebuild replaces wrong rows while the log grows, and is not seen half done") {
  append(5'000);
  RowBatch wrong;
  wrong.put("001565ffffff", "7 7 /wrong");
  REQUIRE(store->commit("served", {Position{5'000}, 1}, wrong, true));
  ServedCounts served;
  ProjectionRunner runner(*log, *store, {&served});
  REQUIRE(runner.start());
  REQUIRE(served.rows().size() == 1);
  REQUIRE(runner.rebuild("served"));
  CHECK(runner.rebuild("nobody").error().kind == ErrorKind::not_found);
  REQUIRE(wait(runner, append(2'000)));
  REQUIRE(eventually([&] { return !runner.status().projections.at(0).rebuilding; }));
  CHECK(served.rows() == folded());
  REQUIRE(wait(runner, append(10)));
  CHECK(served.rows() == folded());
  REQUIRE(runner.rebuild("served"));  // a second one may follow
  runner.stop();
  CHECK(stored() == folded());
}

TEST_CASE_METHOD(Fixture, "rows are applied at once and committed when their time has come, or when stopping") {
  RunnerOptions options;
  SECTION("many batches, one commit at the end") {
    options.commit_every = 1h;
    options.batch = 16;
    ServedCounts served;
    ProjectionRunner runner(*log, *store, {&served}, options);
    REQUIRE(runner.start());
    for (int i = 0; i < 5; ++i) REQUIRE(wait(runner, append(100, 10)));
    CHECK(served.rows() == folded());
    CHECK_FALSE(store->checkpoint("served").value());
    runner.stop();
    CHECK(number(store->checkpoint("served").value()->position) == 500);
  }
  SECTION("the time comes while nothing happens") {
    options.commit_every = 20ms;
    ServedCounts served;
    ProjectionRunner runner(*log, *store, {&served}, options);
    REQUIRE(runner.start());
    const auto last = append(100);
    REQUIRE(wait(runner, last));
    REQUIRE(eventually([&] {
      const auto checkpoint = store->checkpoint("served").value();
      return checkpoint && checkpoint->position == last;
    }));
  }
  CHECK(stored() == folded());
}

TEST_CASE_METHOD(Fixture, "a store that fails is retried, and nothing is missing when it is well again") {
  FailingStore failing(*store);
  failing.failing = true;
  ServedCounts served;
  RunnerOptions options;
  options.retry_first = 1ms;
  options.retry_most = 5ms;
  options.pending_rows = GENERATE(5, 100'000);  // all rows, or those that changed
  ProjectionRunner runner(*log, failing, {&served}, options);
  REQUIRE(runner.start());
  REQUIRE(wait(runner, append(3'000, 50)));
  CHECK(served.rows() == folded());
  REQUIRE(eventually([&] { return runner.status().projections.at(0).fault && failing.failed > 3; }));
  CHECK_FALSE(store->checkpoint("served").value());
  failing.failing = false;
  REQUIRE(eventually([&] { return !runner.status().projections.at(0).fault; }));
  runner.stop();
  CHECK(stored() == folded());
}

TEST_CASE_METHOD(Fixture, "an event that cannot be decoded is passed over, counted and listed") {
  append(10);
  auto newer = sample_append(1, ids);
  newer.events[0].type = "device.teleported";
  REQUIRE(append_and_wait(*log, newer));
  auto damaged = sample_append(1, ids);
  damaged.events[0].data = "{\"path\":\"\xff\"}";
  const auto id = damaged.events[0].id;
  REQUIRE(append_and_wait(*log, damaged));
  const auto last = append(10);
  {
    ServedCounts served;
    QuarantineProjection quarantine;
    ProjectionRunner runner(*log, *store, {&served, &quarantine});
    REQUIRE(runner.start());
    REQUIRE(wait(runner, last));
    CHECK(served.applied() == 20);
    CHECK(quarantine.counts().newer == 1);
    CHECK(quarantine.counts().damaged == 1);
    REQUIRE(quarantine.list().size() == 2);
    CHECK(quarantine.list()[0]->newer);
    CHECK(quarantine.list()[0]->position == Position{11});
    CHECK(quarantine.list()[1]->event == id);
    CHECK(quarantine.list()[1]->position == Position{12});
    CHECK_THAT(quarantine.list()[1]->reason, ContainsSubstring("not JSON"));
    CHECK(quarantine.warnings().size() == 2);
    REQUIRE(runner.rebuild("served"));
    REQUIRE(eventually([&] { return !runner.status().projections.at(0).rebuilding; }));
    CHECK_FALSE(runner.status().projections.at(0).fault);
  }
  // From its rows, then.
  QuarantineProjection quarantine;
  ServedCounts served;
  ProjectionRunner runner(*log, *store, {&served, &quarantine});
  REQUIRE(runner.start());
  REQUIRE(wait(runner, last));
  CHECK(quarantine.counts().all() == 2);
  CHECK(quarantine.list().size() == 2);
}

TEST_CASE_METHOD(Fixture,
                 "a runner that stopped answers whoever waits, and whoever comes later, with the reason at once") {
  append(20);
  log.reset();
  {
    StoredLog stored(folder.path() / "log");
    auto record = stored.get(11);
    record[record.size() / 2] = static_cast<char>(record[record.size() / 2] ^ 4);
    stored.put(11, record);
  }
  log = RocksLog::open({.folder = folder.path() / "log"}).value();
  ServedCounts served;
  RunnerOptions options;
  options.batch = 5;
  options.drive = Drive::by_hand;
  ProjectionRunner runner(*log, *store, {&served}, options);
  REQUIRE(runner.start());
  std::optional<Error> early, late;
  bool done = false;
  runner.when_applied(Position{15}, [&] { done = true; }, [&](const Error& error) { early = error; });
  runner.when_applied(Position{16}, [&] { done = true; });  // who does not want to know is not told
  while (runner.step() == Step::more) CHECK_FALSE(early);
  REQUIRE(runner.status().stopped);
  REQUIRE(early);
  CHECK(early->code == "projections_stopped");
  CHECK(early->kind == ErrorKind::unavailable);
  CHECK_THAT(early->message, ContainsSubstring("event 11"));
  runner.when_applied(Position{15}, [&] { done = true; }, [&](const Error& error) { late = error; });
  CHECK(late);
  CHECK_FALSE(done);
  CHECK_FALSE(runner.wait_applied(Position{15}, std::chrono::steady_clock::time_point::max()));
  bool applied = false;
  runner.when_applied(Position{10}, [&] { applied = true; });
  CHECK(applied);
}

namespace {

// Throws on some events while it is told to.
class Throwing : public ServedCounts {
 public:
  explicit Throwing(std::shared_ptr<std::atomic<bool>> throws) : throws_(std::move(throws)) {}
  void fold(const Envelope& envelope) override {
    if (*throws_ && number(envelope.position) % 50 == 0) throw std::runtime_error("told to throw");
    ServedCounts::fold(envelope);
  }
  std::unique_ptr<Projection> blank() const override { return std::make_unique<Throwing>(throws_); }

 private:
  std::shared_ptr<std::atomic<bool>> throws_;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a projection that throws is set aside, the others go on, and it heals by a rebuild") {
  append(49);  // the next one throws, whatever batch it comes in
  const auto throws = std::make_shared<std::atomic<bool>>(true);
  Throwing served(throws);
  ServedCounts other(1, "other");
  ProjectionRunner runner(*log, *store, {&served, &other},
                          {.commit_every = 0ms, .rebuild_first = 1ms, .rebuild_most = 10ms});
  REQUIRE(runner.start());
  REQUIRE(wait(runner, Position{49}));
  const auto before = served.rows();
  REQUIRE(eventually([&] { return stored() == before; }));
  const auto end = append(100);
  REQUIRE(wait(runner, end));  // who waits for what he wrote is not held up
  CHECK(other.rows() == folded());
  CHECK(served.rows() != folded());
  const auto status = [&](std::size_t i) { return runner.status().projections.at(i); };
  REQUIRE(eventually([&] { return status(0).fault.has_value(); }));
  CHECK_THAT(status(0).fault->message, ContainsSubstring("told to throw") && ContainsSubstring("set aside"));
  CHECK(status(0).lag > 0);
  CHECK_FALSE(status(1).fault);
  CHECK(status(1).lag == 0);
  CHECK_FALSE(runner.status().stopped);
  CHECK(stored() == before);  // nothing half done gets into the store

  // Its rebuilds throw too, until the cause goes away.
  append(100);
  *throws = false;
  REQUIRE(eventually([&] { return !status(0).fault; }));
  REQUIRE(eventually([&] { return served.rows() == folded(); }));  // it may trail by what came meanwhile
  REQUIRE(eventually([&] { return stored() == folded(); }));
  const auto last = append(10);
  REQUIRE(wait(runner, last));
  CHECK(served.rows() == folded());
  runner.stop();
  CHECK(stored() == folded());
}

TEST_CASE_METHOD(Fixture, "a damaged projection store is thrown away and filled again") {
  append(100);
  {
    ServedCounts served;
    ProjectionRunner runner(*log, *store, {&served});
    REQUIRE(runner.start());
    REQUIRE(wait(runner, Position{100}));
  }
  store.reset();
  std::filesystem::resize_file(folder.path() / "projections" / "CURRENT", 3);
  store = RocksProjectionStore::open({.folder = folder.path() / "projections"}).value();
  ServedCounts served;
  ProjectionRunner runner(*log, *store, {&served});
  REQUIRE(runner.start());
  REQUIRE(wait(runner, Position{100}));
  CHECK(served.rows() == folded());
}
