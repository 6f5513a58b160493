// PnP's parts that need no network: what a question says, and how many are looked at.
#include "adapters/sip/multicast.hpp"
#include "adapters/sip/pnp_gate.hpp"
#include "adapters/sip/pnp_request.hpp"
#include "adapters/sip/sofia.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace strowger;
using namespace strowger::sip;
using namespace std::chrono_literals;

namespace {

std::string subscribe(const std::string& uri, const std::string& from, const std::string& event,
                      const std::string& more = "") {
  return "SUBSCRIBE " + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.50:5060;branch=z9hG4bK1;rport\r\nFrom: " + from +
         ";tag=1\r\nTo: " + from + "\r\nCall-ID: 1@192.168.1.50\r\nCSeq: 1 SUBSCRIBE\r\n" +
         (event.empty() ? "" : "Event: " + event + "\r\n") + more + "Content-Length: 0\r\n\r\n";
}

std::optional<PnpRequest> read(const std::string& text) {
  const SofiaLibrary library;
  const Message message(msg_make(sip_default_mclass(), 0, text.data(), static_cast<ssize_t>(text.size())));
  REQUIRE(message);
  return read_pnp(message.sip());
}

constexpr auto yealink = R"(ua-profile;profile-type="device";vendor="Yealink";model="T46S";version="66.86.0.15")";

}  // namespace

TEST_CASE("pnp: phones of every kind are understood") {
  struct Row {
    std::string uri, from, event, more;
    std::string mac, vendor, model, version;
  };
  const auto row = GENERATE(values<Row>({
      {"sip:MAC%3a001565123456@224.0.1.75", "<sip:MAC%3a001565123456@224.0.1.75>", yealink,
       "User-Agent: Yealink SIP-T46S 66.86.0.15\r\nAccept: application/url\r\n", "001565123456", "Yealink", "T46S",
       "66.86.0.15"},
      // Older Yealinks name themselves in From alone.
      {"sip:MAC%3A@224.0.1.75", "<sip:MAC%3A00156574b150@224.0.1.75>", yealink, "", "00156574b150", "Yealink", "T46S",
       "66.86.0.15"},
      // Snom, also without a host in From; the model's quotes are its own.
      {"sip:MAC%3a00041326AABB@224.0.1.75", "<sip:MAC%3a00041326AABB@224.0.1.75>",
       R"(ua-profile;profile-type="device";vendor="snom";model="snom370";version="8.2.19")", "", "00041326aabb", "snom",
       "snom370", "8.2.19"},
      {"sip:MAC%3a00135E874B49@fake", "<sip:MAC%3a00135E874B49>",
       R"(ua-profile;profile-type="device";vendor="OEM";model="OEM";version="7.1.19")", "Accept: application/url\r\n",
       "00135e874b49", "OEM", "OEM", "7.1.19"},
      // Fanvil.
      {"sip:MAC%3A0c383e112233@224.0.1.75", "\"phone\" <sip:MAC%3A0c383e112233@224.0.1.75>",
       R"(ua-profile;profile-type="device";vendor="Fanvil";model="VOIP PHONE";version="2.2.12.9")", "", "0c383e112233",
       "Fanvil", "VOIP PHONE", "2.2.12.9"},
      // Grandstream, with a user in capitals and no quotes.
      {"sip:MAC%3AC074AD112233@224.0.1.75", "<sip:MAC%3AC074AD112233@224.0.1.75>",
       "ua-profile;profile-type=device;vendor=Grandstream;model=GRP2612W;version=1.0.5.67",
       "Accept: application/sdp, application/url\r\n", "c074ad112233", "Grandstream", "GRP2612W", "1.0.5.67"},
      // Odd cases.
      {"sip:mac:00-15-65-12-34-56@sip.mcast.net", "<sip:x@y>",
       "UA-Profile ; Profile-Type = \"Device\" ;vendor=\"a\\\"b\"", "Accept: */*\r\n", "001565123456", "a\"b", "", ""},
      {"sip:00:15:65:12:34:56@224.0.1.75", "<sip:x@y>", "ua-profile", "", "001565123456", "", "", ""},
      {"sip:001565123456@224.0.1.75:5060;transport=udp", "<sip:x@y>", "ua-profile", "", "001565123456", "", "", ""},
  }));
  CAPTURE(row.uri, row.from, row.event);
  const auto request = read(subscribe(row.uri, row.from, row.event, row.more));
  REQUIRE(request);
  CHECK(request->mac.text() == row.mac);
  CHECK(request->vendor == row.vendor);
  CHECK(request->model == row.model);
  CHECK(request->version == row.version);
}

TEST_CASE("pnp: what is none of its questions is not read as one") {
  struct Row {
    std::string uri, from, event, more;
  };
  const std::string group = "sip:MAC%3a001565123456@224.0.1.75";
  const std::string from = "<sip:MAC%3a001565123456@224.0.1.75>";
  CHECK(read(subscribe(group, from, "ua-profile")));
  const auto row = GENERATE_COPY(values<Row>({
      {group, from, "dialog", ""},
      {group, from, "", ""},
      {group, from, "ua-profile;profile-type=\"user\"", ""},
      {group, from, "ua-profile", "Accept: application/xml\r\n"},
      {"sip:MAC%3a@224.0.1.75", "<sip:phone@224.0.1.75>", "ua-profile", ""},
      {"sip:MAC%3a00156512345@224.0.1.75", "<sip:x@y>", "ua-profile", ""},
      {"sip:MAC%3a0015651234567@224.0.1.75", "<sip:x@y>", "ua-profile", ""},
      {"sip:MAC%3a000000000000@224.0.1.75", "<sip:x@y>", "ua-profile", ""},
      {"sip:MAC%3affffffffffff@224.0.1.75", "<sip:x@y>", "ua-profile", ""},
      {"sip:MAC%3a01005e00014b@224.0.1.75", "<sip:x@y>", "ua-profile", ""},
      {"sip:224.0.1.75", "<sip:x@y>", "ua-profile", ""},
  }));
  CAPTURE(row.uri, row.event, row.more);
  CHECK_FALSE(read(subscribe(row.uri, row.from, row.event, row.more)));
  auto other = subscribe(group, from, "ua-profile");
  other.replace(0, 9, "PUBLISH");
  CHECK_FALSE(read(other));
}

TEST_CASE("pnp: what a phone says of itself cannot break a line of the log, and is not long") {
  const auto request = read(subscribe("sip:MAC%3a001565123456@224.0.1.75", "<sip:x@y>",
                                      "ua-profile;vendor=\"a\xc3\xa4\\\\b\";model=\"" + std::string(500, 'm') + "\"",
                                      "User-Agent: " + std::string(5000, 'u') + "\r\n"));
  REQUIRE(request);
  CHECK(request->vendor == "a\\xc3\\xa4\\\\b");
  CHECK(request->model.size() <= 64 + 3);
  CHECK(request->user_agent.size() <= 256 + 3);
}

TEST_CASE("pnp: an address may ask ten times a second, all together two hundred times") {
  PnpGate gate;
  PnpGate::Time now{1h};
  const auto admitted = [&](const std::string& address, int times) {
    int count = 0;
    for (int i = 0; i < times; ++i) count += gate.admit(address, now) ? 1 : 0;
    return count;
  };
  CHECK(admitted("192.168.1.50", 1000) == 10);
  CHECK(admitted("192.168.1.51", 1000) == 10);  // the first one's flood took nothing away
  now += 500ms;
  CHECK(admitted("192.168.1.50", 1000) == 5);
  now += 1h;
  CHECK(admitted("192.168.1.50", 1000) == 10);
  int all = 0;
  now += 1h;
  for (int i = 0; i < 100; ++i) all += admitted("10.0.0." + std::to_string(i), 10);
  CHECK(all == 200);
  now += 1s;
  all = 0;
  for (int i = 0; i < 100; ++i) all += admitted("10.0.1." + std::to_string(i), 10);
  CHECK(all == 200);
}

TEST_CASE("pnp: however many addresses are forged, what is kept of them is bounded") {
  PnpGate gate;
  PnpGate::Time now{1h};
  for (int i = 0; i < 100'000; ++i) {
    gate.admit(std::to_string(i), now);
    now += 10us;
  }
  CHECK(gate.addresses() <= PnpGate::most_addresses);
  now += 10s;
  CHECK(gate.admit("192.168.1.50", now));
  for (int i = 0; i < 100'000; ++i) gate.remember(std::to_string(i), "tag", now);
  CHECK(gate.questions() <= PnpGate::most_remembered);
}

TEST_CASE("pnp: a question that comes again is known for as long as a phone repeats it") {
  PnpGate gate;
  PnpGate::Time now{1h};
  CHECK(gate.find("a", now) == nullptr);
  gate.remember("a", "tag", now);
  gate.remember("b", "", now);
  now += 31s;
  REQUIRE(gate.find("a", now) != nullptr);
  CHECK(*gate.find("a", now) == "tag");
  CHECK(gate.find("b", now)->empty());
  now += 1s;
  CHECK(gate.find("a", now) == nullptr);
  CHECK(gate.questions() == 0);
}

TEST_CASE("pnp: the group is joined where there is an interface, and is left") {
  Multicast group(pnp_group);
  const std::uint16_t port = 45060;
  const auto changes = group.follow({"lo", "absent0"}, port);
  REQUIRE(changes.size() == 2);
  for (const auto& change : changes) {
    CAPTURE(change.interface, change.fault);
    CHECK(change.fault.empty() == (change.interface == "lo"));
    if (change.interface == "lo") CHECK(change.address == "127.0.0.1");
  }
  CHECK(group.joined() == 1);
  CHECK(group.missing() == 1);
  CHECK(group.descriptor() >= 0);
  CHECK(group.refresh().empty());  // said once
  CHECK(group.follow({"lo"}, port).empty());
  CHECK(group.missing() == 0);
  CHECK(group.follow({}, port).empty());
  CHECK(group.joined() == 0);
  CHECK(group.descriptor() < 0);
  Multicast::Datagram none;
  CHECK_FALSE(group.receive(none));
}
