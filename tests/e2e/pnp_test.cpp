// PnP as a site has it: the program, its settings, and phones on networks of their own, joined to it by cables that
// only this test sees.
#include "tests/e2e/own_network.hpp"
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/lan_phone.hpp"

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>

using namespace strowger;
using test::eventually;
using test::LanPhone;
using test::OwnNetwork;
using test::Site;

namespace {

std::unique_ptr<LanPhone> lan_phone(OwnNetwork& network, int n) {
  return network.among_phones(
      [&] { return std::make_unique<LanPhone>("far" + std::to_string(n), network.far_address(n)); });
}

struct Answer {
  test::SipText ok, notify;
};
std::optional<Answer> answer(LanPhone& phone) {
  Answer both;
  for (int i = 0; i < 2; ++i) {
    auto one = phone.receive();
    if (!one) return std::nullopt;
    (one->status() == 0 ? both.notify : both.ok) = *one;
  }
  return both;
}

std::string body_of(const test::SipText& message) {
  return message.text.substr(message.text.find("\r\n\r\n") + 4);
}

std::string settings(const std::string& interfaces) {
  return "server: {external_ip: 10.9.1.1}\nprovisioning: {pnp: {enabled: true, interfaces: [" + interfaces + "]}}\n";
}

}  // namespace

SCENARIO("a phone out of its box finds its file on the LAN by itself, and others are left alone") {
  OwnNetwork network;
  if (network.missing) {
    WARN("not tested here: " << *network.missing);
    return;
  }
  network.cable("phones0", 1);
  network.cable("guests0", 2);
  Site site(settings("phones0, absent0"));
  CHECK_THAT(site.log(), ContainsSubstring("PnP: phones on phones0 (10.9.1.1) that ask by SIP multicast"));
  CHECK_THAT(site.log(), ContainsSubstring("PnP: phones on absent0 are not heard: there is no such interface"));
  site.create_extension("1001", "Ann Example", "a-long-secret");
  REQUIRE(site.register_device("001565123456", "1001", "yealink", "t46s").status == 201);
  const std::uint16_t port = 5060;  // where phones ask, wherever SIP listens
  const auto phone = lan_phone(network, 1);
  const auto stranger = lan_phone(network, 1);
  const auto guest = lan_phone(network, 2);

  // Whom nothing is told hears nothing; who asks behind them is answered behind them.
  REQUIRE(stranger->send(stranger->text({.mac = "001565999999", .user_agent = "Yealink SIP-T48S 66.86.0.15"}), port));
  REQUIRE(guest->send(guest->text({}), port));
  const auto question = phone->text({});
  REQUIRE(phone->send(question, port));
  REQUIRE(phone->send(question, port));
  std::vector<test::SipText> got;
  for (int i = 0; i < 3; ++i) {
    const auto one = phone->receive();
    REQUIRE(one);
    got.push_back(*one);
  }
  const auto notify = std::find_if(got.begin(), got.end(), [](const auto& one) { return one.method() == "NOTIFY"; });
  REQUIRE(notify != got.end());
  phone->accept(*notify);
  CHECK(std::count_if(got.begin(), got.end(), [](const auto& one) { return one.status() == 200; }) == 2);
  const auto url = body_of(*notify);
  CHECK(url == "http://10.9.1.1:" + std::to_string(site.api_port()) + "/provision/001565123456.cfg");
  CHECK(notify->header("Content-Type") == "application/url");
  CHECK(notify->header("Contact") == "<sip:10.9.1.1:" + std::to_string(site.sip_port()) + ">");
  CHECK_FALSE(stranger->receive(std::chrono::milliseconds(0)));
  CHECK_FALSE(guest->receive(std::chrono::milliseconds(0)));

  // Its file is there, and all of it is on the record.
  CHECK(site.fetch("/provision/001565123456.cfg").status == 200);
  const auto has_samples = [&](const std::vector<std::string>& samples) {
    const auto metrics = site.get("/metrics").body;
    return std::all_of(samples.begin(), samples.end(), [&](const auto& sample) {
      return metrics.find("strowger_sip_pnp_" + sample + "\n") != std::string::npos;
    });
  };
  CHECK(eventually([&] {
    return has_samples({"questions_total{result=\"answered\"} 1", "questions_total{result=\"refused\"} 1",
                        "questions_total{result=\"repeated\"} 1", "notifies_total{result=\"accepted\"} 1",
                        "interfaces{state=\"heard\"} 1", "interfaces{state=\"missing\"} 1"});
  }));
  REQUIRE(eventually([&] { return site.has_event("strowger.device.pnp_answered.v1"); }));
  for (const auto& event : site.events()) {
    if (event.type != "strowger.device.pnp_answered.v1") continue;
    const auto& data = event.whole.at("data");
    CHECK(std::string(data.at("url").as_string()) == url);
    CHECK(data.at("ip") == "10.9.1.2");
    CHECK(data.at("interface") == "phones0");
    CHECK(data.at("vendor") == "Yealink");
    CHECK(data.at("model") == "T46S");
    CHECK(data.at("firmware") == "66.86.0.15");
  }
  CHECK_THAT(site.get("/api/provisioning/devices/001565123456/timeline").body,
             ContainsSubstring("Asked the LAN on phones0 where its file is, and was told " + url));
  REQUIRE(eventually([&] {
    return site.get("/api/provisioning/requests").body.find("pnp:/provision/001565999999.cfg") != std::string::npos;
  }));
  CHECK(eventually(
      [&] { return site.get("/api/provisioning/discovered").body.find("001565999999") != std::string::npos; }));

  // Asked again, it is answered again; the same fact within log.repeat_window is not recorded again. (The log is in
  // order: what is there behind the new device is all that there is.)
  REQUIRE(phone->send(phone->text({.cseq = 2}), port));
  auto again = answer(*phone);
  REQUIRE(again);
  phone->accept(again->notify);
  // The other network is taken in without a restart, and the first left.
  site.write_settings(settings("guests0"));
  site.send(SIGHUP);
  REQUIRE(eventually([&] { return site.log().find("PnP: phones on guests0 (10.9.2.1)") != std::string::npos; }));
  REQUIRE(phone->send(phone->text({.cseq = 3}), port));
  REQUIRE(guest->send(guest->text({.cseq = 4}), port));
  again = answer(*guest);
  REQUIRE(again);
  guest->accept(again->notify);
  CHECK(body_of(again->notify) == url);
  CHECK_FALSE(phone->receive(std::chrono::milliseconds(0)));
  REQUIRE(site.register_device("001565123457", "1001", "yealink", "t46s").status == 201);
  const auto events = site.events();
  CHECK(std::count_if(events.begin(), events.end(),
                      [](const auto& event) { return event.type == "strowger.device.pnp_answered.v1"; }) == 1);
  CHECK(site.stop() == 0);
}
