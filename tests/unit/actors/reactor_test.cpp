#include "actors/reactor.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"

#include <stdexcept>

using namespace strowger;
using test::eventually;

namespace {

struct Site {
  IdSource ids;
  test::MemoryLog log;

  void start_server(const std::string& version) {
    REQUIRE(append_and_wait(log, {StreamId("system", "server"),
                                  ExpectedVersion::any(),
                                  {encode(ServerStarted{version}, {}, system_now(), ids)},
                                  {},
                                  {}}));
  }
};

struct Seen {
  std::mutex mutex;
  std::vector<std::string> versions;
  void add(const Envelope& envelope) {
    const std::lock_guard lock(mutex);
    versions.push_back(std::get<ServerStarted>(envelope.event).version);
  }
  std::vector<std::string> get() {
    const std::lock_guard lock(mutex);
    return versions;
  }
};

void ignore(const Error&) {}

}  // namespace

SCENARIO("a reactor is handed what is stored and what comes, and goes on where it stopped") {
  Site site;
  site.start_server("1");
  Seen first;
  {
    actors::Reactor reactor(
        site.log, "r",
        [&](const Envelope& e) {
          first.add(e);
          return Result<void>{};
        },
        ignore);
    site.start_server("2");
    REQUIRE(eventually([&] { return first.get().size() == 2; }));
  }
  site.start_server("3");
  Seen second;
  actors::Reactor reactor(
      site.log, "r",
      [&](const Envelope& e) {
        second.add(e);
        return Result<void>{};
      },
      ignore);
  REQUIRE(eventually([&] { return !second.get().empty(); }));
  CHECK(first.get() == std::vector<std::string>{"1", "2"});
  CHECK(second.get() == std::vector<std::string>{"3"});
}

SCENARIO("an event whose handling fails is handed again, and what comes behind it waits") {
  Site site;
  site.start_server("1");
  site.start_server("2");
  Seen seen;
  std::atomic<int> troubles = 0;
  bool failed = false;
  {
    actors::Reactor reactor(
        site.log, "r",
        [&](const Envelope& e) -> Result<void> {
          if (!std::exchange(failed, true)) return internal_error("once");
          seen.add(e);
          return {};
        },
        [&](const Error&) { ++troubles; });
    REQUIRE(eventually([&] { return seen.get().size() == 2; }));
  }
  CHECK(troubles == 1);
  CHECK(seen.get() == std::vector<std::string>{"1", "2"});
}

namespace {

// A reactor that cannot handle the server's version "bad" until it is told that it can.
struct Parking {
  Site& site;
  actors::DeadLetters letters{site.log, system_now, {}};
  Seen seen;
  std::atomic<bool> can = false;
  std::atomic<int> tries = 0;
  bool throws = false;
  std::unique_ptr<actors::Reactor> reactor;

  explicit Parking(Site& at) : site(at) { REQUIRE(letters.load()); }
  void start() {
    reactor = std::make_unique<actors::Reactor>(
        site.log, "r", [this](const Envelope& e) { return handle(e); }, ignore, Drive::by_hand,
        std::function<bool(const Record&)>{}, &letters);
  }
  Result<void> handle(const Envelope& envelope) {
    const auto* started = std::get_if<ServerStarted>(&envelope.event);
    if (started == nullptr) return {};
    if (started->version == "bad" && !can) {
      ++tries;
      if (throws) throw std::runtime_error("thrown");
      return internal_error("it is bad");
    }
    seen.add(envelope);
    return {};
  }
  void step(int times) {
    for (int i = 0; i < times; ++i) reactor->step(100);
  }
};

}  // namespace

SCENARIO("an event that can never be handled is parked after its tries, and the reactor goes on") {
  Site site;
  site.start_server("1");
  site.start_server("bad");
  site.start_server("2");
  Parking parking(site);
  parking.throws = GENERATE(false, true);
  parking.start();
  parking.step(10);
  CHECK(parking.tries == 5);
  CHECK(parking.seen.get() == std::vector<std::string>{"1", "2"});
  REQUIRE(parking.letters.size() == 1);
  const auto letter = parking.letters.list().at(0);
  CHECK(letter.handler == "r");
  CHECK(letter.position == Position{2});
  CHECK(letter.event == site.log.records()[1].id);
  CHECK(letter.type == "system.server_started");
  CHECK(letter.stream == "system/server");
  CHECK(letter.tries == 5);
  CHECK_THAT(letter.reason, ContainsSubstring(parking.throws ? "thrown" : "it is bad"));
  CHECK(parking.letters.parked() == 1);
  CHECK(parking.letters.warnings().size() == 1);

  WHEN("it is tried again and fails") {
    REQUIRE(parking.letters.retry("r", letter.event));
    parking.step(1);
    CHECK(parking.tries == 6);
    CHECK(parking.letters.list().at(0).tries == 6);
    parking.step(3);
    CHECK(parking.tries == 6);  // once for each time that it was asked for
  }
  WHEN("it is tried again and succeeds") {
    parking.can = true;
    REQUIRE(parking.letters.retry("r", letter.event));
    parking.step(1);
    CHECK(parking.letters.size() == 0);
    CHECK(parking.seen.get() == std::vector<std::string>{"1", "2", "bad"});
  }
  WHEN("it is skipped") {
    Result<void> skipped = internal_error("not called");
    parking.letters.skip("r", letter.event, [&](Result<void> done) { skipped = std::move(done); });
    CHECK(skipped);
    CHECK(parking.letters.size() == 0);
    CHECK(parking.letters.retry("r", letter.event).error().code == "no_dead_letter");
    parking.letters.skip("r", letter.event, [&](Result<void> done) { skipped = std::move(done); });
    CHECK(skipped.error().code == "no_dead_letter");
  }
  WHEN("the server starts again") {
    parking.reactor.reset();
    Parking again(site);
    again.can = true;
    again.start();
    again.step(3);
    THEN("it is still parked, and nothing is handled twice") {
      CHECK(again.letters.size() == 1);
      CHECK(again.seen.get().empty());
      REQUIRE(again.letters.retry("r", letter.event));
      again.step(1);
      CHECK(again.letters.size() == 0);
      CHECK(again.seen.get() == std::vector<std::string>{"bad"});
    }
  }
}

SCENARIO("an event is not given up while the log cannot be written, and what is down gets more tries") {
  Site site;
  site.start_server("bad");
  Parking parking(site);
  parking.start();
  site.log.fail_next(3);
  parking.step(7);
  CHECK(parking.letters.size() == 0);  // parking failed
  parking.step(1);
  CHECK(parking.letters.size() == 1);
  CHECK(parking.letters.list().at(0).tries == 8);

  int tries = 0;
  actors::DeadLetters letters(site.log, system_now, {});
  actors::Reactor reactor(
      site.log, "down",
      [&](const Envelope&) -> Result<void> {
        ++tries;
        return unavailable("down", "it is down");
      },
      ignore, Drive::by_hand, {}, &letters);
  for (int i = 0; i < 59; ++i) reactor.step(1);
  CHECK(letters.size() == 0);
  reactor.step(1);
  CHECK(letters.size() == 1);
  CHECK(tries == 60);
}

SCENARIO("a reactor passes over an event that cannot be decoded") {
  Site site;
  site.start_server("1");
  AppendRequest request{StreamId("system", "server"),
                        ExpectedVersion::any(),
                        {encode(ServerStarted{"x"}, {}, system_now(), site.ids)},
                        {},
                        {}};
  request.events[0].data = "{\"version\":\"\xff\"}";
  REQUIRE(append_and_wait(site.log, std::move(request)));
  site.start_server("2");
  Parking parking(site);
  parking.start();
  parking.step(3);
  CHECK(parking.seen.get() == std::vector<std::string>{"1", "2"});
  CHECK(parking.letters.size() == 0);
}
