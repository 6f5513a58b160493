// What users of other registrars report of phones in the field.
#include "actors/provisioning/user_agent.hpp"
#include "actors/provisioning/vendor_catalog.hpp"
#include "actors/reboot/correlation.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

#include <algorithm>
#include <array>

#include <poll.h>
#include <sys/socket.h>

using namespace strowger;
using test::Phone;
using test::SipServer;
using test::Wire;

namespace {

using namespace std::chrono_literals;

void replace(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

// What comes on a connection next, as it is; empty when the deadline passes.
std::string read_bytes(const Wire& wire, std::chrono::milliseconds deadline) {
  pollfd one{wire.descriptor(), POLLIN, 0};
  if (::poll(&one, 1, static_cast<int>(deadline.count())) <= 0) return {};
  std::array<char, 256> bytes{};
  const auto got = ::recv(wire.descriptor(), bytes.data(), bytes.size(), 0);
  return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
}

}  // namespace

TEST_CASE("a phone whose port moves, and that names no instance, is let in each time: the oldest binding makes room") {
  SipServer house;
  std::string first;
  for (int i = 0; i < 13; ++i) {
    Phone phone(Wire::Kind::udp, house.port(), "1001");
    if (i == 0) first = phone.contact();
    CAPTURE(i);
    REQUIRE(phone.register_as(phone.contact()).status() == 200);
  }
  const auto bindings = house.bindings_of("1001");
  CHECK(bindings.size() == 10);
  CHECK(std::ranges::none_of(bindings, [&](const auto& b) { return "<" + b->contact + ">" == first; }));
  const auto events = house.events_of("1001");
  CHECK(std::ranges::count(events, "phone.unregistered") == 3);
  const auto records = house.log->records();
  CHECK(std::ranges::count_if(
            records, [](const auto& record) { return record.data.find("made_room") != std::string::npos; }) == 3);
}

TEST_CASE("the binding whose connection has ended makes room before an older one") {
  SipServer house;
  Phone oldest(Wire::Kind::udp, house.port(), "1001");
  REQUIRE(oldest.register_as(oldest.contact()).status() == 200);
  std::string gone;
  {
    Phone phone(Wire::Kind::tcp, house.port(), "1001");
    REQUIRE(phone.register_as(phone.contact()).status() == 200);
    gone = phone.contact();
  }
  REQUIRE(test::eventually([&] { return house.server->metrics().tcp_connections == 0; }));
  std::vector<std::unique_ptr<Phone>> more;
  for (int i = 0; i < 9; ++i) {
    auto& phone = more.emplace_back(std::make_unique<Phone>(Wire::Kind::udp, house.port(), "1001"));
    REQUIRE(phone->register_as(phone->contact()).status() == 200);
  }
  const auto bindings = house.bindings_of("1001");
  CHECK(bindings.size() == 10);
  const auto has = [&](const std::string& contact) {
    return std::ranges::any_of(bindings, [&](const auto& b) { return "<" + b->contact + ">" == contact; });
  };
  CHECK(has(oldest.contact()));
  CHECK_FALSE(has(gone));
}

TEST_CASE("a phone that restarted with the Call-ID that it had, and counts from one again, is let in") {
  SipServer house;
  Phone phone(GENERATE(Wire::Kind::udp, Wire::Kind::tcp), house.port(), "1001");
  phone.cseq = 500;
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  phone.cseq = 0;
  CHECK(phone.register_as(phone.contact()).status() == 200);
  REQUIRE(house.bindings_of("1001").size() == 1);
  CHECK(house.bindings_of("1001")[0]->cseq == 2);
  CHECK(phone.register_as(phone.contact(), "0").status() == 200);
  CHECK(house.bindings_of("1001").empty());
}

TEST_CASE("a REGISTER that was delayed on its way does not undo a later one") {
  SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  Phone::Register leaves;
  leaves.contact = phone.contact();
  leaves.expires = "0";
  const auto challenge = phone.wire.ask(phone.text(leaves));
  REQUIRE(challenge);
  const auto delayed = phone.text(leaves, phone.authorization(*challenge, sip::Algorithm::md5));
  REQUIRE(phone.register_as(phone.contact()).status() == 200);  // with a nonce of its own
  const auto late = phone.wire.ask(delayed);
  REQUIRE(late);
  CHECK(late->status() == 401);
  CHECK_THAT(late->header("WWW-Authenticate"), ContainsSubstring("stale=true"));
  CHECK(house.bindings_of("1001").size() == 1);
}

TEST_CASE("a ping on a connection is answered with a pong") {
  SipServer house;
  Wire wire(Wire::Kind::tcp, house.port());
  for (int i = 0; i < 3; ++i) {
    wire.send("\r\n\r\n");
    CHECK(read_bytes(wire, 10s) == "\r\n");
  }
  // And whole messages still come through, before and behind one.
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  phone.wire.send("\r\n\r\n");
  CHECK(read_bytes(phone.wire, 10s) == "\r\n");
  CHECK(phone.register_as(phone.contact()).status() == 200);
}

TEST_CASE("where outbound is used, the answer says how often to send keep-alives") {
  SipServer house;
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  Phone phone(kind, house.port(), "1001");
  Phone::Register what;
  what.contact = phone.contact(";reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-001565aabbcc>\"");
  what.extra = "Supported: path, outbound\r\n";
  const auto answer = phone.register_with(what);
  REQUIRE(answer.status() == 200);
  CHECK(answer.header("Require") == "outbound");
  CHECK(answer.header("Flow-Timer") == (kind == Wire::Kind::udp ? "29" : "120"));
  CHECK(phone.register_as(phone.contact()).header("Flow-Timer").empty());
}

TEST_CASE("display names without quotes, as phones send those that their files gave them") {
  SipServer house;
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  static constexpr std::array<const char*, 4> names{"M\xc3\xbcller", "Ann (Sales)", "M\xfcller Ann", "Ann @ Sales"};
  static constexpr std::array<std::size_t, 4> which{0, 1, 2, 3};
  const std::string name = names.at(GENERATE(which[0], which[1], which[2], which[3]));
  Phone phone(kind, house.port(), "1001");
  Phone::Register what;
  what.contact = name + " " + phone.contact();
  const auto ask = [&](const std::string& authorization) {
    auto text = phone.text(what, authorization);
    replace(text, "From: <", "From: " + name + " <");
    replace(text, "To: <", "t: " + name + "\r\n <");
    return phone.wire.ask(text);
  };
  const auto challenge = ask("");
  REQUIRE(challenge);
  REQUIRE(challenge->status() == 401);
  const auto answer = ask(phone.authorization(*challenge, sip::Algorithm::md5));
  REQUIRE(answer);
  CHECK(answer->status() == 200);
  REQUIRE(house.bindings_of("1001").size() == 1);
  CHECK("<" + house.bindings_of("1001")[0]->contact + ">" == phone.contact());
}

TEST_CASE("an answer goes to the port that the request came from, unless the settings leave that to rport") {
  auto options = SipServer::default_options();
  options.force_rport = GENERATE(true, false);
  SipServer house(std::make_shared<test::MemoryLog>(), options);
  Wire listens(Wire::Kind::udp, house.port());
  Wire sends(Wire::Kind::udp, house.port());
  // Its Via names another port, as behind a NAT, and no rport.
  sends.send("OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:" + std::to_string(listens.port()) +
             ";branch=z9hG4bKnat\r\nMax-Forwards: 70\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\n"
             "Call-ID: nat\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
  const auto answer = (options.force_rport ? sends : listens).receive();
  REQUIRE(answer);
  CHECK(answer->status() == 200);
  CHECK_FALSE((options.force_rport ? listens : sends).receive(200ms));
}

TEST_CASE("of two snoms on one extension each is known by the node of its instance, and one can be told") {
  const auto vendors = provisioning::VendorCatalog::built_in();
  auto options = SipServer::default_options();
  options.made_by = [&](const MacAddress& mac, std::string_view user_agent) {
    const auto* maker = vendors.vendor_of(mac);
    return maker != nullptr && maker->vendor == provisioning::parse_sip_user_agent(user_agent).vendor;
  };
  SipServer house(std::make_shared<test::MemoryLog>(), options);
  const auto registers = [&](Phone& phone, const std::string& instance, const std::string& agent) {
    Phone::Register what;
    what.contact = phone.contact(";reg-id=1;+sip.instance=\"<urn:uuid:" + instance + ">\"");
    what.extra = "User-Agent: " + agent + "\r\n";
    REQUIRE(phone.register_with(what).status() == 200);
  };
  Phone one(Wire::Kind::udp, house.port(), "1001");
  Phone two(Wire::Kind::udp, house.port(), "1001");
  Phone soft(Wire::Kind::udp, house.port(), "1001");
  registers(one, "76e44df3-6880-4e04-84c0-000413AA0001", "snomD375/8.9.3.60");
  registers(two, "86e44df3-6880-4e04-84c0-000413AA0002", "snomD375/8.9.3.60");
  registers(soft, "96e44df3-6880-4e04-84c0-000413AA0003", "Softphone/1.0");
  const auto bindings = house.bindings_of("1001");
  REQUIRE(bindings.size() == 3);
  CHECK(bindings[0]->mac == MacAddress::parse("000413aa0001").value());
  CHECK(bindings[1]->mac == MacAddress::parse("000413aa0002").value());
  CHECK_FALSE(bindings[2]->mac);

  DevicesProjection devices;
  DeviceRow device;
  device.definition = std::make_shared<const DeviceDefinition>(DeviceDefinition{
      MacAddress::parse("000413aa0002").value(), ExtensionNumber::parse("1001").value(), "snom", "d375"});
  const auto phones = reboot::Phones(house.server->bindings(), devices).of(device);
  REQUIRE(phones.size() == 1);
  CHECK(phones[0]->port == two.wire.port());
}
