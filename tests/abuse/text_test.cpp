// Bytes that are no text, from strangers, on every way in: nothing that is stored may stop a reader or the next start.
#include "tests/abuse/raw_http.hpp"
#include "tests/abuse/victim.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sip/phone.hpp"
#include "tests/support/tftp_client.hpp"

using namespace strowger::test;

namespace {

std::uint16_t tftp_port(const Victim& victim) {
  const auto log = victim.site.log();
  const auto at = log.find("TFTP port: ");
  return at == std::string::npos ? std::uint16_t{0} : static_cast<std::uint16_t>(std::stoul(log.substr(at + 11)));
}

void send_request(const Victim& victim, const std::string& request) {
  RawHttp connection(victim.site.api_port());
  connection.send(request);
  connection.read_all(std::chrono::seconds(5));
}

}  // namespace

SCENARIO("abuse: bytes that are no UTF-8 stop neither the queries nor the next start") {
  Victim victim("provisioning: {tftp: {enabled: true, host: 127.0.0.1, port: 0}}\nserver: {external_ip: 127.0.0.1}\n");
  GIVEN("requests for phones' files with a User-Agent, a path and a cut in the middle of a character") {
    const std::string end = "\r\nHost: x\r\nConnection: close\r\n\r\n";
    send_request(victim, "GET /provision/001565999999.cfg HTTP/1.1\r\nUser-Agent: \xff\xfe" + end);
    send_request(victim, "GET /provision/%FF%FE.cfg HTTP/1.1\r\nUser-Agent: x" + end);
    send_request(victim, "GET /provision/\xff\xfe.cfg HTTP/1.1\r\nUser-Agent: x" + end);
    for (int length = 509; length < 514; ++length) {
      const auto agent = std::string(static_cast<std::size_t>(length), 'a') + "\u00fc\u20ac\U0001F4DE";
      send_request(victim, "GET /provision/001565999999.cfg HTTP/1.1\r\nUser-Agent: " + agent + end);
    }
    AND_GIVEN("a TFTP name, a login and a REGISTER of a known phone with such bytes") {
      TftpClient tftp(tftp_port(victim));
      tftp.send(TftpClient::request("\xff\xfe.cfg"));
      tftp.receive();
      send_request(victim,
                   "POST /api/auth/login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 36\r\n"
                   "Host: x\r\nConnection: close\r\n\r\n{\"username\":\"a\xff\xfe\",\"password\":\"xxxxxx\"}");
      Phone phone(Wire::Kind::udp, victim.site.sip_port(), Victim::number, Victim::password);
      Phone::Register what;
      what.contact = phone.contact();
      what.extra = "User-Agent: T\xe9l\xe9phone " + std::string(245, 'x') + "\u20ac\r\n";
      phone.register_with(what);
      THEN("queries, writes and streams go on, and the next start is clean") {
        victim.site.create_extension("1777", "After", "another-secret");
        CHECK(victim.site.get("/api/extensions/1777").status == 200);
        CHECK(victim.site.get("/api/events?limit=500").status == 200);
        victim.recovered();
        CHECK(victim.site.get("/api/extensions/1777").status == 200);
      }
    }
  }
}
