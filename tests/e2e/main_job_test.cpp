// The main job, end to end, on real parts: the program, phones over real sockets, an administrator with HTTP.

#include "tests/e2e/sipp_phone.hpp"
#include "tests/e2e/site.hpp"
#include "tests/e2e/sofia_phone.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

using namespace strowger;
using test::eventually;
using test::Site;

namespace {

constexpr auto mac = "00:15:65:12:34:56";

// The positions of `types` in the history, in this order and of one correlation id; what is missing is named.
void check_story(const std::vector<Site::Event>& events, const std::vector<std::string>& types) {
  std::size_t at = 0;
  std::string correlation;
  for (const auto& event : events) {
    if (at == types.size()) break;
    if (!event.type.starts_with("strowger." + types[at] + ".v")) continue;
    if (correlation.empty()) correlation = event.correlation;
    CHECK(event.correlation == correlation);
    ++at;
  }
  CAPTURE(at < types.size() ? types[at] : "none is missing");
  CHECK(at == types.size());
}

void check_lookup(const Site& site, const std::string& identifier) {
  const auto lookup = site.get("/api/phone-lookup/" + identifier).json();
  CAPTURE(identifier);
  CHECK(lookup.at("correlation").at("matched").as_bool());
  CHECK(lookup.at("correlation").at("extension").as_string() == "1001");
  CHECK(lookup.at("correlation").at("mac_address").as_string() == "001565123456");
}

// From the registered phone to the crash; `notified` says whether the phone has seen a NOTIFY with that text.
template <class Notified>
void main_job(Site& site, Notified notified) {
  REQUIRE(site.registered("1001"));
  const auto registered = site.register_device(mac, "1001", "yealink", "t46s");
  CAPTURE(registered.body);
  REQUIRE(registered.status == 201);
  CHECK(registered.json().at("reboot_triggered").as_bool());
  CHECK(registered.json().at("message").as_string() == "Device registered and phone reboot triggered automatically");

  REQUIRE(eventually([&] { return notified("check-sync;reboot=true"); }));
  REQUIRE(eventually([&] { return site.has_event("strowger.device.reboot_accepted.v1"); }));

  const auto config = site.fetch("/provision/001565123456.cfg");
  REQUIRE(config.status == 200);
  CHECK(config.body.starts_with("#!version:1.0.0.1"));
  CHECK_THAT(config.body, ContainsSubstring("Ann <O'Neil>"));
  CHECK_THAT(config.body, ContainsSubstring("account.1.password = s3cret-1001"));
  REQUIRE(eventually([&] { return site.has_event("strowger.device.config_served.v2"); }));

  check_story(site.events(),
              {"device.registered", "device.reboot_requested", "device.reboot_accepted", "device.config_served"});
  check_lookup(site, mac);
  check_lookup(site, "127.0.0.1");

  const auto before = site.events();
  site.kill_hard();
  site.start();
  auto after = site.events();
  REQUIRE(after.size() >= before.size());
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(after[i].whole == before[i].whole);
  CHECK(site.registered("1001"));
  check_lookup(site, mac);
  check_lookup(site, "127.0.0.1");
  const auto device = site.get("/api/provisioning/devices/001565123456").json();
  CHECK(device.at("last_provisioned").is_string());
  CHECK(site.get("/api/provisioning/requests").json().at("total").to_number<int>() == 1);
  const auto again = site.fetch("/provision/001565123456.cfg");
  CHECK(again.body == config.body);
  CHECK(again.headers.at("etag") == config.headers.at("etag"));
}

}  // namespace

TEST_CASE("a phone registers, is told to reboot, fetches its configuration, and nothing is forgotten: sipp") {
  const auto* transport = GENERATE("udp", "tcp");
  Site site;
  site.create_extension("1001", "Ann <O'Neil>", "s3cret-1001");
  test::SippPhone phone(site.folder(), transport, site.sip_port(), "1001", "s3cret-1001",
                        "Yealink SIP-T46S 66.86.0.15");
  main_job(site,
           [&](const std::string& event) { return phone.messages().find("Event: " + event) != std::string::npos; });
}

TEST_CASE("a phone registers, is told to reboot, fetches its configuration, and nothing is forgotten: sofia-sip") {
  const auto* transport = GENERATE("udp", "tcp");
  Site site;
  site.create_extension("1001", "Ann <O'Neil>", "s3cret-1001");
  test::SofiaPhone phone(site.folder(), transport, site.sip_port(), "1001", "s3cret-1001");
  main_job(site, [&](const std::string& event) { return phone.output().find("NOTIFY " + event) != std::string::npos; });
}

TEST_CASE("nobody on the extension: the device is registered and nobody is told") {
  Site site;
  site.create_extension("1001", "Ann", "s3cret-1001");
  const auto registered = site.register_device(mac, "1001", "yealink", "t46s").json();
  CHECK_FALSE(registered.at("reboot_triggered").as_bool());
  CHECK(registered.at("message").as_string() == "Device registered. Phone will fetch config on next boot.");
  CHECK_FALSE(site.has_event("strowger.device.reboot_requested.v2"));
}

TEST_CASE("editing one extension leaves every other binding untouched") {
  Site site;
  for (const auto* number : {"1001", "1002"}) site.create_extension(number, "Somebody", "s3cret");
  test::SippPhone ann(site.folder(), "udp", site.sip_port(), "1001", "s3cret", "Yealink SIP-T46S 66.86.0.15");
  test::SippPhone bob(site.folder(), "udp", site.sip_port(), "1002", "s3cret", "Yealink SIP-T46S 66.86.0.15");
  REQUIRE(site.registered("1001"));
  REQUIRE(site.registered("1002"));
  const auto before = site.get("/api/registered-phones").body;
  REQUIRE(site.send_json("PATCH", "/api/extensions/1001", R"({"name":"Ann Renamed"})").status == 200);
  CHECK(site.get("/api/extensions/1001").json().at("name").as_string() == "Ann Renamed");
  CHECK(site.get("/api/registered-phones").body == before);
}

TEST_CASE("a deleted extension loses its bindings, and its password can never be read again") {
  Site site;
  site.create_extension("1001", "Ann", "s3cret-1001");
  test::SippPhone phone(site.folder(), "udp", site.sip_port(), "1001", "s3cret-1001", "Yealink SIP-T46S 66.86.0.15");
  REQUIRE(site.registered("1001"));
  REQUIRE(site.remove("/api/extensions/1001").status == 200);
  CHECK(site.registered("1001", 0));
  CHECK(eventually([&] { return site.has_event("strowger.phone.unregistered.v2"); }));
  site.create_extension("1001", "Bob", "another");
  CHECK(site.get("/api/extensions/1001").json().at("name").as_string() == "Bob");
}

TEST_CASE("a number that was deleted and taken again keeps its new phone's binding through a crash") {
  Site site;
  site.create_extension("1001", "Ann", "s3cret-1001");
  REQUIRE(site.remove("/api/extensions/1001").status == 200);
  site.create_extension("1001", "Bob", "s3cret-1001");
  test::SippPhone phone(site.folder(), "udp", site.sip_port(), "1001", "s3cret-1001", "Yealink SIP-T46S 66.86.0.15");
  REQUIRE(site.registered("1001"));
  site.kill_hard();
  site.start();
  REQUIRE(site.registered("1001"));
  // The reactor meets the old deletion again; a newer one, which it handles after it, shows that it has.
  site.create_extension("1002", "Somebody", "s3cret-1002");
  REQUIRE(site.remove("/api/extensions/1002").status == 200);
  site.create_extension("1003", "Somebody", "s3cret-1003");
  CHECK_FALSE(site.has_event("strowger.phone.unregistered.v2"));
  CHECK(site.registered("1001"));
}

TEST_CASE("settings are reloaded on SIGHUP, and config_url follows at once") {
  Site site;
  site.create_extension("1001", "Ann", "s3cret-1001");
  REQUIRE(site.register_device(mac, "1001", "yealink", "t46s").status == 201);
  site.write_settings(
      "server: {external_ip: 192.0.2.77}\nprovisioning: {url_format: 'http://{{SERVER_IP}}:{{PORT}}/p/{mac}.cfg'}\n");
  site.send(SIGHUP);
  const auto url = "http://192.0.2.77:" + std::to_string(site.api_port()) + "/p/001565123456.cfg";
  CHECK(eventually(
      [&] { return site.get("/api/provisioning/devices/001565123456").json().at("config_url").as_string() == url; }));
  site.write_settings("server: {external_pi: 192.0.2.78}\n");
  site.send(SIGHUP);
  CHECK(eventually([&] { return site.log().find("external_pi") != std::string::npos; }));
  CHECK(site.get("/api/provisioning/devices/001565123456").json().at("config_url").as_string() == url);
  CHECK(site.stop() == 0);
}
