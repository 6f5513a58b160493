// An administrator changes a name, and exactly that person's phone comes to show it, with proof.
#include "tests/e2e/sipp_phone.hpp"
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <algorithm>

using namespace strowger;
using test::eventually;
using test::Site;

TEST_CASE("a renamed extension's phone is told, fetches and has converged, nobody else hears anything") {
  Site site;
  for (const auto* number : {"1001", "1002"}) site.create_extension(number, "Somebody", "s3cret");
  REQUIRE(site.register_device("001565000001", "1001", "yealink", "t46s").status == 201);
  REQUIRE(site.register_device("001565000002", "1002", "yealink", "t46s").status == 201);
  for (const auto* file : {"/provision/001565000001.cfg", "/provision/001565000002.cfg"})
    REQUIRE(site.fetch(file).status == 200);
  test::SippPhone ann(site.folder(), "udp", site.sip_port(), "1001", "s3cret", "Yealink SIP-T46S 66.86.0.15");
  test::SippPhone bob(site.folder(), "udp", site.sip_port(), "1002", "s3cret", "Yealink SIP-T46S 66.86.0.15");
  REQUIRE(site.registered("1001"));
  REQUIRE(site.registered("1002"));

  REQUIRE(site.send_json("PATCH", "/api/extensions/1001", R"({"email":"ann@example.com"})").status == 200);
  REQUIRE(site.send_json("PATCH", "/api/extensions/1001", R"({"name":"Ann Renamed"})").status == 200);
  REQUIRE(eventually([&] { return ann.messages().find("Event: check-sync;reboot=false") != std::string::npos; }));
  REQUIRE(eventually([&] { return site.has_event("strowger.device.reboot_accepted.v1"); }));
  CHECK_FALSE(site.has_event("strowger.device.converged.v1"));  // 200 is not yet success
  const auto file = site.fetch("/provision/001565000001.cfg");
  CHECK_THAT(file.body, ContainsSubstring("Ann Renamed"));
  REQUIRE(eventually([&] { return site.has_event("strowger.device.converged.v1"); }));
  CHECK(ann.told() == 1);
  CHECK(bob.told() == 0);

  // One story from the change to its proof.
  std::string correlation;
  std::vector<std::string> story;
  for (const auto& event : site.events()) {
    if (event.type == "strowger.extension.changed.v1") {  // the last of them
      correlation = event.correlation;
      story.clear();
    }
    if (!correlation.empty() && event.correlation == correlation) story.push_back(event.type);
  }
  CHECK(story == std::vector<std::string>{"strowger.extension.changed.v1", "strowger.device.config_wanted.v1",
                                          "strowger.device.reboot_requested.v2", "strowger.device.reboot_accepted.v1",
                                          "strowger.device.config_served.v2", "strowger.device.converged.v1"});
  CHECK(site.get("/api/provisioning/devices/001565000001").json().at("status").as_string() == "provisioned");
  CHECK(site.get("/api/provisioning/devices/001565000002").json().at("status").as_string() == "provisioned");

  site.kill_hard();
  site.start();
  REQUIRE(site.registered("1001"));
  CHECK(ann.told() == 1);
  CHECK(bob.told() == 0);
}

TEST_CASE("a campaign goes on where a kill stopped it: nobody is told twice, nobody is left out") {
  Site site;
  for (const auto* number : {"1001", "1002"}) site.create_extension(number, "Somebody", "s3cret");
  REQUIRE(site.register_device("001565000001", "1001", "yealink", "t46s").status == 201);
  REQUIRE(site.register_device("001565000002", "1002", "yealink", "t46s").status == 201);
  test::SippPhone ann(site.folder(), "udp", site.sip_port(), "1001", "s3cret", "Yealink SIP-T46S 66.86.0.15");
  test::SippPhone bob(site.folder(), "udp", site.sip_port(), "1002", "s3cret", "Yealink SIP-T46S 66.86.0.15");
  REQUIRE(site.registered("1001"));
  REQUIRE(site.registered("1002"));

  const auto started = site.send_json("POST", "/api/provisioning/campaigns", R"({"all":true,"max_in_flight":1})");
  REQUIRE(started.status == 201);
  const std::string campaign = "/api/provisioning/campaigns/" + std::string(started.json().at("id").as_string());
  REQUIRE(eventually([&] { return ann.told() == 1; }));
  REQUIRE(eventually([&] { return site.has_event("strowger.device.reboot_accepted.v1"); }));
  site.kill_hard();
  site.start();
  CHECK(bob.told() == 0);  // the first is still in flight
  REQUIRE(site.fetch("/provision/001565000001.cfg").status == 200);
  REQUIRE(eventually([&] { return bob.told() == 1; }));
  REQUIRE(site.fetch("/provision/001565000002.cfg").status == 200);
  REQUIRE(eventually([&] { return site.get(campaign).json().at("state").as_string() == "completed"; }));
  CHECK(site.get(campaign).json().at("counts").at("converged").as_int64() == 2);
  CHECK(ann.told() == 1);
  CHECK(bob.told() == 1);
}
