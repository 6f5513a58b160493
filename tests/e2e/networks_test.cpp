// A server in more than one network: phones hear it from where they speak to it.
#include "tests/e2e/own_network.hpp"
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/sip/phone.hpp"

#include <memory>

using namespace strowger;
using test::eventually;
using test::OwnNetwork;
using test::Phone;
using test::Site;
using test::Wire;

SCENARIO("each phone is told from the address that it registers at, also where we got that while we served") {
  OwnNetwork network;
  if (network.missing) {
    WARN("not tested here: " << *network.missing);
    return;
  }
  network.cable("voice0", 1);
  Site site;
  const auto port = ":" + std::to_string(site.sip_port());
  for (int n = 1; n <= 2; ++n) {
    const auto number = "100" + std::to_string(n), mac = "00156512345" + std::to_string(n);
    const auto ours = OwnNetwork::near_address(n);
    site.create_extension(number, "Ann Example", "a-long-secret");
    REQUIRE(site.register_device(mac, number, "yealink", "t46s").status == 201);
    if (n == 2) {
      network.cable("late0", n);
      REQUIRE(eventually([&] { return site.log().find("SIP listens on " + ours + port) != std::string::npos; }));
    }
    for (const auto kind : {Wire::Kind::udp, Wire::Kind::tcp}) {
      auto phone = network.among_phones([&] {
        return std::make_unique<Phone>(kind, site.sip_port(), number, "a-long-secret", OwnNetwork::far_address(n),
                                       ours);
      });
      REQUIRE(phone->register_as(phone->contact()).status() == 200);
      REQUIRE(site.send_json("POST", "/api/provisioning/devices/" + mac + "/reboot", "{}").status == 200);
      const auto notify = phone->wire.receive();  // from elsewhere it is not heard
      REQUIRE(notify);
      CHECK(notify->method() == "NOTIFY");
      CHECK_THAT(notify->header("Via"), !ContainsSubstring("("));
      std::string answer = "SIP/2.0 200 OK\r\n";
      for (const auto* name : {"Via", "From", "To", "Call-ID", "CSeq"})
        answer += std::string(name) + ": " + notify->header(name) + "\r\n";
      phone->wire.send(answer + "Content-Length: 0\r\n\r\n");
      CHECK(eventually(
          [&] { return site.get("/api/provisioning/devices/" + mac).body.find("\"accepted\"") != std::string::npos; }));
      REQUIRE(phone->register_as(phone->contact(), "0").status() == 200);
    }
  }
  CHECK(site.stop() == 0);
}
