// What a stranger can do to the SIP port, over UDP and TCP, and what one phone's password is good for.
#include "tests/abuse/victim.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"

#include <filesystem>
#include <fstream>

#include <boost/json.hpp>

using namespace strowger::test;

namespace {

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// A request that nobody proved, with these lines more.
std::string request_with(const std::string& method, const Wire& wire, const std::string& lines,
                         const std::string& via_more = {}) {
  static int count = 0;
  const auto id = std::to_string(++count);
  return method + " sip:1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/" + wire.via_transport() +
         " 127.0.0.1:" + std::to_string(wire.port()) + ";branch=z9hG4bKabuse" + id + via_more +
         "\r\nMax-Forwards: 70\r\nFrom: <sip:1001@127.0.0.1>;tag=a" + id +
         "\r\nTo: <sip:1001@127.0.0.1>\r\nCall-ID: abuse" + id + "\r\nCSeq: 1 " + method + "\r\n" + lines +
         "Content-Length: 0\r\n\r\n";
}

}  // namespace

SCENARIO("abuse: messages of many header lines cost SIP nothing") {
  Victim victim;
  Wire udp(Wire::Kind::udp, victim.site.sip_port());
  for (int i = 0; i < 20; ++i) {
    udp.send(request_with("REGISTER", udp, repeated("a:b\r\n", 12'000)));
    udp.send(request_with("REGISTER", udp, repeated("Allow:x\r\n", 6'500)));
    udp.send(request_with("REGISTER", udp, repeated("k:x\r\n", 11'000)));
    udp.send(request_with("REGISTER", udp, repeated("Route:<sip:a>\r\n", 3'600)));
  }
  {
    Wire tcp(Wire::Kind::tcp, victim.site.sip_port());
    try {
      tcp.send(request_with("REGISTER", tcp, repeated("a:b\r\n", 300'000)));
    } catch (const std::exception&) {  // refused while it is still being sent
    }
  }
  victim.recovered();
}

SCENARIO("abuse: pipelined INVITEs that nobody acknowledges keep no memory") {
  Victim victim;
  for (int round = 0; round < 2; ++round) {
    Wire tcp(Wire::Kind::tcp, victim.site.sip_port());
    std::string all;
    for (int i = 0; i < 3'000; ++i) all += request_with("INVITE", tcp, {});
    try {
      tcp.send(all);
    } catch (const std::exception&) {  // closed on us
    }
    victim.serves();
  }
  victim.recovered(64U << 20U);
}

SCENARIO("abuse: connections that say nothing, or half of a message, end") {
  Victim victim;
  std::vector<Wire> open;
  try {
    for (int i = 0; i < 200; ++i) {
      open.emplace_back(Wire::Kind::tcp, victim.site.sip_port(), "127.0.0." + std::to_string(2 + i % 8));
      if (i % 4 == 1) open.back().send("REGISTER sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127");
      if (i % 4 == 2) {
        auto half = request_with("REGISTER", open.back(), {});
        half.replace(half.find("Content-Length: 0"), 17, "Content-Length: 1990000");
        open.back().send(half + std::string(100'000, 'x'));
      }
      if (i % 4 == 3) open.back().send("INVITE sip:1001@127.0.0.1 SIP/2.0\r\nContent-Length: 4\r\n\r\nab");
    }
  } catch (const std::exception&) {  // a limit for each source is a right answer
  }
  victim.serves();
  // While the other ends are still open.
  CHECK(victim.lets_go(std::chrono::seconds(90)));
  open.clear();
  victim.recovered();
}

SCENARIO("abuse: one REGISTER of thousands of contacts is refused before they are worked in") {
  Victim victim;
  Phone phone(Wire::Kind::tcp, victim.site.sip_port(), Victim::number, Victim::password);
  Phone::Register what;
  for (int i = 0; i < 1'000; ++i) what.contact += (i == 0 ? "<sip:i" : ",<sip:i") + std::to_string(i) + "@h>";
  try {
    CHECK(phone.register_with(what).status() >= 400);
  } catch (const std::exception&) {  // too long a message: the connection ends
  }
  victim.recovered();
}

SCENARIO("abuse: guesses of a phone's password are slowed and told, and its own phone gets in") {
  Victim victim;
  Phone guesser(Wire::Kind::udp, victim.site.sip_port(), Victim::number, "guess", "127.0.0.66");
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    try {
      refused += guesser.register_as(guesser.contact()).status() >= 400 ? 1 : 0;
    } catch (const std::exception&) {  // dropped
      break;
    }
  }
  CHECK(refused > 0);
  CHECK(eventually([&] {
    const auto events = victim.site.get("/api/events?limit=500&order=desc").body;
    return events.find("login.failed") != std::string::npos && events.find("SIP extension 1001") != std::string::npos;
  }));
  victim.recovered();
}

SCENARIO("abuse: no answer goes where a Via points") {
  Victim victim;
  Wire stranger(Wire::Kind::udp, victim.site.sip_port());
  Wire bystander(Wire::Kind::udp, victim.site.sip_port(), "127.0.0.9");
  for (const std::string method : {"REGISTER", "OPTIONS", "INVITE", "SUBSCRIBE"}) {
    auto request = request_with(method, stranger, {}, ";maddr=127.0.0.9");
    const auto own = std::to_string(stranger.port());
    request.replace(request.find(own), own.size(), std::to_string(bystander.port()));
    stranger.send(request);
  }
  CHECK_FALSE(bystander.receive(std::chrono::milliseconds(1'500)));
  victim.recovered();
}

SCENARIO("abuse: torture messages, random bytes and floods over UDP and TCP") {
  Victim victim;
  std::vector<std::string> messages;
  for (const auto& entry : std::filesystem::directory_iterator(STROWGER_TORTURE_DIR)) {
    if (entry.path().extension() != ".dat") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    messages.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  REQUIRE(messages.size() > 20);
  Wire udp(Wire::Kind::udp, victim.site.sip_port());
  unsigned seed = 1;
  for (int round = 0; round < 20; ++round)
    for (auto message : messages) {
      for (int flips = 0; flips < round && !message.empty(); ++flips) {
        seed = seed * 1'103'515'245U + 12'345U;
        message[(seed >> 8U) % message.size()] = static_cast<char>(seed >> 24U);
      }
      if (message.size() < 60'000) udp.send(message);
      if (round % 10 == 0) {
        Wire tcp(Wire::Kind::tcp, victim.site.sip_port());
        try {
          tcp.send(message);
        } catch (const std::exception&) {  // closed on us
        }
      }
    }
  victim.recovered();
}
