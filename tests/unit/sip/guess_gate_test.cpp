#include "adapters/sip/guess_gate.hpp"

#include "adapters/sip/line_budget.hpp"
#include "tests/support/catch.hpp"

#include <map>

using namespace strowger::sip;
using namespace std::chrono_literals;

namespace {

struct Site {
  GuessGate::Time now{1h};
  std::map<std::string, GuessGate::Sender> senders;  // by extension@address:port
  std::size_t asked = 0;
  GuessGate gate{GuessLimits{}, [this](std::string_view extension, std::string_view address, std::uint16_t port) {
                   ++asked;
                   const auto found =
                       senders.find(std::string(extension) + "@" + std::string(address) + ":" + std::to_string(port));
                   return found == senders.end() ? GuessGate::Sender::stranger : found->second;
                 }};

  // How many of `count` wrong passwords are judged.
  int wrong(const std::string& extension, const std::string& address, int count, std::uint16_t port = 5060) {
    int judged = 0;
    for (int i = 0; i < count; ++i) {
      if (!gate.admits({extension, address, port}, now)) continue;
      ++judged;
      gate.wrong({extension, address, port}, now);
    }
    return judged;
  }
  bool heard(const std::string& extension, const std::string& address, std::uint16_t port = 5060) {
    return gate.admits({extension, address, port}, now);
  }
};

}  // namespace

TEST_CASE("guesses at one extension from one address are limited, and come back with time") {
  Site site;
  CHECK(site.wrong("1001", "192.0.2.1", 1000) == 20);
  CHECK(site.heard("1002", "192.0.2.1"));
  CHECK(site.heard("1001", "192.0.2.2"));
  site.now += 60s;
  CHECK(site.wrong("1001", "192.0.2.1", 1000) == 6);
  site.now += 1h;
  CHECK(site.wrong("1001", "192.0.2.1", 1000) == 20);
}

TEST_CASE("guesses at many extensions from one address are limited, and at one from many addresses") {
  Site site;
  int judged = 0;
  for (int i = 0; i < 500; ++i) judged += site.wrong(std::to_string(1000 + i), "192.0.2.1", 1);
  CHECK(judged == 60);
  judged = 0;
  for (int i = 0; i < 500; ++i) judged += site.wrong("2000", "198.51.100." + std::to_string(i), 1);
  CHECK(judged == 60);
}

TEST_CASE("who guesses at an extension does not lock its phones out") {
  Site site;
  site.senders["1001@192.0.2.9:5060"] = GuessGate::Sender::flow;
  site.senders["1001@192.0.2.9:6060"] = GuessGate::Sender::known;
  for (int i = 0; i < 500; ++i) site.wrong("1001", "198.51.100." + std::to_string(i), 1);
  CHECK(!site.heard("1001", "203.0.113.1"));
  CHECK(site.heard("1001", "192.0.2.9", 5060));
  CHECK(site.heard("1001", "192.0.2.9", 6060));

  SECTION("not even from the address of the phone") {
    site.wrong("1001", "192.0.2.9", 100, 7070);
    CHECK(!site.heard("1001", "192.0.2.9", 7070));
    CHECK(site.heard("1001", "192.0.2.9", 5060));
  }
  SECTION("nor by guesses at others from there") {
    for (int i = 0; i < 500; ++i) site.wrong(std::to_string(3000 + i), "192.0.2.9", 1, 7070);
    CHECK(site.heard("1001", "192.0.2.9", 6060));
  }
  SECTION("nor when its binding is gone") {
    site.senders.clear();
    CHECK(!site.heard("1001", "192.0.2.9"));
    site.gate.remember("1001", "192.0.2.9");
    CHECK(site.heard("1001", "192.0.2.9"));
  }
}

TEST_CASE("nobody is looked up while nobody guesses, and what is full again is forgotten") {
  Site site;
  CHECK(site.heard("1001", "192.0.2.1"));
  CHECK(site.asked == 0);
  site.wrong("1001", "192.0.2.1", 3);
  CHECK(site.gate.buckets() == 3);
  site.now += 1min;
  site.gate.sweep(site.now);
  CHECK(site.gate.buckets() == 0);
}

TEST_CASE("buckets are bounded") {
  GuessLimits limits;
  limits.most_buckets = 100;
  limits.most_remembered = 10;
  GuessGate gate(limits, {});
  const GuessGate::Time now{1h};
  for (int i = 0; i < 1000; ++i) {
    gate.wrong({std::to_string(i), "192.0.2." + std::to_string(i), 1}, now);
    gate.remember(std::to_string(i), "x");
  }
  CHECK(gate.buckets() <= 300);
}

TEST_CASE("lines beyond the budget are counted") {
  LineBudget budget(2, 1);
  const LineBudget::Time start{1h};
  CHECK(budget.take(start));
  CHECK(budget.take(start));
  CHECK(!budget.take(start));
  CHECK(!budget.take(start));
  CHECK(budget.take(start + 1s));
  CHECK(budget.take_withheld() == 2);
  CHECK(budget.take_withheld() == 0);
}

TEST_CASE("guesses from elsewhere at an extension do not keep an address of the own networks from it") {
  Site site;
  site.senders["1001@10.0.0.7:5060"] = GuessGate::Sender::local;
  site.senders["1001@10.0.0.8:5060"] = GuessGate::Sender::local;
  for (int i = 0; i < 10; ++i) site.wrong("1001", "192.0.2." + std::to_string(i), 20);
  CHECK_FALSE(site.heard("1001", "198.51.100.1"));
  CHECK(site.heard("1001", "10.0.0.7"));
  // It is limited itself, and keeps nobody else from it.
  CHECK(site.wrong("1001", "10.0.0.7", 1000) == 20);
  CHECK_FALSE(site.heard("1001", "10.0.0.7"));
  CHECK(site.heard("1001", "10.0.0.8"));
}
