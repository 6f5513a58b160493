#include "actors/provisioning/similar_macs.hpp"

#include "events/nearest.hpp"
#include "tests/support/catch.hpp"

#include <chrono>
#include <random>

using namespace strowger;
using namespace strowger::provisioning;

namespace {

MacAddress mac(std::string_view text) {
  return MacAddress::parse(text).value();
}

}  // namespace

TEST_CASE("the bit-parallel distance is the textbook's") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const auto a = MacAddress::from_bits(random() & 0xFFFF'FFFF'FFFF);
    auto bits = a.bits();
    for (auto n = random() % 6; n > 0; --n) bits ^= (random() & 15) << (4 * (random() % 12));
    if (random() % 3 == 0) bits = bits << 4 & 0xFFFF'FFFF'FFFF;
    const auto b = MacAddress::from_bits(bits);
    if (a.bits() == 0 || b.bits() == 0) continue;
    CHECK(mac_distance(a, b) == edit_distance(a.text(), b.text()));
  }
}

TEST_CASE("likely typos come first, those of the same maker before all") {
  const std::vector<MacAddress> registered{mac("001565123456"), mac("001565123465"), mac("001565999999"),
                                           mac("001566123457"), mac("0004f2aabbcc"), mac("001565123457")};
  const auto found = similar_macs(mac("001565123457"), registered);
  REQUIRE(found.size() == 3);  // itself is none of them
  CHECK(found[0].mac == mac("001565123456"));
  CHECK(found[0].distance == 1);
  CHECK(found[1].mac == mac("001565123465"));
  CHECK(found[2].mac == mac("001566123457"));
  CHECK_FALSE(found[2].same_oui);
  CHECK(similar_macs_log_line(found) == "Similar MACs found (same vendor): ['001565123456', '001565123465']");
  CHECK(similar_macs(mac("aabbccddeeff"), registered).empty());
  CHECK(similar_macs_log_line({}) == "No similar MAC is registered");
}

TEST_CASE("a digit left out or two swapped are found") {
  const std::vector<MacAddress> registered{mac("0015651a2b3c")};
  CHECK(similar_macs(mac("001565a12b3c"), registered).size() == 1);
  CHECK(similar_macs(mac("00156512b3c0"), registered).size() == 1);
}

TEST_CASE("a hundred thousand devices are looked through in milliseconds") {
  std::mt19937_64 random(11);
  std::vector<MacAddress> registered;
  for (int i = 0; i < 100'000; ++i)
    registered.push_back(MacAddress::from_bits(0x001565ULL << 24 | (random() & 0xFFFFFF)));
  const auto before = std::chrono::steady_clock::now();
  const auto found = similar_macs(mac("001565123456"), registered);
  const auto took = std::chrono::steady_clock::now() - before;
  CHECK(found.size() <= 5);
  WARN("100,000 devices in " << std::chrono::duration_cast<std::chrono::microseconds>(took).count() << " us");
  CHECK(took < std::chrono::milliseconds(500));  // a bound on the order, not a benchmark
}
