// A plain LDAP directory: slapd with 5,000 people, read page by page by a user who may see only 600 at once.

#include "tests/support/ldap/slapd.hpp"

#include "tests/e2e/sipp_phone.hpp"
#include "tests/integration/directory/directory_site.hpp"
#include "tests/support/eventually.hpp"

using namespace strowger::test;

namespace {

std::string settings(const Slapd& slapd, std::map<std::string, std::string> more = {}) {
  more.insert({{"server", slapd.tls_url()},
               {"ca_file", slapd.ca_file().string()},
               {"base_dn", Slapd::base},
               {"user_search_base", std::string("ou=people,") + Slapd::base},
               {"bind_dn", Slapd::reader},
               {"bind_password", Slapd::password},
               {"disabled_attribute", "employeeType"},
               {"number_rule", "last 5"}});
  return directory_settings("ldap", more);
}

std::string people(int count) {
  std::string ldif;
  for (int i = 0; i < count; ++i) {
    const auto number = std::to_string(10'000 + i);
    ldif += Slapd::person("u" + number, "Person " + number, "+43 1 234 " + number,
                          "displayName:: " + std::string("SsO8cmdlbiA=") + "\nmail: u" + number + "@example.com\n");
  }
  return ldif;
}

std::string group(const std::string& name, const std::vector<std::string>& members) {
  std::string ldif = "dn: cn=" + name + ",ou=groups," + Slapd::base + "\nobjectClass: groupOfNames\ncn: " + name + "\n";
  for (const auto& member : members) ldif += "member: " + Slapd::dn(member) + "\n";
  return ldif + "\n";
}

}  // namespace

TEST_CASE("five thousand people of slapd become extensions, and every change of theirs is followed") {
  Slapd slapd(people(5'000) + Slapd::person("nobody", "No Number", ""));
  DirectorySite site(settings(slapd), "ldap");

  const auto planned = site.sync("?dry_run=true");
  CHECK(count(planned, "created") == 5'000);
  CHECK(planned.at("changes").as_array().size() == 1'000);
  CHECK_FALSE(site.exists("10000"));
  CHECK(site.ask("/syncs").as_array().empty());

  const auto first = site.sync();
  CHECK(first.at("success").as_bool());
  CHECK(count(first, "read_count") == 5'001);
  CHECK(count(first, "without_number") == 1);
  CHECK(count(first, "created") == 5'000);
  CHECK(count(first, "synced_count") == 5'000);
  CHECK(text(site.extension("12345").at("name")) == "Jürgen");
  CHECK(text(site.extension("12345").at("email")) == "u12345@example.com");
  CHECK(site.extension("12345").at("ad_synced").as_bool());
  CHECK(text(site.extension("12345").at("directory_account")) == "u12345");

  // Nothing changed: nothing is written but the sync itself.
  CHECK(count(site.sync(), "unchanged") == 5'000);
  CHECK(site.caused().size() == 2);

  // A renamed user's extension, and no other, gets the name; the event names the sync as its cause.
  slapd.replace("u12345", "displayName", "Ann Müller");
  CHECK(count(site.sync(), "updated") == 1);
  const auto names = site.caused("extension.name_synced");
  const auto started = site.caused("directory.sync_started");
  REQUIRE(names.size() == 1);
  REQUIRE(started.size() == 1);
  CHECK(text(names[0].at("subject")) == "extension/12345");
  CHECK(text(names[0].at("data").at("name")) == "Ann Müller");
  CHECK(text(names[0].at("by")) == "directory:ldap");
  CHECK(text(names[0].at("causationid")) == text(started[0].at("id")));
  CHECK(text(site.extension("12345").at("name")) == "Ann Müller");

  // An incremental sync reads what changed, and sees who is gone: deleted, or moved out of the search base.
  slapd.replace("u10007", "displayName", "Changed");
  slapd.modify("dn: " + Slapd::dn("u10008") + "\nchangetype: delete\n");
  slapd.modify("dn: " + Slapd::dn("u10009") + "\nchangetype: moddn\nnewrdn: uid=u10009\ndeleteoldrdn: 0\n" +
               "newsuperior: ou=former," + Slapd::base + "\n");
  const auto changes = site.sync("?full=false");
  CHECK(text(changes.at("mode")) == "incremental");
  CHECK(count(changes, "read_count") < 5'000);
  CHECK(count(changes, "updated") == 1);
  CHECK(count(changes, "disabled") == 2);
  CHECK(text(site.extension("10007").at("name")) == "Changed");
  for (const std::string gone : {"10008", "10009"}) {
    CHECK_FALSE(site.extension(gone).at("enabled").as_bool());
    CHECK(text(site.extension(gone).at("disabled_reason")) == "directory_removed");
  }
  slapd.modify("dn: uid=u10009,ou=former," + std::string(Slapd::base) +
               "\nchangetype: moddn\nnewrdn: uid=u10009\ndeleteoldrdn: 0\nnewsuperior: ou=people," + Slapd::base +
               "\n");
  CHECK(count(site.sync("?full=false"), "enabled") == 1);
  CHECK(site.extension("10009").at("enabled").as_bool());

  // Too many to disable: it stops and asks, and does it when it is meant.
  std::string ldif;
  for (int i = 0; i < 1'500; ++i)
    ldif += "dn: " + Slapd::dn("u" + std::to_string(11'000 + i)) + "\nchangetype: delete\n\n";
  slapd.modify(ldif);
  const auto refused = site.sync("", 409);
  CHECK_FALSE(refused.at("success").as_bool());
  CHECK(text(refused.at("code")) == "too_many_changes");
  CHECK_THAT(text(refused.at("error")), ContainsSubstring("1500 of 4999"));
  CHECK(site.extension("11000").at("enabled").as_bool());
  CHECK(text(site.ask("/status").at("last_sync").at("state")) == "failed");
  CHECK(count(site.sync("?force=true"), "disabled") == 1'500);
  CHECK_FALSE(site.extension("11000").at("enabled").as_bool());
}

TEST_CASE("users are followed, disabled and restored, and skipped by name") {
  Slapd slapd(people(20));
  DirectorySite site(settings(slapd), "ldap");
  REQUIRE(count(site.sync(), "created") == 20);

  SECTION("a renumbered user is followed, with their phone") {
    REQUIRE(site.register_device("001565123456", "10001", "yealink", "t46s").status == 201);
    slapd.replace("u10001", "telephoneNumber", "+43 1 234 20001");
    const auto report = site.sync();
    CHECK(count(report, "created") == 1);
    CHECK(count(report, "devices_moved") == 1);
    CHECK(text(site.get("/api/provisioning/devices/001565123456").json().at("extension_number")) == "20001");
    CHECK(text(site.extension("20001").at("directory_account")) == "u10001");
    CHECK_FALSE(site.extension("10001").at("enabled").as_bool());
    CHECK_FALSE(site.extension("10001").at("ad_synced").as_bool());
    // Somebody new gets the number: it is theirs, and works.
    slapd.modify("dn: " + Slapd::dn("heir") + "\nchangetype: add\n" +
                 Slapd::person("heir", "Heir", "10001").substr(5 + Slapd::dn("heir").size()));
    CHECK(count(site.sync(), "enabled") == 1);
    CHECK(site.extension("10001").at("enabled").as_bool());
    CHECK(text(site.extension("10001").at("name")) == "Heir");
  }

  SECTION(
      "the phone of a disabled user is unregistered and refused; everything of the extension stays for its return") {
    REQUIRE(site.send_json("PATCH", "/api/extensions/10006", R"({"password": "s3cret"})").status == 200);
    SippPhone phone(site.folder(), "udp", site.sip_port(), "10006", "s3cret", "Yealink SIP-T46S 66.86.0.15");
    REQUIRE(site.registered("10006"));
    slapd.replace("u10006", "employeeType", "TRUE");
    CHECK(count(site.sync(), "disabled") == 1);
    CHECK(site.registered("10006", 0));
    SippPhone again(site.folder(), "tcp", site.sip_port(), "10006", "s3cret", "Yealink SIP-T46S 66.86.0.15");
    CHECK(eventually([&] { return again.messages().find("403 Extension Disabled") != std::string::npos; }));
    slapd.replace("u10006", "employeeType", "FALSE");
    CHECK(count(site.sync(), "enabled") == 1);
    SippPhone back(site.folder() / "data", "udp", site.sip_port(), "10006", "s3cret", "Yealink SIP-T46S 66.86.0.15");
    CHECK(site.registered("10006"));
  }

  SECTION("a disabled user's extension is disabled, and an administrator's word outlasts the directory's") {
    slapd.replace("u10002", "employeeType", "TRUE");
    CHECK(count(site.sync(), "disabled") == 1);
    CHECK(text(site.extension("10002").at("disabled_reason")) == "directory_disabled");
    slapd.replace("u10002", "employeeType", "FALSE");
    CHECK(count(site.sync(), "enabled") == 1);
    CHECK(site.send_json("PATCH", "/api/extensions/10002", R"({"enabled": false})").status == 200);
    CHECK(count(site.sync(), "enabled") == 0);
    CHECK(text(site.extension("10002").at("disabled_reason")) == "administrator");
  }

  SECTION("two users with one number, a bad number, a missing name: skipped by name, the others go on") {
    slapd.replace("u10003", "telephoneNumber", "10004");
    slapd.replace("u10005", "telephoneNumber", "12");
    const auto report = site.sync();
    CHECK(count(report, "skipped_count") == 3);
    CHECK(count(report, "unchanged") == 17);
    const auto said = boost::json::serialize(report.at("skipped"));
    CHECK_THAT(said, ContainsSubstring("u10003") && ContainsSubstring("u10004") && ContainsSubstring("10004 is also"));
    CHECK_THAT(said, ContainsSubstring("'12' has fewer than 5 digits"));
    // Their extensions stay as they were: a slip in the directory silences nobody.
    for (const std::string number : {"10003", "10004", "10005"}) CHECK(site.extension(number).at("enabled").as_bool());
  }
}

TEST_CASE("numbers and names are taken as people write them") {
  const std::string base = Slapd::base;
  Slapd slapd(
      Slapd::person("xaver", "Xaver Three", "+1 555 123 4567 Extension 4122") +
      Slapd::person("mia", "Mia Two", "+49 30 1234-205", "telephoneNumber: ext. 4205\n") +
      Slapd::person("rene", "Plain", "x4301", "displayName:: UmVuZcyBwqAg4oCqRXhhbXBsZeKArA==\n") +  // decomposed
      Slapd::person("gina", "gina", "tel:+1-555-1234;ext=4302", "givenName: Gina\n"));
  DirectorySite site(settings(slapd, {{"number_rule", "'regex: (?i)^.*(4\\d{3})$'"}}), "ldap");
  REQUIRE(count(site.sync(), "created") == 4);
  CHECK(text(site.extension("4205").at("name")) == "Mia Two");  // the second of her numbers fits
  CHECK(text(site.extension("4301").at("name")) == "Ren\xC3\xA9  Example");
  CHECK(text(site.extension("4302").at("name")) == "gina");

  site.write_settings(settings(slapd, {{"number_rule", "x"}, {"name_attributes", "\"givenName sn, cn\""}}));
  site.stop();
  site.start();
  const auto report = site.sync();
  CAPTURE(boost::json::serialize(report));
  CHECK(text(site.extension("4122").at("directory_account")) == "xaver");
  CHECK(text(site.extension("4302").at("name")).starts_with("Gina "));
}

TEST_CASE("a search finds people by what they have, and a filter's characters find nothing more") {
  Slapd slapd(Slapd::person("ann", "Ann Example", "10001", "mail: ann@example.com\n") +
              Slapd::person("bob", "Bob (Bobby) *", "10002") + Slapd::person("cy", "Cy", "12"));
  DirectorySite site(settings(slapd), "ldap");
  const auto ann = site.ask("/search?q=xample&max_results=5").as_array();
  REQUIRE(ann.size() == 1);
  CHECK(text(ann[0].at("account")) == "ann");
  CHECK(text(ann[0].at("extension")) == "10001");
  CHECK(site.ask("/search?q=%28Bobby%29%20*").as_array().size() == 1);
  CHECK(site.ask("/search?q=*").as_array().size() == 1);
  CHECK(site.ask("/search?q=%29%28uid%3D*").as_array().empty());
  CHECK_THAT(text(site.ask("/search?q=cy").at(0).at("skipped")), ContainsSubstring("fewer than 5 digits"));
  CHECK(site.ask("/search?max_results=2").as_array().size() == 2);
  CHECK(site.get("/api/integrations/ldap/search?max_results=0").status == 400);
  CHECK(site.get("/api/integrations/ad/search").status == 409);
  CHECK(site.get("/api/integrations/nis/search").status == 404);
}

TEST_CASE("groups give roles, which end with the membership, a user made here is not taken over") {
  Slapd slapd(Slapd::person("ann", "Ann", "") + Slapd::person("bob", "Bob", "10002") +
                  Slapd::person("admin", "Not Ours", "") + group("Phone Admins", {"ann", "admin"}) +
                  group("Desk", {"ann", "bob"}),
              // As Active Directory: who binds with a name and no password is let in, as nobody.
              {.more = "allow bind_anon_dn"});
  DirectorySite site(settings(slapd, {{"group_roles", "{Phone Admins: admin, Desk: operator}"}}), "ldap");
  const auto report = site.sync();
  CHECK(count(report, "roles_changed") == 2);
  CHECK_THAT(boost::json::serialize(report.at("skipped")), ContainsSubstring("the user admin was made here"));
  const auto roles = site.caused("user.role_synced");
  REQUIRE(roles.size() == 2);
  for (const auto& role : roles)
    CHECK(text(role.at("data").at("role")) == (text(role.at("data").at("name")) == "ann" ? "admin" : "operator"));
  CHECK(count(site.sync(), "roles_changed") == 0);

  SECTION("they log in with their password of the directory, for as long as it gives them the role") {
    const auto log_in = [&](const std::string& name, const std::string& password) {
      return http(site.api_port(), "POST", "/api/auth/login", {{"Content-Type", "application/json"}},
                  R"({"username": ")" + name + R"(", "password": ")" + password + R"("})");
    };
    slapd.replace("ann", "userPassword", "ann's own");
    CHECK(log_in("ann", "wrong").status == 401);
    CHECK(log_in("ann", "").status == 401);
    CHECK(log_in("bob", "").status == 401);
    const auto session = log_in("ann", "ann's own");
    REQUIRE(session.status == 200);
    CHECK(text(session.json().at("user").at("role")) == "admin");
    const Headers bearer{{"Authorization", "Bearer " + text(session.json().at("token"))}};
    CHECK(http(site.api_port(), "GET", "/api/backups", bearer).status == 200);
    slapd.replace("ann", "employeeType", "TRUE");
    CHECK(log_in("ann", "ann's own").status == 401);  // at once
    site.sync("?force=true");
    CHECK(http(site.api_port(), "GET", "/api/backups", bearer).status == 401);
    CHECK(log_in("ann", "ann's own").status == 401);
  }
  SECTION("a changed membership is no change of the user: an incremental sync reads everything then") {
    slapd.modify("dn: cn=Desk,ou=groups," + std::string(Slapd::base) +
                 "\nchangetype: modify\ndelete: member\nmember: " + Slapd::dn("bob") + "\n");
    const auto changed = site.sync("?full=false");
    CHECK(text(changed.at("mode")) == "full");
    CHECK(count(changed, "roles_changed") == 1);
    CHECK(site.caused("user.role_withdrawn").size() == 1);
  }
  SECTION("a group that is gone takes no role: the sync fails and says so") {
    slapd.modify("dn: cn=Desk,ou=groups," + std::string(Slapd::base) + "\nchangetype: delete\n");
    CHECK_THAT(text(site.sync("", 503).at("error")), ContainsSubstring("no group 'Desk'"));
    CHECK(site.caused("user.role_withdrawn").empty());
  }
}

TEST_CASE("a server that is killed in the middle of a sync finishes it with the next") {
  Slapd slapd(people(3'000));
  DirectorySite site(settings(slapd), "ldap");
  std::thread asking([&] {
    try {
      static_cast<void>(site.send_json("POST", "/api/integrations/ldap/sync", ""));
    } catch (const std::exception&) {
      // which is cut off
    }
  });
  const auto created = [&] { return std::stoul(site.get("/api/extensions?limit=1").headers.at("x-total-count")); };
  REQUIRE(eventually([&] { return created() > 200; }));
  site.kill_hard();
  asking.join();
  site.start();
  CHECK(text(site.ask("/status").at("last_sync").at("state")) == "interrupted");
  const auto before = created();
  REQUIRE(before >= 200);
  const auto report = site.sync();
  CHECK(count(report, "created") == static_cast<std::int64_t>(3'000 - before));
  CHECK(created() == 3'000);
  CHECK(count(site.sync(), "unchanged") == 3'000);
}
