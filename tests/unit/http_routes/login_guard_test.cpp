// How often passwords may be tried, and that nobody is locked out by others.
#include "adapters/http/routes/login_guard.hpp"

#include "tests/support/catch.hpp"

#include <optional>
#include <vector>

using namespace strowger::http::routes;
using namespace std::chrono_literals;

namespace {

struct Guarded {
  LoginGuard::Moment now{1h};
  LoginGuard guard;

  explicit Guarded(LoginGuard::Limits limits = {}) : guard(limits, [this] { return now; }) {}

  bool fails(const std::string& source, const std::string& name) {
    return guard.reserve(source, name).pass.has_value();
  }
  bool succeeds(const std::string& source, const std::string& name) {
    auto verdict = guard.reserve(source, name);
    if (verdict.pass) verdict.pass->succeeded();
    return verdict.pass.has_value();
  }
};

LoginGuard::Limits unhurried() {
  LoginGuard::Limits limits;
  limits.burst = 1e9;
  return limits;
}

}  // namespace

TEST_CASE("tries at the same time are counted before any of them is over") {
  Guarded site;
  std::vector<LoginGuard::Verdict> at_once;
  int heard = 0;
  for (int i = 0; i < 400; ++i) {
    at_once.push_back(site.guard.reserve("192.0.2.1", "admin"));
    heard += at_once.back().pass ? 1 : 0;
  }
  CHECK(heard == 10);
  CHECK(at_once.back().why == "too_many_logins");
  CHECK(at_once.back().retry_after == 60s);
  CHECK(site.guard.counts().refused == 390);
}

TEST_CASE("wrong passwords for a name from elsewhere do not lock its owner out") {
  Guarded site(unhurried());
  for (int source = 0; source < 50; ++source)
    for (int i = 0; i < 11; ++i) site.fails("198.51.100." + std::to_string(source), "admin");
  const auto stranger = site.guard.reserve("192.0.2.1", "admin");
  REQUIRE(stranger.pass);
  CHECK(stranger.delay == 4s);  // slowed, not refused
  CHECK_FALSE(site.fails("198.51.100.7", "admin"));
}

TEST_CASE("a source that succeeded before is neither slowed nor counted with the strangers") {
  LoginGuard::Limits limits;
  limits.burst = 12;
  limits.tries_per_second = 0.001;
  Guarded site(limits);
  CHECK(site.succeeds("192.0.2.1", "admin"));
  for (int i = 0; i < 12; ++i) site.fails("198.51.100." + std::to_string(i), "admin");
  const auto stranger = site.guard.reserve("198.51.100.99", "admin");
  CHECK_FALSE(stranger.pass);
  CHECK(stranger.why == "logins_busy");
  const auto owner = site.guard.reserve("192.0.2.1", "admin");
  REQUIRE(owner.pass);
  CHECK(owner.delay == 0ms);
  CHECK_FALSE(site.fails("192.0.2.1", "somebody else"));  // it is known for its own name alone
}

TEST_CASE("a success gives back its own try and no other") {
  Guarded site(unhurried());
  int heard = 0;
  for (int i = 0; i < 100; ++i) {
    CHECK((site.succeeds("192.0.2.1", "own") || heard == 20));
    heard += site.fails("192.0.2.1", "victim" + std::to_string(i)) ? 1 : 0;
  }
  CHECK(heard == 20);
}

TEST_CASE("the limit over all sources fills up again with time") {
  LoginGuard::Limits limits;
  limits.tries_per_second = 5;
  limits.burst = 3;
  Guarded site(limits);
  int source = 0;
  const auto heard = [&] {
    ++source;
    return site.fails("10.0.0." + std::to_string(source), "name" + std::to_string(source));
  };
  CHECK((heard() && heard() && heard()));
  CHECK_FALSE(heard());
  site.now += 200ms;
  CHECK(heard());
  CHECK_FALSE(heard());
  site.now += 1h;
  CHECK((heard() && heard() && heard()));
  CHECK_FALSE(heard());
}

TEST_CASE("a window ends, and what is given back after it changes nothing") {
  Guarded site(unhurried());
  auto late = site.guard.reserve("192.0.2.1", "admin");
  for (int i = 0; i < 9; ++i) CHECK(site.fails("192.0.2.1", "admin"));
  CHECK_FALSE(site.fails("192.0.2.1", "admin"));
  site.now += 60s;
  for (int i = 0; i < 10; ++i) CHECK(site.fails("192.0.2.1", "admin"));
  late.pass->give_back();
  CHECK_FALSE(site.fails("192.0.2.1", "admin"));
}

TEST_CASE("tries that were not looked at are given back") {
  Guarded site(unhurried());
  for (int i = 0; i < 100; ++i) {
    auto verdict = site.guard.reserve("192.0.2.1", "admin");
    REQUIRE(verdict.pass);
    verdict.pass->give_back();
  }
}

TEST_CASE("only so many tries wait at the same time") {
  auto limits = unhurried();
  limits.most_delayed = 3;
  Guarded site(limits);
  for (int i = 0; i < 10; ++i) site.fails("198.51.100." + std::to_string(i), "admin");
  std::vector<LoginGuard::Verdict> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(site.guard.reserve("10.0.0." + std::to_string(i), "admin"));
  CHECK(waiting[2].delay == 500ms);
  CHECK_FALSE(waiting[3].pass);
  waiting.clear();
  CHECK(site.fails("10.0.0.9", "admin"));
}
