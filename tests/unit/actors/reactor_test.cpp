#include "actors/reactor.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"

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

SCENARIO("an event whose handling fails is handed again and never skipped") {
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
