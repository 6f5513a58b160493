// PnP over real sockets: phones that ask the LAN, a server that answers whom it knows and is silent to the rest.
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/lan_phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

#include <atomic>
#include <mutex>
#include <vector>

using namespace strowger;
using test::eventually;
using test::LanPhone;
using test::SipServer;
using test::SipText;

namespace {

// A server that knows one phone.
struct Lan {
  explicit Lan(const sip::ServerOptions& options = SipServer::default_options(),
               std::vector<std::string> interfaces = {"lo"})
      : house(std::make_shared<test::MemoryLog>(), options) {
    serve(std::move(interfaces));
  }
  void serve(std::vector<std::string> interfaces) {
    house.server->serve_pnp({std::move(interfaces),
                             [this](const sip::PnpAsk& ask) -> std::optional<std::string> {
                               const std::lock_guard lock(mutex);
                               asked.push_back(ask);
                               if (ask.request.mac.text() != "001565123456") return std::nullopt;
                               return url;
                             },
                             house.port()});
  }
  const sip::Metrics& metrics() const { return house.server->metrics(); }
  std::vector<sip::PnpAsk> asks() {
    const std::lock_guard lock(mutex);
    return asked;
  }

  std::mutex mutex;
  std::vector<sip::PnpAsk> asked;
  std::string url = "http://192.168.1.14:8080/provision/001565123456.cfg";
  SipServer house;
};

// The two that an answered phone gets, in whichever order UDP brings them.
struct Answered {
  SipText ok;
  SipText notify;
};
std::optional<Answered> answered(LanPhone& phone) {
  Answered both;
  for (int i = 0; i < 2; ++i) {
    auto one = phone.receive();
    if (!one) return std::nullopt;
    (one->status() == 0 ? both.notify : both.ok) = *one;
  }
  return both;
}

std::string tag_of(const std::string& header) {
  const auto at = header.find("tag=");
  return at == std::string::npos ? "" : header.substr(at + 4);
}

}  // namespace

TEST_CASE("pnp: a phone that asks the LAN is told its URL in the dialog that it began") {
  struct Row {
    std::string event, user_agent, vendor, model;
  };
  const auto row = GENERATE(values<Row>({
      {R"(ua-profile;profile-type="device";vendor="Yealink";model="T46S";version="66.86.0.15")",
       "Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56", "Yealink", "T46S"},
      {R"(ua-profile;profile-type="device";vendor="snom";model="snom370";version="8.2.19")", "snom370/8.2.19", "snom",
       "snom370"},
      {R"(ua-profile;profile-type="device";vendor="Fanvil";model="VOIP PHONE";version="2.2.12")", "", "Fanvil",
       "VOIP PHONE"},
      {R"(ua-profile;profile-type="device";vendor="Grandstream";model="GRP2612W";version="1.0.5.67")",
       "Grandstream GRP2612W 1.0.5.67", "Grandstream", "GRP2612W"},
  }));
  CAPTURE(row.event);
  Lan lan;
  LanPhone phone;
  REQUIRE(phone.send(phone.text({.event = row.event, .user_agent = row.user_agent}), lan.house.port()));
  const auto got = answered(phone);
  REQUIRE(got);
  CHECK(got->ok.status() == 200);
  CHECK(got->ok.header("Expires") == "0");
  const auto us = "<sip:127.0.0.1:" + std::to_string(lan.house.port()) + ">";
  CHECK(got->ok.header("Contact") == us);
  CHECK(got->ok.header("CSeq") == "1 SUBSCRIBE");
  const auto& notify = got->notify;
  CAPTURE(notify.text);
  const auto here = phone.ip() + ":" + std::to_string(phone.port());
  CHECK(notify.text.starts_with("NOTIFY sip:001565123456@" + here + " SIP/2.0\r\n"));
  CHECK_FALSE(tag_of(got->ok.header("To")).empty());
  CHECK(tag_of(notify.header("From")) == tag_of(got->ok.header("To")));
  CHECK(tag_of(notify.header("To")) == "2004271");
  CHECK(notify.header("Call-ID") == got->ok.header("Call-ID"));
  CHECK(notify.header("CSeq") == "1 NOTIFY");
  CHECK(notify.header("Contact") == us);
  CHECK(notify.header("Event") == row.event);
  CHECK(notify.header("Subscription-State") == "terminated;reason=timeout");
  CHECK(notify.header("Content-Type") == "application/url");
  CHECK(notify.header("Max-Forwards") == "70");
  CHECK(notify.text.substr(notify.text.find("\r\n\r\n") + 4) == lan.url);
  phone.accept(notify);
  CHECK(eventually([&] { return lan.metrics().pnp_notifies_accepted == 1; }));
  const auto asks = lan.asks();
  REQUIRE(asks.size() == 1);
  CHECK(asks[0].request.mac.text() == "001565123456");
  CHECK(asks[0].request.vendor == row.vendor);
  CHECK(asks[0].request.model == row.model);
  CHECK(asks[0].request.user_agent == row.user_agent);
  CHECK(asks[0].ip == "127.0.0.1");
  CHECK(asks[0].interface == "lo");
  CHECK(lan.metrics().pnp_answered == 1);
}

TEST_CASE("pnp: it is off until it is switched on, hears the group alone, and can be switched off") {
  Lan lan(SipServer::default_options(), {});
  LanPhone phone;
  const auto straight = [&](std::uint32_t cseq) {
    REQUIRE(phone.send(phone.text({.cseq = cseq}), lan.house.port(), "127.0.0.1"));
    const auto reply = phone.receive();
    REQUIRE(reply);
    CHECK(reply->header("CSeq") == std::to_string(cseq) + " SUBSCRIBE");
    return reply->status();
  };
  // Off: the group's datagram reaches nobody, and is not answered by the time that the next one is.
  REQUIRE(phone.send(phone.text({.cseq = 1}), lan.house.port()));
  CHECK(straight(2) == 405);
  lan.serve({"lo"});
  CHECK(straight(3) == 405);
  REQUIRE(phone.send(phone.text({.cseq = 4}), lan.house.port()));
  const auto got = answered(phone);
  REQUIRE(got);
  phone.accept(got->notify);
  lan.serve({});
  REQUIRE(phone.send(phone.text({.cseq = 5}), lan.house.port()));
  CHECK(straight(6) == 405);
  CHECK(lan.metrics().pnp_questions == 1);
}

TEST_CASE("pnp: to whom nothing is to be told nothing is sent") {
  Lan lan;
  LanPhone silent;
  const std::vector<LanPhone::Question> questions{
      {.mac = "001565999999"},  // not registered
      {.mac = "nobody"},        //
      {.event = "dialog"},
      {.event = R"(ua-profile;profile-type="user")"},  //
      {.accept = "application/xml"},                   //
      {.via = ";maddr=192.0.2.7"},                     // the answer would go elsewhere
      {.call_id = std::string(300, 'c')},              //
  };
  std::uint32_t cseq = 10;
  for (auto question : questions) {
    question.cseq = ++cseq;
    REQUIRE(silent.send(silent.text(question), lan.house.port()));
  }
  // Datagrams of one machine come in order: who asked behind them all is answered behind them all.
  LanPhone known;
  REQUIRE(known.send(known.text({}), lan.house.port()));
  const auto got = answered(known);
  REQUIRE(got);
  known.accept(got->notify);
  CHECK_FALSE(silent.receive(std::chrono::milliseconds(0)));
  CHECK(lan.metrics().pnp_refused == 1);
  CHECK(lan.metrics().pnp_unclear == questions.size() - 1);
  CHECK(lan.metrics().pnp_questions == questions.size() + 1);
}

TEST_CASE("pnp: an interface that is missing harms nobody, and phones behind none of ours are not answered") {
  Lan lan(SipServer::default_options(), {"absent0"});
  CHECK(lan.metrics().pnp_interfaces_heard == 0);
  CHECK(lan.metrics().pnp_interfaces_missing == 1);
  LanPhone phone;
  REQUIRE(phone.send(phone.text({}), lan.house.port()));
  lan.serve({"absent0", "lo"});
  CHECK(lan.metrics().pnp_interfaces_heard == 1);
  REQUIRE(phone.send(phone.text({.cseq = 2}), lan.house.port()));
  const auto got = answered(phone);
  REQUIRE(got);
  CHECK(got->ok.header("CSeq") == "2 SUBSCRIBE");
  phone.accept(got->notify);
  CHECK(lan.asks().size() == 1);
}

TEST_CASE("pnp: a question that is repeated has the same answer again, and no second NOTIFY") {
  Lan lan;
  LanPhone phone;
  const auto question = phone.text({});
  for (int i = 0; i < 3; ++i) REQUIRE(phone.send(question, lan.house.port()));
  std::vector<std::string> tags;
  std::size_t notifies = 0;
  for (int i = 0; i < 4; ++i) {
    const auto one = phone.receive();
    REQUIRE(one);
    if (one->status() == 200) {
      tags.push_back(tag_of(one->header("To")));
    } else {
      ++notifies;
      phone.accept(*one);
    }
  }
  CHECK(tags == std::vector<std::string>(3, tags.at(0)));
  CHECK(notifies == 1);
  CHECK(lan.asks().size() == 1);
  CHECK(lan.metrics().pnp_repeated == 2);
  CHECK(lan.metrics().pnp_answered == 1);
  REQUIRE(eventually([&] { return lan.metrics().pnp_notifies_accepted == 1; }));
  // One that got no answer is not looked at again either.
  const auto other = phone.text({.mac = "001565999999"});
  for (int i = 0; i < 3; ++i) REQUIRE(phone.send(other, lan.house.port()));
  REQUIRE(eventually([&] { return lan.metrics().pnp_repeated == 4; }));
  CHECK(lan.asks().size() == 2);
  // Asked anew, it is answered anew.
  REQUIRE(phone.send(phone.text({.cseq = 2}), lan.house.port()));
  CHECK(answered(phone));
}

TEST_CASE("pnp: the answers go to where the question came from, whatever the Contact says") {
  Lan lan;
  LanPhone asking;
  LanPhone listening;
  const auto ask = [&](const std::string& contact, std::uint32_t cseq) {
    REQUIRE(asking.send(asking.text({.contact = contact, .cseq = cseq}), lan.house.port()));
  };
  const auto port = std::to_string(listening.port());
  std::uint32_t cseq = 0;
  for (const auto& contact :
       std::vector<std::string>{"sip:phone@192.0.2.7:" + port, "sip:phone@localhost:" + port,
                                "sip:phone@phone.example.com", "sip:phone@127.0.0.1:0;transport=tcp"}) {
    CAPTURE(contact);
    ask(contact, ++cseq);
    const auto got = answered(asking);
    REQUIRE(got);
    asking.accept(got->notify);
  }
  // A phone that asks from another port than it listens at.
  ask("sip:phone@127.0.0.1:" + port, 9);
  CHECK(asking.receive()->status() == 200);
  const auto notify = listening.receive();
  REQUIRE(notify);
  CHECK(notify->method() == "NOTIFY");
  listening.accept(*notify);
  CHECK(eventually([&] { return lan.metrics().pnp_notifies_accepted == 5; }));
  CHECK_FALSE(asking.receive(std::chrono::milliseconds(0)));
}

TEST_CASE("pnp: who floods it gets no more than its share, and the others theirs") {
  Lan lan;
  LanPhone phone;
  constexpr std::uint32_t flood = 500;
  for (std::uint32_t i = 1; i <= flood; ++i) REQUIRE(phone.send(phone.text({.cseq = i}), lan.house.port()));
  const auto& metrics = lan.metrics();
  REQUIRE(eventually([&] { return metrics.pnp_limited > 0 && metrics.pnp_answered >= 10; }));
  LanPhone other("lo", "127.0.0.2");
  const auto question = other.text({.cseq = flood + 1});
  // The socket's buffer may be full: then a phone asks again.
  REQUIRE(eventually([&] {
    return other.send(question, lan.house.port()) && other.receive(std::chrono::milliseconds(300)).has_value();
  }));
  CHECK(eventually(
      [&] { return metrics.pnp_questions == metrics.pnp_answered + metrics.pnp_limited + metrics.pnp_repeated; }));
  CHECK(metrics.pnp_answered < flood / 2);
}

TEST_CASE("pnp: a phone that refuses its NOTIFY, or says nothing to it, is counted and does no harm") {
  auto options = SipServer::default_options();
  options.notifier.timeout = std::chrono::milliseconds(1200);
  Lan lan(options);
  LanPhone phone;
  REQUIRE(phone.send(phone.text({}), lan.house.port()));
  auto got = answered(phone);
  REQUIRE(got);
  phone.reply(got->notify, "481 Subscription Does Not Exist");
  CHECK(eventually([&] { return lan.metrics().pnp_notifies_refused == 1; }));
  REQUIRE(phone.send(phone.text({.cseq = 2}), lan.house.port()));
  CHECK(eventually([&] { return lan.metrics().pnp_notifies_unanswered == 1; }));
  // One that is under way when the server ends is let go.
  REQUIRE(phone.send(phone.text({.cseq = 3}), lan.house.port()));
  CHECK(eventually([&] { return lan.metrics().pnp_answered == 3; }));
  lan.house.server->stop();
}
