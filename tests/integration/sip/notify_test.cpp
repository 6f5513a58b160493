#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/agent_phone.hpp"
#include "tests/support/sip/phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

#include <future>
#include <thread>

using namespace strowger;
using test::AgentPhone;
using test::Phone;
using test::SeenNotify;
using test::SipServer;
using test::Wire;

namespace {

// A binding of 1001 as if `port` had registered over UDP.
registrar::BindingPtr binding_at(std::uint16_t port) {
  auto binding = std::make_shared<registrar::Binding>();
  binding->extension = ExtensionNumber::parse("1001").value();
  // Behind a NAT the contact is an address that leads nowhere: the source is what counts.
  binding->contact = "sip:1001@192.0.2.77:5062";
  binding->ip = "127.0.0.1";
  binding->port = port;
  binding->transport = "udp";
  return binding;
}

reboot::NoticeOutcome notify(SipServer& house, registrar::BindingPtr binding,
                             const std::string& event = "check-sync;reboot=true", const std::string& body = "") {
  std::promise<reboot::NoticeOutcome> promise;
  auto outcome = promise.get_future();
  house.server->notifier().notify({std::move(binding), event, body.empty() ? "" : "text/plain", body},
                                  [&](reboot::NoticeOutcome result) { promise.set_value(std::move(result)); });
  return outcome.get();
}

sip::ServerOptions impatient() {
  auto options = SipServer::default_options();
  options.notifier.timeout = std::chrono::milliseconds(1200);
  return options;
}

}  // namespace

TEST_CASE("a NOTIFY reaches the phone complete, and its answer is the outcome") {
  SipServer house;
  const int status = GENERATE(200, 202, 481, 489, 403, 600);
  AgentPhone phone([&](std::size_t, const SeenNotify&) { return status; });
  const auto outcome = notify(house, binding_at(phone.port()));
  CHECK(outcome.status == status);
  CHECK(!outcome.timed_out);
  REQUIRE(phone.seen().size() == 1);
  const auto seen = phone.seen()[0];
  CHECK(seen.request_uri == "sip:1001@192.0.2.77:5062");
  CHECK_THAT(seen.event, ContainsSubstring("check-sync;reboot=true"));
  CHECK_THAT(seen.subscription_state, ContainsSubstring("terminated"));
  CHECK_THAT(seen.from, ContainsSubstring("tag="));
  CHECK(seen.to.find("tag=") == std::string::npos);
  CHECK_THAT(seen.to, ContainsSubstring("sip:1001@"));
  CHECK_THAT(seen.contact, ContainsSubstring(":" + std::to_string(house.port())));
  CHECK_THAT(seen.max_forwards, ContainsSubstring("70"));
  CHECK_THAT(seen.via, ContainsSubstring("branch=z9hG4bK"));
  CHECK_THAT(seen.via, ContainsSubstring(":" + std::to_string(house.port())));
  CHECK(!seen.call_id.empty());
  CHECK(seen.user_agent == "Strowger");
  CHECK(seen.body.empty());
  CHECK(house.server->metrics().notifies_sent == 1);
  CHECK(house.server->metrics().notifies_accepted == (status < 300 ? 1 : 0));
  CHECK(house.server->metrics().notifies_refused == (status < 300 ? 0 : 1));
}

TEST_CASE("a body and the Path travel along") {
  SipServer house;
  AgentPhone phone([](std::size_t, const SeenNotify&) { return 200; });
  auto binding = std::make_shared<registrar::Binding>(*binding_at(phone.port()));
  binding->path = {"<sip:flow@127.0.0.1:5099;lr>"};
  CHECK(notify(house, binding, "service-control", "action=restart\n").status == 200);
  const auto seen = phone.seen().at(0);
  CHECK(seen.body == "action=restart\n");
  CHECK_THAT(seen.content_type, ContainsSubstring("text/plain"));
  CHECK_THAT(seen.route, ContainsSubstring("sip:flow@127.0.0.1:5099;lr"));
}

TEST_CASE("a challenge is answered once, with the extension's credentials") {
  SipServer house;
  sip::Hasher hasher;
  AgentPhone phone([&](std::size_t nth, const SeenNotify& seen) {
    if (nth == 0) return 401;
    const auto ha1 = sip::digest_ha1(hasher, sip::Algorithm::md5, "1001", "phone", "secret");
    const auto field = [&](const std::string& name) {
      const auto at = seen.authorization.find(name + "=");
      auto value = seen.authorization.substr(at + name.size() + 1);
      value = value.substr(0, value.find(','));
      return value.front() == '"' ? value.substr(1, value.find('"', 1) - 1) : value;
    };
    sip::DigestClaim claim;
    claim.nonce = "n0nce";
    claim.uri = field("uri");
    claim.qop = field("qop");
    claim.nc_text = field("nc").substr(0, 8);
    claim.cnonce = field("cnonce");
    const auto wanted = sip::digest_response(hasher, sip::Algorithm::md5, ha1.view(), "NOTIFY", claim);
    return seen.authorization.find(std::string(wanted.view())) != std::string::npos ? 200 : 403;
  });
  const auto outcome = notify(house, binding_at(phone.port()));
  const auto seen = phone.seen();
  INFO(seen.back().authorization);
  CHECK(outcome.status == 200);
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].call_id == seen[1].call_id);
  CHECK(seen[1].cseq == seen[0].cseq + 1);
  CHECK_THAT(seen[1].authorization, ContainsSubstring("username=\"1001\""));
}

TEST_CASE("a phone that challenges again and again has refused") {
  SipServer house;
  AgentPhone phone([](std::size_t, const SeenNotify&) { return 401; });
  CHECK(notify(house, binding_at(phone.port())).status == 401);
  CHECK(phone.seen().size() == 2);
}

TEST_CASE("a phone that never answers has timed out") {
  SipServer house(std::make_shared<test::MemoryLog>(), impatient());
  AgentPhone phone([](std::size_t, const SeenNotify&) { return 0; });
  const auto outcome = notify(house, binding_at(phone.port()));
  CHECK(outcome.timed_out);
  CHECK(outcome.status == 408);
  CHECK(house.server->metrics().notifies_unanswered == 1);
}

TEST_CASE("over TCP the NOTIFY comes down the connection that the REGISTER went up") {
  SipServer house;
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  // The contact leads nowhere: only the connection does.
  REQUIRE(phone.register_as("<sip:1001@192.0.2.77:5062;transport=tcp>").status() == 200);
  const auto binding = house.bindings_of("1001").at(0);
  std::promise<reboot::NoticeOutcome> promise;
  auto outcome = promise.get_future();
  house.server->notifier().notify({binding, "check-sync;reboot=true", "", ""},
                                  [&](reboot::NoticeOutcome result) { promise.set_value(std::move(result)); });
  const auto request = phone.wire.receive();
  REQUIRE(request);
  CHECK(request->method() == "NOTIFY");
  CHECK_THAT(request->text, ContainsSubstring("NOTIFY sip:1001@192.0.2.77:5062;transport=tcp SIP/2.0"));
  phone.wire.send("SIP/2.0 200 OK\r\nVia: " + request->header("Via") + "\r\nFrom: " + request->header("From") +
                  "\r\nTo: " + request->header("To") + ";tag=p\r\nCall-ID: " + request->header("Call-ID") +
                  "\r\nCSeq: " + request->header("CSeq") + "\r\nContent-Length: 0\r\n\r\n");
  CHECK(outcome.get().status == 200);
}

TEST_CASE("a connection that is gone: the phone is not connected") {
  SipServer house(std::make_shared<test::MemoryLog>(), impatient());
  registrar::BindingPtr binding;
  {
    Phone phone(Wire::Kind::tcp, house.port(), "1001");
    REQUIRE(phone.register_as(phone.contact()).status() == 200);
    binding = house.bindings_of("1001").at(0);
  }
  const auto outcome = notify(house, binding);
  CHECK(outcome.status == reboot::not_connected);
  CHECK(!outcome.timed_out);
}

TEST_CASE("many NOTIFYs are paced and each gets its outcome, the last ones by the stop") {
  auto options = SipServer::default_options();
  options.notifier.per_second = 200;
  options.notifier.max_in_flight = 10;
  options.notifier.max_queued = 60;
  SipServer house(std::make_shared<test::MemoryLog>(), options);
  AgentPhone phone([](std::size_t, const SeenNotify&) { return 200; });
  const auto binding = binding_at(phone.port());
  std::atomic<int> accepted{0}, shed{0};
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 80; ++i)
    house.server->notifier().notify({binding, "check-sync", "", ""}, [&](const reboot::NoticeOutcome& outcome) {
      ++(outcome.status == 200 ? accepted : shed);
    });
  REQUIRE(test::eventually([&] { return accepted + shed == 80; }));
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(accepted >= 60);
  CHECK(took >= std::chrono::milliseconds(200));  // 60 at 200 a second, less one tick's worth
  house.server->notifier().notify({binding_at(9), "check-sync", "", ""}, [&](const reboot::NoticeOutcome&) { ++shed; });
  const int before = accepted + shed;
  house.server->stop();
  CHECK(accepted + shed <= before + 1);
  CHECK(accepted + shed == 81);
  house.server->notifier().notify({binding, "check-sync", "", ""}, [&](const reboot::NoticeOutcome& outcome) {
    CHECK(outcome.status == 503);
    ++shed;
  });
  CHECK(accepted + shed == 82);
}
