#include "events/projections/settled_date.hpp"

#include "tests/support/catch.hpp"

using namespace strowger;
using namespace std::chrono_literals;

namespace {
const Timestamp start = parse_iso8601("2026-01-08T19:40:00Z").value();
}

TEST_CASE("the settled date follows the events, a day or a pause behind") {
  SettledDate date;
  for (auto hours = 0h; hours < 240h; hours += 7h) {
    date.add(start + hours);
    CHECK(date.settled <= start + hours);
    if (hours > 56h) CHECK(date.settled >= start + hours - 56h);
  }
  date.add(start + 24h * 100);
  CHECK(date.settled < start + 240h);
}

TEST_CASE("a clock that is ahead for less than a day settles nothing") {
  SettledDate date;
  date.add(start);
  date.add(start + 25h);
  const auto before = date.settled;
  date.add(start + 24h * 3'650);
  date.add(start + 24h * 3'650 + 23h);
  CHECK(date.settled <= start + 25h);
  date.add(start + 26h);
  for (auto hours = 27h; hours < 100h; hours += 3h) date.add(start + hours);
  CHECK(date.settled > before);
  CHECK(date.settled < start + 100h);
}

TEST_CASE("a clock that stays ahead is believed after a day") {
  SettledDate date;
  date.add(start);
  date.add(start + 24h * 3'650);
  date.add(start + 24h * 3'650 + 25h);
  CHECK(date.settled == start + 24h * 3'650);
}
