#include "config/network.hpp"

#include "config/external_address.hpp"
#include "tests/support/catch.hpp"

using namespace strowger::config;

TEST_CASE("networks hold what lies in them") {
  struct Row {
    std::string network;
    std::string inside;
    std::string outside;
  };
  for (const auto& [network, inside, outside] : std::vector<Row>{{"192.168.0.0/16", "192.168.255.1", "192.169.0.1"},
                                                                 {"10.0.0.0/8", "10.1.2.3", "11.0.0.0"},
                                                                 {"172.16.0.0/12", "172.31.0.9", "172.32.0.1"},
                                                                 {"192.0.2.7", "192.0.2.7", "192.0.2.8"},
                                                                 {"192.0.2.0/31", "192.0.2.1", "192.0.2.2"},
                                                                 {"fc00::/7", "fd12::1", "fe80::1"},
                                                                 {"::1/128", "::1", "::2"},
                                                                 {"10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"},
                                                                 {"0.0.0.0/0", "203.0.113.9", "2001:db8::1"}}) {
    CAPTURE(network);
    const auto parsed = Network::parse(network);
    REQUIRE(parsed);
    CHECK(parsed->contains(parse_ip(inside).value()));
    CHECK_FALSE(parsed->contains(parse_ip(outside).value()));
  }
  CHECK(Network::parse("::/0").value().contains(parse_ip("203.0.113.9").value()));
}

TEST_CASE("what is no network is refused with what may be meant") {
  for (const std::string text :
       {"", "10.0.0.0/33", "fc00::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "a/8", "10.0.0.1/8"}) {
    CAPTURE(text);
    CHECK_FALSE(Network::parse(text));
  }
  CHECK_THAT(Network::parse("fc00::1/7").error().message, ContainsSubstring("fc00::/7"));
}

TEST_CASE("loopback is known in its forms") {
  for (const std::string host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"})
    CHECK(is_loopback(host));
  for (const std::string host : {"0.0.0.0", "::", "192.168.1.1", "example.com", ""}) CHECK_FALSE(is_loopback(host));
}

TEST_CASE("the address of the default route is an address, with its reason") {
  const auto found = external_address();
  CHECK(parse_ip(found.ip));
  CHECK_FALSE(found.reason.empty());
}
