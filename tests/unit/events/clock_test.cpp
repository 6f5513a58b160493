#include "events/clock.hpp"

#include "tests/support/catch.hpp"

#include <thread>
#include <vector>

using namespace strowger;
using namespace std::chrono_literals;

namespace {

constexpr auto year = std::chrono::days(365);

// A machine whose clock somebody sets.
struct Machine {
  const Timestamp date = parse_iso8601("2026-01-08T19:40:00Z").value();
  const Instant booted{1'000h};
  std::chrono::microseconds passed{};
  std::chrono::microseconds ahead{};
  Clock clock{[this] { return date + passed + ahead; }, [this] { return booted + passed; }};
  Machine() { static_cast<void>(clock()); }
};

}  // namespace

static_assert(!std::is_convertible_v<Timestamp, Instant> && !std::is_convertible_v<Instant, Timestamp>);
static_assert(!std::is_constructible_v<Instant, Timestamp> && !std::is_constructible_v<Timestamp, Instant>);

TEST_CASE("a clock gives both times, and says how often its dates stepped") {
  Machine machine;
  CHECK(machine.clock() == machine.date);
  CHECK(machine.clock.instant() == machine.booted);
  machine.passed += 10s;
  CHECK(machine.clock.now().date == machine.date + 10s);
  CHECK(machine.clock.uptime() == 10s);
  CHECK(machine.clock.steps() == 0);
  machine.ahead = 999ms;
  CHECK(machine.clock.steps() == 0);
  machine.ahead = -1h;
  CHECK(machine.clock.steps() == 1);
  CHECK(machine.clock.instant() == machine.booted + 10s);
  const Clock copy = machine.clock;
  machine.ahead = 0s;
  CHECK(copy.steps() == 2);
  CHECK(machine.clock.steps() == 2);
}

TEST_CASE("dates of the log become instants, and never further off than they may be") {
  Machine machine;
  const auto now = machine.clock.now();
  CHECK(due_at(now, now.date + 10min, 1h) == now.instant + 10min);
  CHECK(due_at(now, now.date - 10min, 1h) == now.instant);
  CHECK(due_at(now, now.date + year, 1h) == now.instant + 1h);
  CHECK(begun_at(now, now.date - 10min, 1h) == now.instant - 10min);
  CHECK(begun_at(now, now.date + 10min, 1h) == now.instant);
  CHECK(begun_at(now, now.date - year, 1h) == now.instant - 1h);
  CHECK(date_of(now, now.instant - 10min) == now.date - 10min);
}

TEST_CASE("what takes an hour takes an hour, whatever the clock is set to meanwhile") {
  const auto step =
      GENERATE_COPY(std::chrono::microseconds(-year), std::chrono::microseconds(-24h), std::chrono::microseconds(-1s),
                    std::chrono::microseconds(1s), std::chrono::microseconds(2h), std::chrono::microseconds(year));
  INFO("a step of " << step.count() << " us");
  Machine machine;
  const auto begun = machine.clock();
  machine.passed += 10min;
  machine.ahead = step;
  CHECK(machine.clock.within(begun, 1h));
  const auto anew = machine.clock();
  machine.passed += 10min;
  machine.ahead = 0s;  // for ten minutes only
  CHECK(machine.clock.within(begun, 1h));
  CHECK(machine.clock.within(anew, 1h));
  machine.passed += 39min + 59s;
  CHECK(machine.clock.within(begun, 1h));
  machine.passed += 10min + 2s;
  CHECK_FALSE(machine.clock.within(begun, 1h));
  CHECK_FALSE(machine.clock.within(anew, 1h));
}

TEST_CASE("a date that lies ahead by every clock that is known began no later than the process") {
  Machine machine;
  CHECK(machine.clock.within(machine.date + year, 1h));
  machine.passed += 59min;
  CHECK(machine.clock.within(machine.date + year, 1h));
  machine.passed += 1min;
  CHECK_FALSE(machine.clock.within(machine.date + year, 1h));
  CHECK(machine.clock.within(machine.clock() + 4min, 1h));  // of a machine whose clock is a little ahead
  CHECK_FALSE(machine.clock.within(machine.clock(), 0s));
}

TEST_CASE("a date that destroys something must have been held") {
  Machine machine;
  machine.passed += 48h;
  machine.ahead = 12 * year;
  CHECK(machine.clock.settled(24h) == machine.date + 48h);
  machine.passed += 23h;
  CHECK(machine.clock.settled(24h) == machine.date + 71h);
  machine.passed += 2h;
  CHECK(machine.clock.settled(24h) == machine.date + 73h + 12 * year);
  CHECK(machine.clock.held() == 25h);
  machine.ahead = 0s;  // back at once
  CHECK(machine.clock.settled(24h) == machine.date + 73h);
}

TEST_CASE("however often the clock steps, what is remembered is bounded") {
  Machine machine;
  for (int i = 0; i < 10'000; ++i) {
    machine.ahead += 10s;
    machine.passed += 1s;
    CHECK(machine.clock.within(machine.clock(), 1min));
  }
  CHECK(machine.clock.steps() == 10'000);
}

TEST_CASE("any thread may ask") {
  std::atomic<std::int64_t> ahead{0};
  const Clock clock([&] { return system_now() + std::chrono::seconds(ahead); }, &std::chrono::steady_clock::now);
  std::vector<std::jthread> threads;
  for (int n = 0; n < 4; ++n)
    threads.emplace_back([&, n] {
      for (int i = 0; i < 2'000; ++i) {
        if (n == 0) ahead = i % 2 * 100;
        CHECK(clock.within(clock(), 1h));
      }
    });
}
