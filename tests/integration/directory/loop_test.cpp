// What this product exists for: an administrator renames a user in the directory, and that user's phone, and no other,
// comes to show the new name, with proof.

#include "tests/e2e/sipp_phone.hpp"
#include "tests/integration/directory/directory_site.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/ldap/slapd.hpp"

#include <algorithm>
#include <array>

using namespace strowger::test;

namespace {

constexpr auto agent = "Yealink SIP-T46S 66.86.0.15";

std::string settings(const Slapd& slapd) {
  return directory_settings("ldap", {{"server", slapd.tls_url()},
                                     {"ca_file", slapd.ca_file().string()},
                                     {"base_dn", Slapd::base},
                                     {"bind_dn", Slapd::reader},
                                     {"bind_password", Slapd::password}});
}

struct Desk {
  std::string user, number, mac;
  std::string file() const { return "/provision/" + mac + ".cfg"; }
  std::string device() const { return "/api/provisioning/devices/" + mac; }
};

const std::array desks{Desk{"ann", "1001", "001565000001"}, Desk{"bob", "1002", "001565000002"},
                       Desk{"cyd", "1003", "001565000003"}};

// Everybody has a phone, which is registered and runs what it should.
std::vector<std::unique_ptr<SippPhone>> furnish(const DirectorySite& site) {
  std::vector<std::unique_ptr<SippPhone>> phones;
  for (const auto& desk : desks) {
    REQUIRE(site.send_json("PATCH", "/api/extensions/" + desk.number, R"({"password": "s3cret"})").status == 200);
    REQUIRE(site.register_device(desk.mac, desk.number, "yealink", "t46s").status == 201);
    REQUIRE(site.fetch(desk.file()).status == 200);
    phones.push_back(std::make_unique<SippPhone>(site.folder(), "udp", site.sip_port(), desk.number, "s3cret", agent));
    REQUIRE(site.registered(desk.number));
  }
  return phones;
}

}  // namespace

TEST_CASE("a user is renamed in the directory: exactly their phone is asked, fetches the name, and that is proved") {
  std::string people;
  for (const auto& desk : desks) people += Slapd::person(desk.user, "Somebody", desk.number);
  Slapd slapd(people);
  DirectorySite site(settings(slapd), "ldap");
  REQUIRE(count(site.sync(), "created") == 3);
  const auto phones = furnish(site);

  // A sync that finds nothing new asks nobody; mail is on no phone.
  CHECK(count(site.sync(), "unchanged") == 3);
  slapd.modify("dn: " + Slapd::dn("bob") + "\nchangetype: modify\nadd: mail\nmail: bob@example.com\n");
  const auto mail = site.sync();
  CHECK(count(mail, "updated") == 1);
  CHECK(count(mail, "phones_changed") == 0);

  slapd.replace("ann", "cn", "Ann Müller");
  const auto report = site.sync();
  CHECK(count(report, "updated") == 1);
  CHECK(count(report, "unchanged") == 2);
  CHECK(count(report, "phones_changed") == 1);
  CHECK(count(report, "rebooted_count") == 1);
  REQUIRE(eventually([&] { return phones[0]->told() == 1; }));
  REQUIRE(eventually([&] { return !site.caused("device.reboot_accepted").empty(); }));
  CHECK(count(site.ask("/syncs").at(0).as_object(), "converged_count") == 0);  // that it said 200 proves nothing
  CHECK_THAT(site.fetch(desks[0].file()).body, ContainsSubstring("Ann Müller"));
  REQUIRE(eventually([&] { return count(site.ask("/syncs").at(0).as_object(), "converged_count") == 1; }));

  // One story, from the directory to the proof.
  std::vector<std::string> story;
  for (const auto& event : site.caused()) {
    story.push_back(text(event.at("type")));
    CHECK(text(event.at("subject")) != "device/" + desks[1].mac);
    CHECK(text(event.at("subject")) != "device/" + desks[2].mac);
  }
  const auto completed = std::ranges::find(story, "strowger.directory.sync_completed.v1");
  REQUIRE(completed != story.end());  // phones may be told before or after it is written
  story.erase(completed);
  CHECK(story == std::vector<std::string>{"strowger.directory.sync_started.v1", "strowger.extension.name_synced.v1",
                                          "strowger.device.config_wanted.v1", "strowger.device.reboot_requested.v2",
                                          "strowger.device.reboot_accepted.v1", "strowger.device.config_served.v2",
                                          "strowger.device.converged.v1"});
  CHECK(text(site.caused("device.reboot_requested").at(0).at("data").at("reason")) == "name_synced");
  const auto timeline = site.get(desks[0].device() + "/timeline");
  const auto steps = timeline.json().at("stories").at(0).at("steps");
  CHECK(text(steps.at(0).at("type")) == "directory.sync_started");
  CHECK_THAT(timeline.body, ContainsSubstring("its name is Ann Müller") && ContainsSubstring("device.converged"));
  CHECK(phones[0]->told() == 1);
  CHECK(phones[1]->told() == 0);
  CHECK(phones[2]->told() == 0);
}

TEST_CASE("a phone that is not there is counted as that, and nobody waits for it") {
  Slapd slapd(Slapd::person("ann", "Somebody", "1001"));
  DirectorySite site(settings(slapd), "ldap");
  REQUIRE(count(site.sync(), "created") == 1);
  REQUIRE(site.register_device(desks[0].mac, "1001", "yealink", "t46s").status == 201);
  REQUIRE(site.fetch(desks[0].file()).status == 200);
  slapd.replace("ann", "cn", "Ann Example");
  const auto report = site.sync();
  CHECK(count(report, "phones_changed") == 1);
  CHECK(count(report, "rebooted_count") == 0);
  CHECK(count(site.ask("/syncs").at(0).as_object(), "failed_count") == 1);
}
