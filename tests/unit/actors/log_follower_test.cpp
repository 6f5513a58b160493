// How long a follower rests where the log does not grow.
#include "actors/log_follower.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"

#include <atomic>

using namespace strowger;
using namespace std::chrono_literals;

TEST_CASE("a follower's rest ends by its owner's time, and at once when it is called") {
  test::MemoryLog log;
  std::atomic<std::size_t> calls = 0;
  std::atomic<bool> soon = false;
  actors::LogFollower::Handlers handlers;
  handlers.event = [](const Envelope&) { return Result<void>(); };
  handlers.between = [&] { ++calls; };
  handlers.rest = [&]() -> std::chrono::nanoseconds { return soon ? 1ms : 1h; };
  handlers.trouble = [](const Error&) {};
  actors::LogFollower follower(log, Position{0}, std::move(handlers), 2h);
  const auto wake = follower.waker();
  REQUIRE(test::eventually([&] { return calls > 0; }));
  for (int i = 0; i < 3; ++i) {
    const auto before = calls.load();
    wake();
    REQUIRE(test::eventually([&] { return calls > before; }));
  }
  soon = true;
  wake();
  const auto before = calls.load();
  CHECK(test::eventually([&] { return calls > before + 5; }));
}
