// Changes of many devices, and the indexes over waves.
#include "actors/convergence/sweeps.hpp"

#include "actors/convergence/schedule.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::convergence;
using namespace std::chrono_literals;

namespace {

struct Swept {
  std::vector<MacAddress> macs;
  Sweeps sweeps{[this](const std::optional<ModelKey>&, const std::optional<MacAddress>& after, std::size_t max) {
    std::vector<MacAddress> out;
    for (const auto& mac : macs)
      if ((!after || mac > *after) && out.size() < max) out.push_back(mac);
    return out;
  }};
  Policy policy;
  Instant now{1'000h};
  Position known{100};

  explicit Swept(std::uint64_t devices) {
    for (std::uint64_t i = 1; i <= devices; ++i) macs.push_back(MacAddress::from_bits(i));
  }
  Context context() const { return {now, known, policy}; }
  void begin(std::uint64_t cause, const std::optional<ModelKey>& model = {}) {
    sweeps.begin(model, {.cause = Position{cause}}, context());
  }
  // The devices of the next page, as "1-3"; empty where nothing is due.
  std::string page(std::size_t max) {
    const auto page = sweeps.next(context(), max);
    if (!page) return "nothing";
    if (page->macs.empty()) return "end";
    return std::to_string(page->macs.front().bits()) + "-" + std::to_string(page->macs.back().bits());
  }
};

MacAddress nth(std::uint64_t i) {
  return MacAddress::from_bits(i);
}

}  // namespace

TEST_CASE("a change of all looks at each device, and once more when it is surely in force") {
  Swept swept(5);
  swept.begin(90);
  CHECK(swept.page(3) == "nothing");  // it settles
  swept.now += 300ms;
  CHECK(swept.page(3) == "1-3");
  CHECK(swept.sweeps.ahead("m", nth(4), swept.context()));
  CHECK_FALSE(swept.sweeps.ahead("m", nth(3), swept.context()));
  CHECK(swept.page(3) == "4-5");
  CHECK(swept.page(3) == "nothing");
  CHECK(swept.sweeps.first_unlooked() == Position{90});
  swept.now += 3s;
  CHECK(swept.page(9) == "1-5");
  CHECK(swept.sweeps.empty());
  CHECK_FALSE(swept.sweeps.first_unlooked());
  REQUIRE(swept.sweeps.lately("m"));
  swept.now += 60s;
  swept.sweeps.forget(swept.now);
  CHECK_FALSE(swept.sweeps.lately("m"));
}

TEST_CASE("a stream of changes keeps no device from being looked at") {
  Swept swept(6);
  swept.begin(90);
  swept.now += 1s;
  CHECK(swept.page(2) == "1-2");
  swept.begin(91);
  CHECK(swept.page(2) == "3-4");
  CHECK(swept.sweeps.ahead("m", nth(1), swept.context()));
  swept.begin(92);
  CHECK(swept.page(2) == "5-6");
  CHECK(swept.page(2) == "end");
  CHECK(swept.page(2) == "1-2");
  CHECK_FALSE(swept.sweeps.ahead("m", nth(5), swept.context()));
  CHECK(swept.page(2) == "3-4");
  CHECK(swept.page(2) == "nothing");
}

TEST_CASE("a change is not looked at before it is in the tables") {
  Swept swept(1);
  swept.begin(101);
  swept.now += 1s;
  CHECK(swept.page(2) == "nothing");
  CHECK(swept.sweeps.due(swept.context()).position == Position{101});
  swept.known = Position{101};
  CHECK(swept.page(2) == "1-1");
}

TEST_CASE("the one that waited longest is first, of sites that are not full") {
  TurnQueue queue;
  const Instant at{1h};
  queue.add(nth(1), {"hq", at});
  queue.add(nth(2), {"hq", at + 1s});
  queue.add(nth(3), {"branch", at + 2s});
  CHECK(queue.first() == nth(1));
  queue.set_full("hq", true);
  CHECK(queue.first() == nth(3));
  queue.remove(nth(3), {"branch", at + 2s});
  CHECK_FALSE(queue.first());
  CHECK_FALSE(queue.empty());
  queue.set_full("hq", false);
  queue.remove(nth(1), {"hq", at});
  CHECK(queue.first() == nth(2));
  queue.remove(nth(2), {"hq", at + 1s});
  CHECK(queue.empty());
}
