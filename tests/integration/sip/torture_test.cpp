// RFC 4475: messages that a parser may stumble over, whole, cut short and with flipped bits.
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"
#include "tests/support/sip/server_fixture.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

using namespace strowger;
using test::Phone;
using test::Wire;

namespace {

std::map<std::string, std::string> torture_messages() {
  std::map<std::string, std::string> messages;
  for (const auto& entry : std::filesystem::directory_iterator(STROWGER_TORTURE_DIR)) {
    if (entry.path().extension() != ".dat") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    messages[entry.path().stem().string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return messages;
}

// 0: no answer. What a registrar without call routing may say to each, by the RFC's section.
const std::map<std::string, std::set<int>>& allowed() {
  static const std::map<std::string, std::set<int>> table{
      // 3.1.1: valid, so never a 400
      {"wsinv", {405}},
      {"intmeth", {501, 0}},  // the stack drops a NUL within a quoted string
      {"esc01", {405}},
      {"escnull", {401}},
      {"esc02", {501}},
      {"lwsdisp", {200}},
      {"longreq", {405}},
      {"dblreq", {401}},
      {"semiuri", {200}},
      {"transports", {200}},
      {"mpart01", {405}},
      {"noreason", {0}},
      {"unreason", {0}},
      // 3.1.2: not valid
      {"badinv01", {400}},
      {"clerr", {400}},
      {"ncl", {400}},
      {"scalar02", {400}},
      {"scalarlg", {0}},
      {"quotbal", {400}},
      {"ltgtruri", {400}},
      {"lwsruri", {400}},
      {"lwsstart", {400, 405}},  // a parser may be lenient
      {"trws", {400, 200, 405}},
      {"escruri", {400, 405}},
      {"baddate", {400, 405}},
      {"regbadct", {400}},
      {"badaspec", {400, 200}},
      {"baddn", {400, 200, 0}},  // without its empty line it never ends over TCP
      {"badvers", {505, 0}},     // over UDP the 505 goes to the port that the Via names
      {"mismatch01", {400}},
      {"mismatch02", {400, 501}},
      {"bigcode", {0}},
      // 3.2 and 3.3
      {"badbranch", {200}},
      {"insuf", {400}},
      {"unkscm", {416}},
      {"novelsc", {416}},
      {"unksm2", {401, 400, 404}},
      {"bext01", {420}},
      {"invut", {415, 405}},
      {"regaut01", {401}},
      {"multi01", {400, 405}},
      {"mcl01", {400}},
      {"bcast", {0}},
      {"zeromf", {200, 483}},
      {"cparam01", {401}},
      {"cparam02", {401}},
      {"regescrt", {401}},
      {"sdp01", {405, 406}},
      {"inv2543", {405}},
  };
  return table;
}

// The answer goes where the topmost Via says, over the transport it names: of this socket, then, not of the RFC's
// hosts.
std::string from_here(std::string text, const Wire& wire) {
  const auto via = text.find("/2.0/");
  if (via == std::string::npos) return text;  // badvers
  const auto transport = text.find_first_not_of(' ', via + 5);
  text.replace(transport, 3, wire.via_transport());
  const auto host = text.find(' ', transport);
  text.insert(text.find_first_of(";\r\n", host), ";rport");
  return text;
}

}  // namespace

TEST_CASE("every torture message gets what RFC 4475 asks for, and the server lives") {
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  test::SipServer house;
  for (const auto& [name, message] : torture_messages()) {
    INFO(name << (kind == Wire::Kind::udp ? " over UDP" : " over TCP"));
    REQUIRE(allowed().contains(name));
    Wire wire(kind, house.port());
    const std::string text = from_here(message, wire);
    wire.send(text);
    const auto expected = allowed().at(name);
    const auto answer = wire.receive(std::chrono::milliseconds(expected.contains(0) ? 100 : 1000));
    const int status = answer ? answer->status() : 0;
    if (expected.contains(status))
      SUCCEED();
    else
      CHECK((name + " " + std::to_string(status) + (answer ? "\n" + answer->text : "") +
             (wire.closed() ? " closed" : "")) == "");
  }
  Phone phone(kind, house.port(), "1001");
  CHECK(phone.register_as(phone.contact()).status() == 200);
}

TEST_CASE("cut and flipped messages break nothing") {
  const auto kind = GENERATE(Wire::Kind::udp, Wire::Kind::tcp);
  test::SipServer house;
  std::mt19937 random(4475);
  for (const auto& [name, message] : torture_messages()) {
    INFO(name);
    for (int round = 0; round < 12; ++round) {
      std::string text = message;
      if (round % 2 == 0) text.resize(random() % (text.size() + 1));
      for (int flips = round; flips > 0 && !text.empty(); --flips)
        text[random() % text.size()] ^= static_cast<char>(1U << (random() % 8));
      Wire wire(kind, house.port());
      wire.send(text);
    }
  }
  Phone phone(kind, house.port(), "1001");
  REQUIRE(phone.register_as(phone.contact()).status() == 200);
  CHECK(phone.register_as(phone.contact(), "0").status() == 200);
}

// The stack answers this one by itself. Looking up the name that its Via has would block all of SIP.
TEST_CASE("no message makes the server look up a name") {
  test::SipServer house;
  Wire wire(Wire::Kind::udp, house.port());
  const auto before = house.server->metrics().names_refused.load();
  for (int i = 0; i < 20; ++i)
    wire.send(
        "OPTIONS sip:127.0.0.1 SIP/7.0\r\nVia: SIP/2.0/UDP slow" + std::to_string(i) +
        ".example.com;branch=z9hG4bKn\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: n" +
        std::to_string(i) + "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
  wire.send(
      "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP "
      "127.0.0.1;maddr=slow.example.com;branch=z9hG4bKm\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: "
      "<sip:a@b>\r\nCall-ID: m\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
  Phone phone(Wire::Kind::udp, house.port(), "1001");
  CHECK(phone.register_as(phone.contact()).status() == 200);
  CHECK(house.server->metrics().names_refused == before);
}
