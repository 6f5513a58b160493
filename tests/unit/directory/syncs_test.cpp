// Syncs as a whole, with a directory that a test holds in its hand: order, failures, schedule.

#include "actors/directory/syncs.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/temporary_folder.hpp"

#include <atomic>
#include <cstdlib>
#include <future>

#include <caf/all.hpp>

using namespace strowger;
using namespace strowger::directory;
using test::eventually;

namespace {

class NoStore : public ProjectionStore {
 public:
  Result<std::optional<Checkpoint>> checkpoint(std::string_view) override { return std::optional<Checkpoint>(); }
  Result<void> load(std::string_view, const std::function<Result<void>(std::string_view, std::string_view)>&) override {
    return {};
  }
  Result<void> commit(std::string_view, Checkpoint, const RowBatch&, bool) override { return {}; }
};

class OpenVault : public Vault {
 public:
  Result<SealedSecret> seal(std::string_view clear) override { return SealedSecret{std::string(clear)}; }
  Result<SealedSecret> seal_like(const SealedSecret&, std::string_view clear) override { return seal(clear); }
  Result<std::string> open(const SealedSecret& sealed) const override { return sealed.text; }
  Result<void> shred(const SealedSecret& sealed) override {
    const std::lock_guard lock(mutex);
    shredded.push_back(sealed.text);
    return {};
  }
  std::mutex mutex;
  std::vector<std::string> shredded;
};

class HeldSource : public Source {
 public:
  Result<Done> read(const Order& order, const Visitor& visitor) override {
    const std::lock_guard lock(mutex);
    asked = order.cursor;
    ++reads;
    on_read();
    for (std::size_t i = 0; i < users.size(); ++i) {
      if (i == break_after) return unavailable("directory_partial", "the connection broke");
      if (auto done = visitor.entry(users[i]); !done) return done.error();
    }
    return Done{order.cursor.empty() ? SyncMode::full : SyncMode::incremental, "ldaps://dc1", "usn7"};
  }
  Result<std::vector<Entry>> search(const std::string&, std::size_t) override { return users; }
  Result<Uuid> authenticate(const std::string&, const std::string&) override { return users.front().identity; }
  std::vector<Step> check() override { return {{"search", true, "all"}}; }
  std::string server() const override { return "ldaps://dc1"; }

  void set(std::size_t count) {
    const std::lock_guard lock(mutex);
    users.clear();
    for (std::size_t i = 0; i < count; ++i) {
      Entry user;
      user.identity.bytes[0] = 1;  // none is nil
      user.identity.bytes[14] = static_cast<std::uint8_t>(i >> 8);
      user.identity.bytes[15] = static_cast<std::uint8_t>(i + 1);
      user.account = "u" + std::to_string(1000 + i);
      user.name = "User " + std::to_string(i);
      user.numbers = {std::to_string(1000 + i)};
      users.push_back(user);
    }
  }

  std::mutex mutex;
  std::vector<Entry> users;
  std::size_t break_after = static_cast<std::size_t>(-1);
  std::string asked;
  std::function<void()> on_read = [] {};
  std::atomic<int> reads{0};
};

struct House {
  explicit House(std::optional<Schedule> when = {}) : schedule(std::move(when)) {
    runner.start().value();
    syncs = std::make_unique<Syncs>(Syncs::World{
        log,
        ids,
        Clock([this] { return now.load() + ahead.load(); }, [this] { return Instant(now.load().time_since_epoch()); }),
        runner,
        extension_rows,
        user_rows,
        directory_rows,
        {extensions, devices, users, device_rows, vault, [] { return "pw"; }},
        folder.path(),
        {"ad", "ldap"},
        [this](const std::string& name) -> Result<Setup> {
          if (name != "ad") return conflict("directory_disabled", "not set up");
          return Setup{policy, source, schedule, settings};
        },
        [](const std::string&) {},
        [](const std::string&) {}});
  }
  ~House() {
    syncs.reset();
    runner.stop();
  }

  Result<SyncReport> sync(SyncOrder order = {"admin:ann"}) {
    std::promise<Result<SyncReport>> promise;
    syncs->sync("ad", order, [&](Result<SyncReport> report) { promise.set_value(std::move(report)); });
    return promise.get_future().get();
  }
  std::vector<std::string> types() const {
    std::vector<std::string> out;
    for (const auto& record : log.records()) out.push_back(record.type);
    return out;
  }

  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", 2);
      set("logger.console", caf::atom("none"));
    }
  };

  std::atomic<Timestamp> now{parse_iso8601("2026-01-08T19:40:00Z").value()};
  std::atomic<std::chrono::seconds> ahead{};  // that the wall clock was set forward by
  test::TemporaryFolder folder;
  test::MemoryLog log;
  IdSource ids;
  NoStore store;
  OpenVault vault;
  ExtensionsProjection extension_rows;
  DevicesProjection device_rows;
  UsersProjection user_rows;
  DirectoriesProjection directory_rows;
  ProjectionRunner runner{log, store, {&extension_rows, &device_rows, &user_rows, &directory_rows}};
  Config config;
  caf::actor_system system{config};
  actors::EntityWorld world{log, ids, system_now};
  actors::Entities<actors::Extension> extensions{system, world};
  actors::Entities<actors::Device> devices{system, world};
  actors::Entities<actors::User> users{system, world};
  std::shared_ptr<HeldSource> source = std::make_shared<HeldSource>();
  const std::optional<Schedule> schedule;
  std::string settings = "settings1";  // their fingerprint, between syncs
  Policy policy = [] {
    Policy out;
    out.name = "ad";
    out.auto_provision = true;
    return out;
  }();
  std::unique_ptr<Syncs> syncs;
};

}  // namespace

TEST_CASE("a sync is events, one correlation, caused by its start") {
  House house;
  house.source->set(700);
  const auto report = house.sync().value();
  CHECK(report.counts.created == 700);
  CHECK(report.server == "ldaps://dc1");
  const auto records = house.log.records();
  CHECK(records.front().type == DirectorySyncStarted::type);
  CHECK(records.front().by == "admin:ann");
  CHECK(records.back().type == DirectorySyncCompleted::type);
  for (std::size_t i = 1; i < records.size(); ++i) {
    CHECK(records[i].correlation == records.front().correlation);
    CHECK(records[i].causation == records.front().id);
    CHECK(records[i].by == "directory:ad");
  }
  const auto row = house.directory_rows.syncs("ad", 5).at(0);
  CHECK(row->state == SyncState::completed);
  CHECK(row->counts == report.counts);

  SECTION("the next incremental one goes on at its cursor, while the settings are the same") {
    CHECK(house.sync({"admin:ann", false, false, false}));
    CHECK(house.source->asked == "usn7");
    CHECK(house.sync({"admin:ann", false, false, true}));
    CHECK(house.source->asked.empty());
    house.settings = "settings2";
    CHECK(house.sync({"admin:ann", false, false, false}));
    CHECK(house.source->asked.empty());
  }
  SECTION("a dry run is no sync") {
    CHECK(house.sync({"admin:ann", true, false, true}));
    CHECK(house.log.records().size() == records.size());
  }
  SECTION("where two want one number everything is read again: the other may give it up without a change of theirs") {
    house.source->users[1].numbers = house.source->users[0].numbers;
    CHECK(house.sync({"admin:ann", false, true, true}));
    CHECK(house.sync({"admin:ann", false, true, false}));
    CHECK(house.source->asked.empty());
  }
}

TEST_CASE("a read that breaks off changes nothing, and is in the history") {
  House house;
  house.source->set(20);
  REQUIRE(house.sync());
  house.source->users.resize(19);
  house.source->users[0].name = "Changed";
  house.source->break_after = 10;
  const auto failed = house.sync({"admin:ann", false, true, true});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == "directory_partial");
  const auto types = house.types();
  CHECK(types[types.size() - 2] == DirectorySyncStarted::type);
  CHECK(types.back() == DirectorySyncFailed::type);
  CHECK(house.directory_rows.syncs("ad", 1).at(0)->cause == "the connection broke");
}

TEST_CASE("a log that takes no more ends the sync with its cause, the next one does the rest") {
  House house;
  house.source->set(300);
  // The start is written; then the disk refuses.
  house.source->break_after = 0;
  CHECK_FALSE(house.sync());
  house.source->break_after = static_cast<std::size_t>(-1);
  REQUIRE(house.sync());
  for (auto& user : house.source->users) user.name += " II";
  house.log.hold();
  std::promise<Result<SyncReport>> promise;
  house.syncs->sync("ad", {"admin:ann"}, [&](Result<SyncReport> report) { promise.set_value(std::move(report)); });
  // Only its start waits for the log now.
  house.log.release();
  CHECK(promise.get_future().get().value().counts.updated == 300);
  house.log.fail_next(1);
  const auto failed = house.sync();
  REQUIRE_FALSE(failed);
  CHECK(house.sync().value().counts.unchanged == 300);
  // In the middle: it has started, and the first of its changes is refused.
  house.source->users[7].name += " III";
  house.source->on_read = [&] { house.log.fail_next(1); };
  CHECK_FALSE(house.sync());
  CHECK(house.types().back() == DirectorySyncFailed::type);
  house.source->on_read = [] {};
  CHECK(house.sync().value().counts.updated == 1);
}

TEST_CASE("one sync of a directory at a time, a directory that is not set up says so") {
  House house;
  house.source->set(5);
  std::unique_lock held(house.source->mutex);
  std::promise<void> done;
  house.syncs->sync("ad", {"admin:ann"}, [&](const Result<SyncReport>&) { done.set_value(); });
  CHECK(house.syncs->state("ad").running);
  CHECK(house.sync().error().code == "sync_running");
  held.unlock();
  done.get_future().wait();
  CHECK_FALSE(house.syncs->state("ad").running);
  std::promise<std::string> code;
  house.syncs->sync("ldap", {"admin:ann"},
                    [&](const Result<SyncReport>& report) { code.set_value(report.error().code); });
  CHECK(code.get_future().get() == "directory_disabled");
}

TEST_CASE("more than max_change_percent to disable: nothing is done but when it is meant") {
  House house;
  house.source->set(10);
  REQUIRE(house.sync());
  house.source->users.resize(7);
  const auto refused = house.sync();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "too_many_changes");
  CHECK_THAT(refused.error().message, ContainsSubstring("3 of 10"));
  const auto dry = house.sync({"admin:ann", true, false, true}).value();
  CHECK(dry.counts.disabled == 3);
  CHECK(dry.changes.size() == 3);
  CHECK(house.extension_rows.find(*ExtensionNumber::parse("1009"))->enabled);
  CHECK(house.sync({"admin:ann", false, true, true}).value().counts.disabled == 3);
  CHECK_FALSE(house.extension_rows.find(*ExtensionNumber::parse("1009"))->enabled);
}

TEST_CASE("a sync compares nothing with tables that do not show what is in the log") {
  House house;
  house.source->set(3);
  REQUIRE(house.sync());
  house.runner.stop();
  house.source->set(5);
  CHECK(house.sync().error().code == "projections_behind");
  const auto records = house.log.records();
  CHECK(records.back().type == DirectorySyncFailed::type);
  CHECK(std::get<DirectorySyncFailed>(decode(records.back()).value().event).code == "projections_behind");
}

TEST_CASE("the schedule runs a sync by itself when its time has come") {
  House house(Schedule::parse("every 15m").value());
  house.source->set(3);
  CHECK(house.syncs->state("ad").next == house.now.load() + std::chrono::minutes(15));
  CHECK(house.source->reads == 0);
  house.now = house.now.load() + std::chrono::minutes(16);
  house.syncs->wake();
  CHECK(eventually([&] { return !house.directory_rows.syncs("ad", 1).empty(); }));
  CHECK(house.directory_rows.syncs("ad", 1).at(0)->by == "system");
}

TEST_CASE("a scheduled sync stops at max_change_percent too, and nobody's word lets it go on") {
  House house(Schedule::parse("every 15m").value());
  house.source->set(10);
  REQUIRE(house.sync());
  {
    const std::lock_guard lock(house.source->mutex);
    house.source->users.resize(7);
  }
  house.now = house.now.load() + std::chrono::minutes(16);
  house.syncs->wake();
  REQUIRE(eventually([&] {
    const auto rows = house.directory_rows.syncs("ad", 5);
    return rows.size() == 2 && rows.front()->state != SyncState::started;
  }));
  const auto row = house.directory_rows.syncs("ad", 1).at(0);
  CHECK(row->by == "system");
  CHECK(row->state == SyncState::failed);
  CHECK(row->code == "too_many_changes");
  CHECK(house.extension_rows.find(*ExtensionNumber::parse("1009"))->enabled);
}

TEST_CASE("scheduled syncs read what has changed, and everything once a day") {
  House house(Schedule::parse("every 15m").value());
  house.source->set(3);
  REQUIRE(house.sync());
  const auto wake_after = [&](std::chrono::minutes time, std::size_t syncs) {
    house.now = house.now.load() + time;
    house.syncs->wake();
    REQUIRE(eventually([&] {
      const auto rows = house.directory_rows.syncs("ad", 9);
      return rows.size() == syncs && rows.front()->state == SyncState::completed;
    }));
    return house.directory_rows.syncs("ad", 1).at(0)->mode;
  };
  CHECK(wake_after(std::chrono::minutes(16), 2) == SyncMode::incremental);
  CHECK(wake_after(std::chrono::hours(25), 3) == SyncMode::full);
  CHECK(wake_after(std::chrono::minutes(16), 4) == SyncMode::incremental);
}

TEST_CASE("a clock that is set neither makes up syncs nor keeps the next one back") {
  using namespace std::chrono_literals;
  const auto step = GENERATE_COPY(-24h * 365, -24h, -1h, 1h, 24h, 24h * 365);
  INFO("a step of " << std::chrono::seconds(step).count() << " s");
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  House house(Schedule::parse(GENERATE("every 15m", "19:55")).value());
  house.source->set(3);
  const auto looked = [&] {
    house.syncs->wake();
    return house.syncs->state("ad").next;
  };
  const auto due = [&] { return house.now.load() + house.ahead.load() + 15min; };
  CHECK(looked() == due());
  // For a moment.
  house.ahead = step;
  looked();
  house.ahead = 0s;
  CHECK(looked() == due());
  CHECK(house.directory_rows.syncs("ad", 9).empty());
  house.now = house.now.load() + 16min;
  house.syncs->wake();
  REQUIRE(eventually([&] {
    const auto rows = house.directory_rows.syncs("ad", 9);
    return rows.size() == 1 && rows.front()->state == SyncState::completed;
  }));
  // For good.
  house.ahead = step;
  const auto next = looked();
  REQUIRE(next);
  CHECK(*next > house.now.load() + step);
  CHECK(*next <= house.now.load() + step + 24h);
  CHECK(house.directory_rows.syncs("ad", 9).size() == 1);
}
