#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

using namespace strowger;
using test::Phone;
using test::Wire;

TEST_CASE("a phone registers after a challenge, over UDP and TCP, with either algorithm") {
  test::SipServer house;
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  const auto algorithm = GENERATE(sip::Algorithm::md5, sip::Algorithm::sha256);
  Phone phone(kind, house.port(), "1001");

  const auto challenge = phone.wire.ask(phone.text({}));
  REQUIRE(challenge);
  REQUIRE(challenge->status() == 401);
  const auto offers = challenge->headers("WWW-Authenticate");
  REQUIRE(offers.size() == 2);
  CHECK_THAT(offers[0], ContainsSubstring("algorithm=SHA-256"));
  CHECK_THAT(offers[1], ContainsSubstring("algorithm=MD5"));

  Phone::Register what;
  what.contact = phone.contact();
  what.algorithm = algorithm;
  const auto answer = phone.register_with(what);
  REQUIRE(answer.status() == 200);
  CHECK_THAT(answer.header("Contact"), ContainsSubstring(std::to_string(phone.wire.port())));
  CHECK_THAT(answer.header("Contact"), ContainsSubstring("expires=600"));
  CHECK(!answer.header("To").empty());
  CHECK_THAT(answer.header("To"), ContainsSubstring("tag="));
  CHECK_THAT(answer.header("Via"), ContainsSubstring("rport=" + std::to_string(phone.wire.port())));

  const auto bindings = house.bindings_of("1001");
  REQUIRE(bindings.size() == 1);
  CHECK(bindings[0]->ip == "127.0.0.1");
  CHECK(bindings[0]->port == phone.wire.port());
  CHECK(bindings[0]->transport == (kind == Wire::Kind::udp ? "udp" : "tcp"));
  CHECK(house.events_of("1001") == std::vector<std::string>{"phone.registered"});
}
