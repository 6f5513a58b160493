// What strangers may do to the SIP side, and what must go on meanwhile.
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

#include <atomic>
#include <future>
#include <thread>

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace strowger;
using namespace std::chrono_literals;
using test::eventually;
using test::Phone;
using test::SipServer;
using test::SipText;
using test::Wire;

namespace {

std::string request_text(const std::string& method, const Wire& wire, unsigned number, const std::string& headers = "",
                         const std::string& via = "", const std::string& length = "Content-Length: 0\r\n") {
  const auto id = std::to_string(number);
  return method + " sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/" + wire.via_transport() +
         " 127.0.0.1:" + std::to_string(wire.port()) + ";rport;branch=z9hG4bK" + method + id + via +
         "\r\nMax-Forwards: 70\r\nFrom: <sip:x@127.0.0.1>;tag=f" + id + "\r\nTo: <sip:y@127.0.0.1>\r\nCall-ID: abuse" +
         id + "\r\nCSeq: " + id + " " + method + "\r\n" + headers + length + "\r\n";
}

std::string many(std::size_t count, const std::string& line) {
  std::string text;
  text.reserve(count * line.size());
  for (std::size_t i = 0; i < count; ++i) text += line;
  return text;
}

void check_serves(SipServer& house, const std::string& extension = "1003") {
  for (const auto kind : {Wire::Kind::udp, Wire::Kind::tcp}) {
    Phone phone(kind, house.port(), extension);
    CHECK(phone.register_as(phone.contact()).status() == 200);
    CHECK(phone.register_as(phone.contact(), "0").status() == 200);
  }
}

// Whether the server ends the connection.
bool ends(Wire& wire) {
  while (wire.receive(20s)) {
  }
  return wire.closed();
}

sip::ServerOptions with(const std::function<void(sip::ServerOptions&)>& change) {
  auto options = SipServer::default_options();
  change(options);
  return options;
}

std::shared_ptr<test::MemoryLog> new_log() {
  return std::make_shared<test::MemoryLog>();
}

void reply_to(Phone& phone, const SipText& request, const std::string& status, const std::string& headers = "") {
  phone.wire.send("SIP/2.0 " + status + "\r\nVia: " + request.header("Via") + "\r\nFrom: " + request.header("From") +
                  "\r\nTo: " + request.header("To") + ";tag=p\r\nCall-ID: " + request.header("Call-ID") +
                  "\r\nCSeq: " + request.header("CSeq") + "\r\n" + headers + "Content-Length: 0\r\n\r\n");
}

std::future<reboot::NoticeOutcome> notify(SipServer& house, const registrar::BindingPtr& binding) {
  auto promise = std::make_shared<std::promise<reboot::NoticeOutcome>>();
  house.server->notifier().notify({binding, "check-sync;reboot=true", "", ""},
                                  [promise](reboot::NoticeOutcome outcome) { promise->set_value(std::move(outcome)); });
  return promise->get_future();
}

}  // namespace

TEST_CASE("datagrams of many header lines are dropped unparsed and hold nobody up") {
  SipServer house;
  Wire wire(Wire::Kind::udp, house.port());
  const auto* line = GENERATE("a:b\r\n", "a:b\n", "Allow:x\r\n", "k:x\r\n", "Route:<sip:a;lr>\r\n");
  const std::string one = line;
  for (unsigned i = 0; i < 20; ++i) {
    wire.send(request_text("REGISTER", wire, i, many(64'000 / one.size(), one)));  // as large as a datagram can be
    wire.send(request_text("REGISTER", wire, i, many(15'000 / one.size(), one)));  // within the limit of bytes
    REQUIRE(eventually([&] { return house.server->metrics().messages_refused == 2 * i + 2; }));
  }
  check_serves(house);
  CHECK(house.server->metrics().register_requests == 8);  // of the phones
}

TEST_CASE("a message on a connection that is too large or has too many headers is answered 513 and ends it") {
  SipServer house;
  Wire wire(Wire::Kind::tcp, house.port());
  SECTION("many headers") {
    wire.send(request_text("REGISTER", wire, 1, many(40'000, "a:b\r\n")));
  }
  SECTION("a large body is announced") {
    wire.send(request_text("REGISTER", wire, 1, "", "", "Content-Length: 1990000\r\n") + std::string(4000, 'x'));
  }
  const auto answer = wire.receive();
  if (answer) CHECK(answer->status() == 513);  // a reset can overtake it
  CHECK(ends(wire));
  check_serves(house);
  CHECK(house.server->metrics().messages_refused == 1);
}

TEST_CASE("a request on a connection without a right Content-Length is answered 400 and ends it") {
  SipServer house;
  Wire wire(Wire::Kind::tcp, house.port());
  const auto* length = GENERATE("", "Content-Length: -5\r\n", "l: 0\r\nContent-Length: 3\r\n");
  wire.send(request_text("OPTIONS", wire, 1, "", "", length));
  const auto answer = wire.receive();
  REQUIRE(answer);
  CHECK(answer->status() == 400);
  CHECK(answer->header("Call-ID") == "abuse1");
  CHECK(ends(wire));
}

TEST_CASE("what is as large as is allowed is answered") {
  SipServer house;
  Wire wire(GENERATE(Wire::Kind::udp, Wire::Kind::tcp), house.port());
  const auto lines = wire.ask(request_text("OPTIONS", wire, 1, many(128 - 8, "X-Filler: x\r\n")));
  REQUIRE(lines);
  CHECK(lines->status() == 200);
  const auto bytes = wire.ask(request_text("OPTIONS", wire, 2, "Subject: " + std::string(15'000, 's') + "\r\n"));
  REQUIRE(bytes);
  CHECK(bytes->status() == 200);
}

TEST_CASE("lists within one header are worked in cheaply") {
  SipServer house;
  Wire wire(GENERATE(Wire::Kind::udp, Wire::Kind::tcp), house.port());
  const auto* item = GENERATE("Route: <sip:a>", "Contact: <sip:a>", "Allow: a", "Accept: a/b", "Path: <sip:a>");
  const std::string one = item;
  const auto value = one.substr(one.find(':') + 2);
  const auto list = one + many(15'000 / (value.size() + 1), "," + value) + "\r\n";
  for (unsigned i = 1; i <= 50; ++i) wire.send(request_text("OPTIONS", wire, i, list));
  check_serves(house);
}

TEST_CASE("connections that say nothing, or half of it, end") {
  SipServer house(new_log(), with([](auto& options) { options.connections.message = 1500ms; }));
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  Wire silent(Wire::Kind::tcp, house.port());
  Wire half(Wire::Kind::tcp, house.port());
  half.send("OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP a");
  Wire body(Wire::Kind::tcp, house.port());
  body.send(request_text("OPTIONS", body, 1, "", "", "Content-Length: 100\r\n") + "half");
  Wire keeps_alive(Wire::Kind::tcp, house.port());
  keeps_alive.send("\r\n\r\n");
  Wire late(Wire::Kind::tcp, house.port());  // it has said something whole, and then not
  REQUIRE(late.ask(request_text("OPTIONS", late, 1)));
  late.send("OPT");
  for (auto* wire : {&silent, &half, &body, &keeps_alive, &late}) CHECK(ends(*wire));
  CHECK(house.server->metrics().tcp_timed_out == 5);

  // The phone is still connected.
  auto outcome = notify(house, house.bindings_of("1001").at(0));
  const auto request = phone.wire.receive();
  REQUIRE(request);
  reply_to(phone, *request, "200 OK");
  CHECK(outcome.get().status == 200);
  CHECK(eventually([&] { return house.server->metrics().tcp_connections == 1; }));
}

TEST_CASE("a dribbled message does not live longer than a silent one") {
  SipServer house(new_log(), with([](auto& options) { options.connections.message = 1500ms; }));
  Wire wire(Wire::Kind::tcp, house.port());
  const auto text = request_text("OPTIONS", wire, 1, many(100, "X-Filler: x\r\n"));
  std::size_t sent = 0;
  while (!wire.closed() && sent < text.size() - 1) {
    wire.send(text.substr(sent++, 1));
    wire.receive(50ms);
  }
  CHECK(wire.closed());
}

TEST_CASE("a connection without a registration ends when it is idle") {
  SipServer house(new_log(), with([](auto& options) { options.connections.idle = 1500ms; }));
  Wire wire(Wire::Kind::tcp, house.port());
  REQUIRE(wire.ask(request_text("OPTIONS", wire, 1)));
  wire.send("\r\n\r\n");
  CHECK(ends(wire));
}

TEST_CASE("one source cannot take all connections") {
  SipServer house(new_log(), with([](auto& options) { options.connections.per_source = 4; }));
  std::vector<std::unique_ptr<Wire>> greedy;
  for (int i = 0; i < 20; ++i) greedy.push_back(std::make_unique<Wire>(Wire::Kind::tcp, house.port(), "127.0.0.2"));
  CHECK(eventually([&] { return house.server->metrics().tcp_refused == 16; }));
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  CHECK(phone.register_as(phone.contact()).status() == 200);
  greedy.clear();
  CHECK(eventually([&] {
    Wire again(Wire::Kind::tcp, house.port(), "127.0.0.2");
    return again.ask(request_text("OPTIONS", again, 1), 1s).has_value();
  }));
}

TEST_CASE("where all connections are taken, new ones push out strangers and no phone") {
  SipServer house(new_log(), with([](auto& options) { options.connections.in_all = 8; }));
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  std::vector<std::unique_ptr<Wire>> strangers;
  for (int i = 0; i < 30; ++i)
    strangers.push_back(std::make_unique<Wire>(Wire::Kind::tcp, house.port(), "127.0.1." + std::to_string(1 + i)));
  Phone another(Wire::Kind::tcp, house.port(), "1002");
  CHECK(another.register_as(another.contact()).status() == 200);
  CHECK(phone.register_as(phone.contact()).status() == 200);
  CHECK(eventually([&] { return house.server->metrics().tcp_connections <= 8; }));
}

TEST_CASE("without descriptors accepting pauses, and goes on when there are some") {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  WARN("skipped: the undefined behaviour sanitizer needs descriptors to look at objects");
  return;
#endif
#endif
  SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  Wire waiting(Wire::Kind::tcp, house.port());
  REQUIRE(waiting.ask(request_text("OPTIONS", waiting, 1)));
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  std::vector<int> taken;
  rlimit few = before;
  few.rlim_cur = 200;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // while there is a descriptor
  for (int more = 0; (more = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken.push_back(more);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(house.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool connected = ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  const bool paused = eventually([&] { return house.server->metrics().tcp_accept_paused >= 2; });
  const auto registered = phone.register_as(phone.contact()).status();
  const auto pauses = house.server->metrics().tcp_accept_paused.load();
  for (const int one : taken) ::close(one);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(connected);
  CHECK(paused);
  CHECK(registered == 200);
  CHECK(pauses < 100);  // one a second, not as many as there are turns of the loop
  ::close(client);
  CHECK(eventually([&] {
    Wire again(Wire::Kind::tcp, house.port());
    return again.ask(request_text("OPTIONS", again, 1), 1s).has_value();
  }));
}

TEST_CASE("pipelined requests are answered without keeping any of them") {
  SipServer house;
  Wire wire(Wire::Kind::tcp, house.port());
  REQUIRE(wire.ask(request_text("OPTIONS", wire, 1)));
  const auto before = ::mallinfo2().uordblks;
  std::string burst;
  constexpr unsigned count = 3000;
  for (unsigned i = 1; i <= count; ++i) burst += request_text("INVITE", wire, i);
  std::thread writer([&] { wire.send(burst); });
  const auto answer = wire.receive();
  REQUIRE(answer);
  CHECK(answer->status() == 405);
  while (house.server->metrics().invite_requests < count && wire.receive(1s)) {
  }
  writer.join();
  CHECK(eventually([&] { return house.server->metrics().invite_requests == count; }));
  const auto after = ::mallinfo2().uordblks;  // nothing under a sanitizer
  CHECK(after < before + 20'000'000);
  check_serves(house);
}

TEST_CASE("a client that sends much and reads nothing does not hold up others") {
  SipServer house;
  Wire deaf(Wire::Kind::tcp, house.port());
  std::string burst;
  for (unsigned i = 1; i <= 5000; ++i) burst += request_text("OPTIONS", deaf, i);
  std::atomic<bool> written = false;
  std::thread writer([&] {
    deaf.send(burst);
    written = true;
  });
  Wire asks(Wire::Kind::udp, house.port());
  unsigned number = 1;
  do {
    CHECK(asks.ask(request_text("OPTIONS", asks, number++)));
  } while (!written);
  writer.join();
  CHECK(eventually([&] { return house.server->metrics().options_requests >= 5000; }));
  check_serves(house);
}

TEST_CASE("one REGISTER of many contacts is refused as a whole") {
  SipServer house;
  Phone phone(GENERATE(Wire::Kind::udp, Wire::Kind::tcp), house.port(), "1001");
  std::string contacts;
  for (int i = 0; i < 1000; ++i) contacts += (i == 0 ? "<sip:" : ",<sip:") + std::to_string(i) + "@h>";
  const auto answer = phone.register_as(contacts);
  CHECK(answer.status() == 400);
  CHECK(house.bindings_of("1001").empty());
}

TEST_CASE("the answer goes to where the request came from, whatever maddr says") {
  auto options = SipServer::default_options();
  options.force_rport = GENERATE(true, false);
  SipServer house(std::make_shared<test::MemoryLog>(), options);
  Wire other(Wire::Kind::udp, house.port());
  Wire asks(Wire::Kind::udp, house.port());
  const auto maddr = ";maddr=" + GENERATE(std::string("127.0.0.1"), std::string("239.1.2.3;ttl=5"));
  for (const auto* method : {"REGISTER", "OPTIONS", "INVITE"}) {
    auto text = request_text(method, asks, 1, "", maddr);
    const auto rport = text.find(";rport");
    text.erase(rport, 6);
    const auto port = text.find(":" + std::to_string(asks.port()));
    SECTION(std::string("its Via names another port, ") + method) {
      // Without rport, asked for or forced, the port is the Via's, on the host that it came from.
      text.replace(port, 1 + std::to_string(asks.port()).size(), ":" + std::to_string(other.port()));
      asks.send(text);
      const auto answer = (options.force_rport ? asks : other).receive();
      REQUIRE(answer);
      CHECK(answer->header("Via").find("maddr") == std::string::npos);
    }
  }
}

TEST_CASE("what the stack answers by itself goes to where the request came from too") {
  SipServer house;
  Wire asks(Wire::Kind::udp, house.port());
  const auto before = house.server->metrics().names_refused.load();
  auto text = request_text("OPTIONS", asks, 1, "", ";maddr=192.0.2.1");
  const auto version = text.find("SIP/2.0");
  SECTION("a version that is not spoken") {
    text.replace(version, 7, "SIP/7.0");
  }
  SECTION("a header that is none") {
    text.replace(text.find("CSeq: 1"), 7, "CSeq: x");
  }
  const auto host = text.find("127.0.0.1", text.find("Via:"));
  text.replace(host, 9, "192.0.2.1");
  asks.send(text);
  const auto answer = asks.receive();
  REQUIRE(answer);
  CHECK(answer->status() >= 400);
  CHECK(house.server->metrics().names_refused == before);
}

TEST_CASE("a phone whose connection has ended is not called at where its Contact or its Path says") {
  SipServer house;
  // Whoever listens here shall hear nothing.
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 5) == 0);
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  Wire victim(Wire::Kind::udp, house.port());
  {
    Phone phone(Wire::Kind::tcp, house.port(), "1001");
    Phone::Register what;
    what.contact = "<sip:1001@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + ";transport=tcp>";
    what.extra = "Supported: path\r\nPath: <sip:127.0.0.1:" + std::to_string(victim.port()) + ";transport=udp;lr>\r\n";
    REQUIRE(phone.register_with(what).status() == 200);
  }
  REQUIRE(eventually([&] { return house.server->metrics().tcp_connections == 0; }));
  const auto outcome = notify(house, house.bindings_of("1001").at(0)).get();
  CHECK(outcome.status == reboot::not_connected);
  CHECK(!outcome.timed_out);
  CHECK(house.server->metrics().notifies_not_connected == 1);
  CHECK(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC) < 0);
  CHECK(!victim.receive(100ms));
  ::close(listener);
}

TEST_CASE("a NOTIFY has neither the headers nor the method of the Contact, and Retry-After is read") {
  SipServer house;
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  REQUIRE(
      phone.register_as("<sip:1001@192.0.2.1;method=INVITE;transport=tcp?Route=%3Csip:evil%3E&Subject=x>").status() ==
      200);
  auto outcome = notify(house, house.bindings_of("1001").at(0));
  const auto request = phone.wire.receive();
  REQUIRE(request);
  CHECK(request->text.substr(0, request->text.find("\r\n")) == "NOTIFY sip:1001@192.0.2.1;transport=tcp SIP/2.0");
  reply_to(phone, *request, "503 Busy", "Retry-After: 120\r\n");
  const auto told = outcome.get();
  CHECK(told.status == 503);
  CHECK(told.retry_after == 120U);
}

TEST_CASE("only sip: URIs are contacts, and sips: asks for TLS") {
  SipServer house;
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  for (const auto* contact : {"<http://example.com/>", "<mailto:a@example.com>", "<tel:1001>", "<urn:service:sos>"})
    CHECK(phone.register_as(contact).status() == 400);
  CHECK(phone.register_as("<sips:1001@127.0.0.1>").status() == 403);
  auto text = request_text("OPTIONS", phone.wire, 7);
  text.replace(0, 11, "OPTIONS sips");
  const auto answer = phone.wire.ask(text);
  REQUIRE(answer);
  CHECK(answer->status() == 416);
  CHECK(house.bindings_of("1001").empty());
}

TEST_CASE("what a binding keeps is bounded") {
  SipServer house;
  Phone phone(Wire::Kind::tcp, house.port(), "1001");
  Phone::Register what;
  what.contact = phone.contact();
  SECTION("Path in characters") {
    what.extra = "Path: <sip:" + std::string(1100, 'p') + "@127.0.0.1;lr>\r\n";
  }
  SECTION("Path in hops") {
    what.extra = "Path: " + many(4, "<sip:127.0.0.1;lr>,") + "<sip:127.0.0.1;lr>\r\n";
  }
  SECTION("Call-ID") {
    phone.call_id = std::string(257, 'c');
  }
  CHECK(phone.register_with(what).status() == 400);
  CHECK(house.bindings_of("1001").empty());
}

TEST_CASE("a client that answers each challenge is let in by the answer that is right") {
  SipServer house;
  Phone phone(GENERATE(Wire::Kind::udp, Wire::Kind::tcp), house.port(), "1001");
  Phone::Register what;
  what.contact = phone.contact();
  const auto challenge = phone.wire.ask(phone.text(what));
  REQUIRE(challenge);
  const auto right = phone.authorization(*challenge, sip::Algorithm::sha256);
  phone.password = "wrong";
  const auto wrong = phone.authorization(*challenge, sip::Algorithm::md5);
  what.extra = "Authorization: " + wrong + "\r\n";
  const auto answer = phone.wire.ask(phone.text(what, right));
  REQUIRE(answer);
  CHECK(answer->status() == 200);
}

TEST_CASE("guesses of a password end unheard, are told, and lock no phone out") {
  std::atomic<int> told = 0;
  SipServer house(new_log(), with([&](auto& options) {
                    options.on_wrong_password = [&](const std::optional<ExtensionNumber>& extension,
                                                    const std::string& ip) {
                      if (extension && extension->text() == "1001" && ip == "127.0.0.2") ++told;
                    };
                  }));
  Phone known(Wire::Kind::udp, house.port(), "1001", "secret", "127.0.0.3");
  REQUIRE(known.register_as(known.contact()).status() == 200);

  Phone guesses(Wire::Kind::udp, house.port(), "1001", "secret", "127.0.0.2");
  Phone::Register what;
  what.contact = guesses.contact();
  const auto challenge = guesses.wire.ask(guesses.text(what));
  REQUIRE(challenge);
  const auto& metrics = house.server->metrics();
  for (unsigned i = 0; i < 100; ++i) {
    guesses.password = std::to_string(i);
    guesses.wire.send(guesses.text(what, guesses.authorization(*challenge, sip::Algorithm::md5)));
    REQUIRE(eventually([&] { return metrics.registrations_denied + metrics.registrations_unheard == i + 1U; }));
  }
  CHECK(metrics.registrations_denied >= 20);
  CHECK(metrics.registrations_denied < 25);  // one more for each ten seconds that this took
  CHECK(eventually([&] { return told == static_cast<int>(metrics.registrations_denied); }));

  // The right one after them is not heard either.
  guesses.password = "secret";
  const auto judged = metrics.registrations_unheard.load();
  guesses.wire.send(guesses.text(what, guesses.authorization(*challenge, sip::Algorithm::md5, "00000002")));
  CHECK(eventually([&] { return metrics.registrations_unheard == judged + 1; }));
  // The phone is, from its port and from another one; so are other extensions.
  CHECK(known.register_as(known.contact()).status() == 200);
  Phone moved(Wire::Kind::udp, house.port(), "1001", "secret", "127.0.0.3");
  CHECK(moved.register_as(moved.contact()).status() == 200);
  Phone other(Wire::Kind::udp, house.port(), "1002", "secret", "127.0.0.2");
  CHECK(other.register_as(other.contact()).status() == 200);
}

TEST_CASE("credentials without qop are taken, unless the settings refuse them") {
  const bool refused = GENERATE(false, true);
  SipServer house(new_log(), with([&](auto& options) { options.authentication.require_qop = refused; }));
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  Phone::Register what;
  what.contact = phone.contact();
  const auto challenge = phone.wire.ask(phone.text(what));
  REQUIRE(challenge);
  const auto offer = challenge->header("WWW-Authenticate");
  const auto at = offer.find("nonce=\"") + 7;
  sip::DigestClaim claim;
  claim.nonce = offer.substr(at, offer.find('"', at) - at);
  claim.uri = "sip:127.0.0.1";
  sip::Hasher hasher;
  const auto ha1 = sip::digest_ha1(hasher, sip::Algorithm::md5, "1001", "strowger", "secret");
  const auto response = sip::digest_response(hasher, sip::Algorithm::md5, ha1.view(), "REGISTER", claim);
  const auto answer = phone.wire.ask(phone.text(what, "Digest username=\"1001\", realm=\"strowger\", nonce=\"" +
                                                          claim.nonce + "\", uri=\"" + claim.uri + "\", response=\"" +
                                                          std::string(response.view()) + "\""));
  REQUIRE(answer);
  CHECK(answer->status() == (refused ? 401 : 200));
}

TEST_CASE("the server stops while it is flooded") {
  SipServer house;
  std::atomic<bool> over = false;
  std::vector<std::thread> floods;
  for (int i = 0; i < 2; ++i)
    floods.emplace_back([&over, port = house.port()] {
      Wire wire(Wire::Kind::udp, port);
      const auto text = request_text("REGISTER", wire, 1, "Contact: <sip:a>" + many(1500, ",<sip:a>") + "\r\n");
      while (!over) wire.send(text);
    });
  REQUIRE(eventually([&] { return house.server->metrics().register_requests > 100; }));
  auto stopped = std::async(std::launch::async, [&] { house.server->stop(); });
  CHECK(stopped.wait_for(10s) == std::future_status::ready);
  over = true;
  for (auto& flood : floods) flood.join();
}
