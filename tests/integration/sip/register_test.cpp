#include "actors/registrar/registrar.hpp"
#include "events/json.hpp"
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
  CHECK_THAT(offers[0], ContainsSubstring("algorithm=MD5"));
  CHECK_THAT(offers[1], ContainsSubstring("algorithm=SHA-256"));

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

namespace {

std::string instance(const std::string& mac) {
  return ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-" + mac + ">\"";
}

}  // namespace

TEST_CASE("a refresh makes no event, an unregister makes one") {
  test::SipServer house;
  Phone phone(GENERATE(Wire::Kind::udp, Wire::Kind::tcp), house.port(), "1001");
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  const auto first = house.bindings_of("1001").at(0);
  house.ahead = 100;
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  const auto second = house.bindings_of("1001").at(0);
  CHECK(second->expires_at >= first->expires_at + std::chrono::seconds(100));
  CHECK(second->first_registered == first->first_registered);
  CHECK(house.events_of("1001").size() == 1);

  const auto gone = phone.register_as(phone.contact(), "0");
  REQUIRE(gone.status() == 200);
  CHECK(gone.header("Contact").empty());
  CHECK(house.bindings_of("1001").empty());
  CHECK(house.events_of("1001") == std::vector<std::string>{"phone.registered", "phone.unregistered"});
}

TEST_CASE("several phones share an extension, a query shows them all, * removes them all") {
  test::SipServer house;
  Phone desk(Wire::Kind::udp, house.port(), "1001");
  Phone lobby(Wire::Kind::tcp, house.port(), "1001");
  Phone other(Wire::Kind::udp, house.port(), "1002");
  REQUIRE(desk.register_as(desk.contact(";q=0.7" + instance("001565aabbcc"))).status() == 200);
  REQUIRE(lobby.register_as(lobby.contact()).status() == 200);
  REQUIRE(other.register_as(other.contact()).status() == 200);

  Phone::Register query;
  query.expires = "";
  const auto all = desk.register_with(query);
  REQUIRE(all.status() == 200);
  std::string contacts;
  for (const auto& line : all.headers("Contact")) contacts += line;
  CHECK_THAT(contacts, ContainsSubstring(std::to_string(desk.wire.port())));
  CHECK_THAT(contacts, ContainsSubstring(std::to_string(lobby.wire.port())));
  CHECK_THAT(contacts, ContainsSubstring("q=0.7"));
  CHECK_THAT(contacts, ContainsSubstring("+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-001565aabbcc>\""));
  CHECK(house.server->bindings().registered_extensions() == 2);
  CHECK(house.server->bindings().all().size() == 3);

  const auto untouched = house.bindings_of("1002");
  CHECK(desk.register_as("*", "60").status() == 400);
  CHECK(desk.register_as("*", "0").status() == 200);
  CHECK(house.bindings_of("1001").empty());
  CHECK(house.bindings_of("1002") == untouched);
}

TEST_CASE("the MAC is taken from where it really is one") {
  test::SipServer house;
  Phone yealink(Wire::Kind::udp, house.port(), "1001");
  REQUIRE(yealink.register_as(yealink.contact(instance("001565aabbcc"))).status() == 200);
  CHECK(house.bindings_of("1001").at(0)->mac == MacAddress::parse("001565aabbcc").value());

  Phone cisco(Wire::Kind::udp, house.port(), "1002");
  Phone::Register what;
  what.contact = cisco.contact();
  what.extra = "User-Agent: Cisco/SPA504G-7.4.9c (8843E157DDCC)(CBT141100HR)\r\n";
  REQUIRE(cisco.register_with(what).status() == 200);
  CHECK(house.bindings_of("1002").at(0)->mac == MacAddress::parse("8843e157ddcc").value());

  Phone soft(Wire::Kind::udp, house.port(), "1003");
  REQUIRE(
      soft.register_as(soft.contact(";+sip.instance=\"<urn:uuid:5a3f1c7e-9f0b-4c1d-8e2a-001565aabbcc>\"")).status() ==
      200);
  CHECK(!house.bindings_of("1003").at(0)->mac);
}

TEST_CASE("a phone that comes from another place replaces its old binding") {
  test::SipServer house;
  {
    Phone before(Wire::Kind::udp, house.port(), "1001");
    REQUIRE(before.register_as(before.contact(instance("001565aabbcc"))).status() == 200);
  }
  Phone after(Wire::Kind::tcp, house.port(), "1001");
  REQUIRE(after.register_as(after.contact(instance("001565aabbcc"))).status() == 200);
  REQUIRE(house.bindings_of("1001").size() == 1);
  CHECK(house.bindings_of("1001")[0]->port == after.wire.port());
  CHECK(house.events_of("1001") == std::vector<std::string>{"phone.registered", "phone.moved"});
}

TEST_CASE("who may not register is told the same, whoever it is") {
  test::SipServer house;
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  Phone wrong(kind, house.port(), "1001", "not the password");
  Phone unknown(kind, house.port(), "4711");
  const auto one = wrong.register_as(wrong.contact());
  const auto two = unknown.register_as(unknown.contact());
  CHECK(one.status() == 403);
  CHECK(two.status() == 403);
  CHECK(one.text.substr(0, one.text.find("\r\n")) == two.text.substr(0, two.text.find("\r\n")));

  Phone thief(kind, house.port(), "1002");
  thief.user = "1001";
  CHECK(thief.register_as(thief.contact()).status() == 403);
  Phone lost(kind, house.port(), "4712");
  lost.user = "1001";
  CHECK(lost.register_as(lost.contact()).status() == 404);
  CHECK(house.server->bindings().all().empty());
  CHECK(house.log->records().empty());
}

TEST_CASE("a captured REGISTER does not work again") {
  test::SipServer house;
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  Phone phone(kind, house.port(), "1001");
  Phone::Register what;
  what.contact = phone.contact();
  const auto challenge = phone.wire.ask(phone.text(what));
  REQUIRE(challenge);
  const auto credentials = phone.authorization(*challenge, sip::Algorithm::md5);
  const auto captured = phone.text(what, credentials);
  REQUIRE(phone.wire.ask(captured)->status() == 200);

  SECTION("with another contact") {
    Phone::Register hijack;
    hijack.contact = "<sip:1001@203.0.113.66:5060>";
    const auto refused = phone.wire.ask(phone.text(hijack, credentials));
    REQUIRE(refused);
    CHECK(refused->status() == 401);
    CHECK_THAT(refused->header("WWW-Authenticate"), ContainsSubstring("stale=true"));
  }
  SECTION("from another address") {
    Wire elsewhere(Wire::Kind::udp, house.port());
    elsewhere.send(captured);  // its Via names the phone: the answer may go there
    if (const auto refused = elsewhere.receive(std::chrono::milliseconds(500))) CHECK(refused->status() == 401);
  }
  SECTION("the next count is welcome, an old one is not") {
    what.contact = phone.contact();
    CHECK(
        phone.wire.ask(phone.text(what, phone.authorization(*challenge, sip::Algorithm::md5, "00000002")))->status() ==
        200);
    CHECK(
        phone.wire.ask(phone.text(what, phone.authorization(*challenge, sip::Algorithm::md5, "00000002")))->status() ==
        401);
  }
  CHECK(house.bindings_of("1001").size() == 1);
  CHECK(house.events_of("1001").size() == 1);
}

TEST_CASE("a UDP retransmission gets the same answer and changes nothing") {
  test::SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  Phone::Register what;
  what.contact = phone.contact();
  const auto challenge = phone.wire.ask(phone.text(what));
  const auto request = phone.text(what, phone.authorization(*challenge, sip::Algorithm::sha256));
  const auto first = phone.wire.ask(request);
  const auto again = phone.wire.ask(request);
  REQUIRE(first);
  REQUIRE(again);
  CHECK(first->status() == 200);
  CHECK(again->status() == 200);
  CHECK(first->header("To") == again->header("To"));
  CHECK(house.server->metrics().registrations_repeated == 1);
  CHECK(house.events_of("1001").size() == 1);
}

TEST_CASE("a nonce that is too old is answered with stale=true, forged ones with a plain challenge") {
  test::SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  const auto challenge = phone.wire.ask(phone.text({}));
  house.ahead = 3600;
  auto answer = phone.wire.ask(phone.text({}, phone.authorization(*challenge, sip::Algorithm::md5)));
  REQUIRE(answer);
  CHECK(answer->status() == 401);
  CHECK_THAT(answer->header("WWW-Authenticate"), ContainsSubstring("stale=true"));

  auto forged = *challenge;
  const auto at = forged.text.find("nonce=\"") + 10;
  forged.text[at] = forged.text[at] == 'A' ? 'B' : 'A';
  for (auto other = forged.text.find("nonce=\"", at); other != std::string::npos;
       other = forged.text.find("nonce=\"", other + 1))
    forged.text[other + 10] = forged.text[other + 10] == 'A' ? 'B' : 'A';
  answer = phone.wire.ask(phone.text({}, phone.authorization(forged, sip::Algorithm::md5)));
  REQUIRE(answer);
  CHECK(answer->status() == 401);
  CHECK(answer->header("WWW-Authenticate").find("stale") == std::string::npos);
}

TEST_CASE("whatever the wall clock is set to, who brings the right password is let in") {
  static constexpr std::int64_t hour = 3'600;
  static constexpr std::int64_t year = 365 * 24 * hour;
  const auto step = GENERATE(-year, -24 * hour, -hour, -1, 1, hour, 24 * hour, year);
  test::SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  Phone other(Wire::Kind::udp, house.port(), "1002");
  const auto challenge = phone.wire.ask(phone.text({}));
  REQUIRE(challenge);
  house.stepped = step;
  INFO("stepped by " << step << " s");
  // The nonce of before is as good as it was.
  test::Phone::Register what;
  what.contact = phone.contact();
  CHECK(phone.wire.ask(phone.text(what, phone.authorization(*challenge, sip::Algorithm::md5)))->status() == 200);
  REQUIRE(other.register_as(other.contact()).status() == 200);
  // It was so for a moment only: nonces that were used in it are nobody's trouble afterwards.
  house.stepped = 0;
  for (int again = 0; again < 3; ++again) {
    house.ahead += 30;
    CHECK(phone.register_as(phone.contact()).status() == 200);
    CHECK(other.register_as(other.contact()).status() == 200);
  }
}

TEST_CASE("a step of the wall clock ends no binding and keeps none: each has the time that it was granted") {
  static constexpr std::int64_t day = 86'400;
  const auto step = GENERATE(-365 * day, -day, -3'600, 3'600, day, 365 * day);
  auto log = std::make_shared<test::MemoryLog>();
  test::SipServer house(log);
  Phone before(Wire::Kind::udp, house.port(), "1001");
  Phone after(Wire::Kind::udp, house.port(), "1002");
  REQUIRE(before.register_as(before.contact(), "600").status() == 200);
  house.stepped = step;
  INFO("stepped by " << step << " s");
  const auto answer = after.register_as(after.contact(), "600");
  CHECK(answer.status() == 200);
  CHECK_THAT(answer.header("Contact"), ContainsSubstring("expires=600"));
  // The dates in the store follow the clock, for the next start.
  const auto left = [&] {
    std::chrono::microseconds most{}, least = std::chrono::hours(1'000'000);
    static_cast<void>(log->scan_state("bindings", "", [&](auto, auto row) {
      const auto of = json::from_string<registrar::Binding>(row).value().expires_at - system_now() -
                      std::chrono::seconds(step + house.ahead);
      most = std::max<std::chrono::microseconds>(most, of);
      least = std::min<std::chrono::microseconds>(least, of);
    }));
    return std::pair(least, most);
  };
  REQUIRE(test::eventually([&] {
    const auto [least, most] = left();
    return least > std::chrono::seconds(500) && most <= std::chrono::seconds(601);
  }));
  CHECK(house.events_of("1001").size() == 1);
  CHECK(house.server->bindings().all().size() == 2);

  house.server->stop();
  house.start();
  CHECK(house.server->bindings().all().size() == 2);
  house.ahead = 500;
  CHECK(house.server->bindings().all().size() == 2);
  house.stepped = -step;
  CHECK(house.server->bindings().all().size() == 2);
  house.ahead = 700;
  CHECK(house.server->bindings().all().empty());
  for (const auto* extension : {"1001", "1002"})
    CHECK(test::eventually([&] { return house.events_of(extension).back() == "phone.registration_expired"; }));
}

TEST_CASE("a new password counts at once") {
  test::SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  house.set_password("1001", "changed");
  CHECK(phone.register_as(phone.contact()).status() == 403);
  phone.password = "changed";
  CHECK(phone.register_as(phone.contact()).status() == 200);
}

TEST_CASE("lifetimes: too brief is 423 with Min-Expires, none is the default, huge is shortened") {
  test::SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  const auto brief = phone.register_as(phone.contact(), "10");
  CHECK(brief.status() == 423);
  CHECK(brief.header("Min-Expires") == "60");
  CHECK(house.bindings_of("1001").empty());
  CHECK_THAT(phone.register_as(phone.contact(), "").header("Contact"), ContainsSubstring("expires=3600"));
  CHECK_THAT(phone.register_as(phone.contact(), "4000000000").header("Contact"), ContainsSubstring("expires=86400"));
  CHECK_THAT(phone.register_as(phone.contact(";expires=120"), "600").header("Contact"),
             ContainsSubstring("expires=120"));
}

TEST_CASE("Path is kept and answered") {
  test::SipServer house;
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  Phone::Register what;
  what.contact = phone.contact();
  what.extra = "Supported: path\r\nPath: <sip:token@127.0.0.1:5099;lr>, <sip:second@127.0.0.1:5098;lr>\r\n";
  const auto answer = phone.register_with(what);
  REQUIRE(answer.status() == 200);
  CHECK_THAT(answer.header("Path"), ContainsSubstring("sip:token@127.0.0.1:5099;lr"));
  REQUIRE(house.bindings_of("1001").at(0)->path.size() == 2);
  CHECK(house.bindings_of("1001")[0]->path[1] == "<sip:second@127.0.0.1:5098;lr>");
}

TEST_CASE("two REGISTERs of one extension at once are worked off one after the other") {
  test::SipServer house;
  Phone one(Wire::Kind::udp, house.port(), "1001");
  Phone two(Wire::Kind::udp, house.port(), "1001");
  Phone::Register first, second;
  first.contact = one.contact();
  second.contact = two.contact();
  const auto challenge_one = one.wire.ask(one.text(first));
  const auto challenge_two = two.wire.ask(two.text(second));
  const auto request_one = one.text(first, one.authorization(*challenge_one, sip::Algorithm::md5));
  const auto request_two = two.text(second, two.authorization(*challenge_two, sip::Algorithm::md5));

  house.log->hold();
  one.wire.send(request_one);
  two.wire.send(request_two);
  REQUIRE(test::eventually([&] { return house.server->metrics().register_requests >= 4; }));
  CHECK(house.bindings_of("1001").empty());  // nothing is shown before the log has it
  CHECK(!one.wire.receive(std::chrono::milliseconds(50)));
  house.log->release();
  const auto answer_one = one.wire.receive();
  const auto answer_two = two.wire.receive();
  REQUIRE(answer_one);
  REQUIRE(answer_two);
  CHECK(answer_one->status() == 200);
  CHECK(answer_two->status() == 200);
  CHECK(house.bindings_of("1001").size() == 2);
}

TEST_CASE("what the log refused is not registered, and the phone is told to come again") {
  test::SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  house.log->fail_next(1);
  const auto refused = phone.register_as(phone.contact());
  CHECK(refused.status() == 503);
  CHECK(!refused.header("Retry-After").empty());
  CHECK(house.bindings_of("1001").empty());
  CHECK(phone.register_as(phone.contact()).status() == 200);
}

TEST_CASE("bindings survive a restart with the expiry they had, and lapse on time") {
  auto log = std::make_shared<test::MemoryLog>();
  test::SipServer house(log);
  Phone brief(Wire::Kind::udp, house.port(), "1001");
  Phone lasting(Wire::Kind::tcp, house.port(), "1002");
  REQUIRE(brief.register_as(brief.contact(), "60").status() == 200);
  REQUIRE(lasting.register_as(lasting.contact(), "7200").status() == 200);
  const auto stored = *house.bindings_of("1002").at(0);

  house.server->stop();
  house.ahead = 120;
  house.start();
  CHECK(house.bindings_of("1001").empty());
  REQUIRE(house.bindings_of("1002").size() == 1);
  CHECK(json::to_string(*house.bindings_of("1002")[0]) == json::to_string(stored));
  REQUIRE(test::eventually([&] {
    return house.events_of("1001") == std::vector<std::string>{"phone.registered", "phone.registration_expired"};
  }));
  house.ahead = 10000;
  REQUIRE(test::eventually([&] { return house.events_of("1002").size() == 2; }));
  CHECK(house.events_of("1002").back() == "phone.registration_expired");
  CHECK(house.server->bindings().all().empty());
  std::size_t rows = 0;
  CHECK(log->scan_state("bindings", "", [&](auto, auto) { ++rows; }));
  CHECK(rows == 0);
}

TEST_CASE("a deleted extension loses its bindings, the others keep theirs") {
  test::SipServer house;
  Phone gone(Wire::Kind::udp, house.port(), "1001");
  Phone kept(Wire::Kind::udp, house.port(), "1002");
  REQUIRE(gone.register_as(gone.contact()).status() == 200);
  REQUIRE(kept.register_as(kept.contact()).status() == 200);
  const auto before = house.bindings_of("1002");
  house.forget("1001");
  house.server->drop_extension(ExtensionNumber::parse("1001").value());
  REQUIRE(test::eventually([&] { return house.bindings_of("1001").empty(); }));
  REQUIRE(test::eventually([&] { return house.events_of("1001").size() == 2; }));
  CHECK_THAT(house.log->records().back().data, ContainsSubstring("extension_deleted"));
  CHECK(house.bindings_of("1002") == before);
  CHECK(gone.register_as(gone.contact()).status() == 403);
}

TEST_CASE("a disabled extension loses its bindings and is refused, until it is enabled again") {
  test::SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  house.enable("1001", false);
  house.server->drop_extension(ExtensionNumber::parse("1001").value(), UnregisterReason::extension_disabled);
  REQUIRE(test::eventually([&] { return house.bindings_of("1001").empty(); }));
  REQUIRE(test::eventually([&] { return house.events_of("1001").size() == 2; }));
  CHECK_THAT(house.log->records().back().data, ContainsSubstring("extension_disabled"));
  CHECK(phone.register_as(phone.contact()).status() == 403);
  CHECK(house.bindings_of("1001").empty());
  house.enable("1001", true);
  CHECK(phone.register_as(phone.contact()).status() == 200);
}

TEST_CASE("every other request gets its final answer") {
  test::SipServer house;
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  Wire wire(kind, house.port());
  unsigned next = 0;
  const auto ask = [&](const std::string& method, const std::string& extra = "",
                       const std::string& uri = "sip:127.0.0.1", const std::string& to_tag = "") {
    ++next;
    return wire.ask(method + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/" + wire.via_transport() +
                    " 127.0.0.1:" + std::to_string(wire.port()) + ";branch=z9hG4bKm" + std::to_string(next) + method +
                    "\r\nMax-Forwards: 70\r\nFrom: <sip:x@127.0.0.1>;tag=f" + std::to_string(next) +
                    "\r\nTo: <sip:y@127.0.0.1>" + to_tag + "\r\nCall-ID: m" + std::to_string(next) +
                    "\r\nCSeq: " + std::to_string(next) + " " + method + "\r\n" + extra + "Content-Length: 0\r\n\r\n");
  };
  const auto options = ask("OPTIONS");
  REQUIRE(options);
  CHECK(options->status() == 200);
  CHECK_THAT(options->header("Allow"), ContainsSubstring("REGISTER"));
  for (const auto* method : {"INVITE", "MESSAGE", "SUBSCRIBE", "PUBLISH", "REFER"}) {
    const auto answer = ask(method);
    REQUIRE(answer);
    CHECK(answer->status() == 405);
    CHECK(!answer->header("Allow").empty());
  }
  for (const auto* method : {"BYE", "CANCEL", "PRACK", "UPDATE", "INFO", "NOTIFY"}) CHECK(ask(method)->status() == 481);
  CHECK(ask("INVITE", "", "sip:127.0.0.1", ";tag=dialog")->status() == 481);
  CHECK(ask("JUGGLE")->status() == 501);
  const auto required = ask("OPTIONS", "Require: teleport, path\r\n");
  CHECK(required->status() == 420);
  CHECK(required->header("Unsupported") == "teleport");
  CHECK(ask("OPTIONS", "", "mailto:a@example.com")->status() == 416);
}
