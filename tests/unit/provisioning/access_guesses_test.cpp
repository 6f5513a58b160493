#include "actors/provisioning/access/guesses.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::provisioning::access;
using namespace std::chrono_literals;

namespace {

const Instant start{1000h};
constexpr Guesses::Limits limits{
    .wrong_of_account = 5, .wrong_of_source = 12, .window = 600s, .pause = 300s, .most_sources = 3};

Source source(int n) {
  return *parse_source("192.0.2." + std::to_string(n));
}

}  // namespace

TEST_CASE("guesses: too many wrong passwords of an account are no longer looked at, from there, for a while") {
  Guesses guesses(limits);
  for (int n = 0; n < 4; ++n) CHECK_FALSE(guesses.note(source(1), 7, start + 1s * n));
  CHECK_FALSE(guesses.paused(source(1), 7, start + 4s));
  CHECK(guesses.note(source(1), 7, start + 5s));
  CHECK(guesses.paused(source(1), 7, start + 6s));
  CHECK_FALSE(guesses.paused(source(1), 8, start + 6s));  // another phone behind the same router
  CHECK_FALSE(guesses.paused(source(2), 7, start + 6s));  // the phone itself, elsewhere
  CHECK(guesses.paused(source(1), 7, start + 304s));
  CHECK_FALSE(guesses.paused(source(1), 7, start + 305s));
  // What comes in the pause does not make it longer.
  CHECK_FALSE(guesses.note(source(1), 7, start + 200s));
  CHECK_FALSE(guesses.paused(source(1), 7, start + 305s));
}

TEST_CASE("guesses: one password tried on many accounts is noticed as well") {
  Guesses guesses(limits);
  bool paused = false;
  for (std::uint64_t account = 0; account < 12; ++account) paused = guesses.note(source(1), account, start);
  CHECK(paused);
  CHECK(guesses.paused(source(1), 999, start + 1s));
  CHECK_FALSE(guesses.paused(source(1), 999, start + 300s));
}

TEST_CASE("guesses: a phone that has an old password, and asks now and then, is not kept out") {
  Guesses guesses(limits);
  for (int hour = 0; hour < 48; ++hour)
    for (int n = 0; n < 4; ++n) CHECK_FALSE(guesses.note(source(1), 7, start + 1h * hour + 1s * n));
}

TEST_CASE("guesses: what is kept is bounded") {
  Guesses guesses(limits);
  for (int n = 0; n < 5; ++n) guesses.note(source(1), 7, start);
  for (int n = 2; n < 5; ++n) guesses.note(source(n), 7, start);
  CHECK_FALSE(guesses.paused(source(1), 7, start + 1s));
}

TEST_CASE("guesses: a phone that was right is not kept out by what is tried for others from its address") {
  Guesses guesses(limits);
  guesses.right(source(1), 7);
  for (std::uint64_t account = 100; account < 112; ++account) guesses.note(source(1), account, start);
  CHECK(guesses.paused(source(1), 8, start + 1s));
  CHECK_FALSE(guesses.paused(source(1), 7, start + 1s));
  for (int n = 0; n < 5; ++n) guesses.note(source(1), 7, start + 1s);
  CHECK(guesses.paused(source(1), 7, start + 2s));
}
