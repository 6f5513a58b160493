#include "actors/provisioning/access/enumeration.hpp"
#include "tests/support/catch.hpp"

using namespace strowger;
using namespace strowger::provisioning::access;
using namespace std::chrono_literals;

namespace {

const Instant start{1000h};

MacAddress mac(std::uint64_t n) {
  return MacAddress::from_bits(0x001565000000 + n);
}

Source source(std::uint32_t n) {
  return *parse_source("10." + std::to_string(n >> 16 & 255) + "." + std::to_string(n >> 8 & 255) + "." +
                       std::to_string(n & 255));
}

}  // namespace

TEST_CASE("enumeration: different unknown MACs block their source, for a while") {
  Enumeration enumeration({.unknown_macs = 5, .window = 600s, .block = 900s});
  const auto stranger = source(1);
  for (int again = 0; again < 20; ++again)  // a phone that is not registered asks for its file for ever
    CHECK_FALSE(enumeration.note(stranger, mac(1), start + 1s * again));
  for (std::uint64_t n = 2; n < 5; ++n) CHECK_FALSE(enumeration.note(stranger, mac(n), start + 30s));
  const auto block = enumeration.note(stranger, mac(5), start + 31s);
  REQUIRE(block);
  CHECK(block->unknown_macs == 5);
  CHECK(block->until == start + 31s + 900s);
  CHECK(enumeration.blocked(stranger, start + 900s));
  CHECK_FALSE(enumeration.blocked(stranger, start + 931s));
  CHECK_FALSE(enumeration.blocked(source(2), start + 32s));
  CHECK(enumeration.blocks(start + 32s).size() == 1);
  CHECK(enumeration.unblock(stranger));
  CHECK_FALSE(enumeration.blocked(stranger, start + 32s));
  CHECK_FALSE(enumeration.unblock(stranger));
}

TEST_CASE("enumeration: slow enough is no enumeration, and none is when it is switched off") {
  Enumeration enumeration({.unknown_macs = 3, .window = 60s});
  for (std::uint64_t n = 0; n < 50; ++n) CHECK_FALSE(enumeration.note(source(1), mac(n), start + 31s * n));
  enumeration.set({.unknown_macs = 0});
  for (std::uint64_t n = 0; n < 500; ++n) CHECK_FALSE(enumeration.note(source(1), mac(n), start));
}

TEST_CASE("enumeration: memory is bounded, however many sources there are") {
  Enumeration enumeration({.unknown_macs = 2, .most_sources = 100});
  for (std::uint32_t n = 0; n < 10'000; ++n) enumeration.note(source(n), mac(1), start);
  CHECK(enumeration.watched() == 100);
  for (std::uint32_t n = 0; n < 1'000; ++n) {
    enumeration.note(source(n), mac(1), start);
    enumeration.note(source(n), mac(2), start + 100ms * n);
  }
  CHECK(enumeration.blocks(start).size() == 100);
  CHECK(enumeration.blocked(source(999), start));  // the oldest went
  CHECK(enumeration.drop_expired(start + 48h).size() == 100);
  CHECK_FALSE(enumeration.has_blocks());
}

TEST_CASE("enumeration: a source is an IPv4 address, or the /64 of an IPv6 one") {
  CHECK(to_string(*parse_source("192.0.2.7")) == "192.0.2.7");
  CHECK(to_string(*parse_source("2001:db8::1:2:3:4")) == "2001:db8::/64");
  CHECK(parse_source("2001:db8::/64") == parse_source("2001:db8::ffff"));
  CHECK(parse_source("::ffff:192.0.2.7") == parse_source("192.0.2.7"));
  for (const auto* bad : {"", "x", "192.0.2", "192.0.2.7.8", "/64"}) CHECK_FALSE(parse_source(bad));
  CHECK(same_site(*parse_source("192.0.2.7"), *parse_source("192.0.2.200")));
  CHECK_FALSE(same_site(*parse_source("192.0.2.7"), *parse_source("192.0.3.7")));
}
