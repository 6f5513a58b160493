// Active Directory: a Samba domain controller. Provisioned once for all that is asked of it.

#include "tests/support/ldap/samba.hpp"

#include "tests/integration/directory/directory_site.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/ldap/certificates.hpp"
#include "tests/support/relay.hpp"

#include <fstream>

using namespace strowger::test;

namespace {

constexpr int crowd = 2'000;

std::string users() {
  std::string ldif;
  for (int i = 0; i < crowd; ++i) {
    const auto number = std::to_string(10'000 + i);
    ldif += Samba::person("u" + number, "Person " + number, "+43 1 234 x" + number);
  }
  ldif += Samba::person("ann", "Ann Example", "x30001", "mail: ann@example.test\ntelephoneNumber: x39999\n");
  ldif += Samba::person("unnamed", "", "x30002");
  ldif += "dn: " + Samba::dn("Phone Users") + "\nobjectClass: group\nsAMAccountName: Phone Users\n";
  for (int i = 0; i < crowd; ++i) ldif += "member: " + Samba::dn("u" + std::to_string(10'000 + i)) + "\n";
  ldif += "\ndn: " + Samba::dn("Inner Admins") +
          "\nobjectClass: group\nsAMAccountName: Inner Admins\nmember: " + Samba::dn("ann") +
          "\n\ndn: " + Samba::dn("Phone Admins") +
          "\nobjectClass: group\nsAMAccountName: Phone Admins\nmember: " + Samba::dn("Inner Admins") + "\n\n";
  return ldif;
}

std::string settings(const Samba& samba, std::map<std::string, std::string> more = {}) {
  more.insert({{"server", samba.url()},
               {"ca_file", samba.ca_file().string()},
               {"base_dn", Samba::base},
               {"user_search_base", std::string("OU=People,") + Samba::base},
               {"bind_dn", Samba::admin},
               {"bind_password", Samba::password},
               {"number_rule", "x"},
               {"group_roles", "{Phone Users: user, Phone Admins: admin}"}});
  return directory_settings("active_directory", more);
}

}  // namespace

TEST_CASE("Active Directory says more than its attributes' names: expired accounts, primary groups, names in parts") {
  if (const auto why = Samba::missing(); !why.empty()) {
    WARN("no Samba domain controller can run here: " << why);
    return;
  }
  Samba samba(Samba::person("gone", "Erik Expired", "4107", "accountExpires: 132223104000000000\n") +
              Samba::person("nodisp", "", "", "givenName: Nora\nsn: Display\ntelephoneNumber: 4101\n") +
              Samba::person("never", "Never", "4102", "accountExpires: 9223372036854775807\n") +
              Samba::person("soon", "Soon", "4103", "accountExpires: 0\n") +
              Samba::person("both", "Shown", "4104", "givenName: Given\nsn: Name\n"));
  const auto with = [&](const std::string& names) {
    return settings(samba,
                    {{"number_rule", "\"\""}, {"group_roles", "{Domain Users: viewer}"}, {"name_attributes", names}});
  };
  DirectorySite site(with("\"\""), "ad");
  const auto first = site.sync();
  CAPTURE(boost::json::serialize(first));
  CHECK(count(first, "created") == 4);
  CHECK_FALSE(site.exists("4107"));
  CHECK(text(site.extension("4101").at("name")) == "Nora Display");
  CHECK(text(site.extension("4104").at("name")) == "Shown");
  // Domain Users is the primary group of all, and names none of them: roles for all but the expired one.
  CHECK(count(first, "roles_changed") == 4);

  // An account that expires changes nothing in the directory; a sync of what changed knows it all the same.
  const auto in_two_seconds =
      (std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count() +
       2 + 11'644'473'600) *
      10'000'000;
  samba.replace("soon", "accountExpires", std::to_string(in_two_seconds));
  CHECK(eventually(
      [&] {
        CHECK(text(site.sync("?full=false&force=true").at("mode")) == "incremental");
        return !site.extension("4103").at("enabled").as_bool();
      },
      std::chrono::seconds(30)));
  CHECK(text(site.extension("4103").at("disabled_reason")) == "directory_disabled");
  samba.replace("soon", "accountExpires", "0");
  CHECK(count(site.sync("?full=false"), "enabled") == 1);

  // Which attributes a name is made of is a setting.
  site.write_settings(with("\"givenName sn, displayName\""));
  site.stop();
  site.start();
  CHECK(count(site.sync(), "updated") == 1);
  CHECK(text(site.extension("4104").at("name")) == "Given Name");
}

TEST_CASE("a Samba domain: pages, ranges, nested groups, renames, moves, deletions, disabled accounts") {
  if (const auto why = Samba::missing(); !why.empty()) {
    WARN("no Samba domain controller can run here: " << why);
    return;
  }
  Samba samba(users());
  // Groups may hold each other.
  samba.modify("dn: " + Samba::dn("Inner Admins") +
               "\nchangetype: modify\nadd: member\nmember: " + Samba::dn("Phone Admins") + "\n");
  DirectorySite site(settings(samba), "ad");

  const auto first = site.sync();
  CHECK(count(first, "read_count") == crowd + 2);
  CHECK(count(first, "created") == crowd + 1);
  CHECK(count(first, "roles_changed") == crowd + 1);  // all parts of the big group, and the admin of the inner one
  CHECK_THAT(boost::json::serialize(first.at("skipped")), ContainsSubstring("unnamed") && ContainsSubstring("name"));
  CHECK(text(site.extension("30001").at("name")) == "Ann Example");
  CHECK(text(site.extension("30001").at("email")) == "ann@example.test");
  CHECK(site.get("/api/extensions/39999").status == 404);  // ipPhone goes before telephoneNumber
  const auto found = site.ask("/search?q=ann%20ex");
  REQUIRE(found.as_array().size() == 1);
  const auto identity = text(found.at(0).at("identity"));
  CHECK(identity.size() == 36);
  CHECK(text(found.at(0).at("extension")) == "30001");

  // Nothing changed, and only changes are read.
  const auto quiet = site.sync("?full=false");
  CHECK(text(quiet.at("mode")) == "incremental");
  CHECK(count(quiet, "read_count") == 0);
  CHECK(site.caused().size() == 2);

  // Renamed (the object too), renumbered: the same objectGUID, so the same user.
  samba.replace("ann", "displayName", "Ann Müller-Łoś");
  auto report = site.sync("?full=false");
  CHECK(text(report.at("mode")) == "incremental");
  CHECK(count(report, "updated") == 1);
  const auto names = site.caused("extension.name_synced");
  REQUIRE(names.size() == 1);
  CHECK(text(names[0].at("data").at("name")) == "Ann Müller-Łoś");
  CHECK(text(site.ask("/search?q=M%C3%BCller").at(0).at("identity")) == identity);
  samba.modify("dn: " + Samba::dn("ann") + "\nchangetype: moddn\nnewrdn: CN=Ann Married\ndeleteoldrdn: 1\n");
  samba.replace("Ann Married", "ipPhone", "x30009");
  report = site.sync("?full=false");
  CHECK(count(report, "created") == 1);
  CHECK(text(site.extension("30009").at("name")) == "Ann Müller-Łoś");
  CHECK(text(site.extension("30001").at("disabled_reason")) == "renumbered");

  // Disabled, deleted, moved out of the base: disabled each, for its own reason. Two of them return.
  samba.replace("u10001", "userAccountControl", "546");
  samba.modify("dn: " + Samba::dn("u10002") + "\nchangetype: delete\n");
  samba.modify("dn: " + Samba::dn("u10003") + "\nchangetype: moddn\nnewrdn: CN=u10003\ndeleteoldrdn: 1\n" +
               "newsuperior: OU=Former," + Samba::base + "\n");
  report = site.sync("?full=false");
  CHECK(count(report, "disabled") == 3);
  CHECK(text(site.extension("10001").at("disabled_reason")) == "directory_disabled");
  CHECK(text(site.extension("10002").at("disabled_reason")) == "directory_removed");
  CHECK(text(site.extension("10003").at("disabled_reason")) == "directory_removed");
  samba.replace("u10001", "userAccountControl", "544");
  samba.modify("dn: CN=u10003,OU=Former," + std::string(Samba::base) +
               "\nchangetype: moddn\nnewrdn: CN=u10003\ndeleteoldrdn: 1\nnewsuperior: OU=People," + Samba::base + "\n");
  CHECK(count(site.sync(), "enabled") == 2);

  for (const auto& step : site.check()) {
    CAPTURE(text(step.at("name")), text(step.at("said")));
    CHECK(step.at("ok").as_bool() == (text(step.at("name")) != "conflicts"));  // who has no name
  }

  // Another domain controller counts its changes by itself, so it is read whole, whatever was read from the first, and
  // also where it answers at the same name.
  {
    const Samba second(Samba::person("bob", "Bob", "x30003"));
    Relay relay(Samba::tls_port, samba.address());
    const auto both = (samba.folder() / "both.pem").string();
    std::ofstream(both) << std::ifstream(samba.ca_file()).rdbuf() << std::ifstream(second.ca_file()).rdbuf();
    site.write_settings(settings(
        samba,
        {{"server", "ldaps://127.0.0.1:" + std::to_string(relay.port())}, {"ca_file", both}, {"group_roles", "{}"}}));
    site.stop();
    site.start();
    site.sync("?force=true");
    CHECK(text(site.sync("?full=false&dry_run=true").at("mode")) == "incremental");
    relay.lead_to(second.address(), Samba::tls_port);
    report = site.sync("?full=false&dry_run=true");
    CHECK(text(report.at("mode")) == "full");
    CHECK(count(report, "created") == 1);
  }

  // A wrong password is said in Active Directory's own terms, and a certificate of another CA is refused.
  const Authority stranger(samba.folder() / "other.pem", "Another CA");
  for (const auto& [key, value, says] :
       {std::tuple{"bind_password", std::string("wrong"), "the password is wrong"},
        std::tuple{"ca_file", (samba.folder() / "other.pem").string(), "not signed by anyone"},
        std::tuple{"base_dn", std::string("DC=elsewhere,DC=test"), "DC=elsewhere,DC=test"}}) {
    DirectorySite other(settings(samba, {{key, value}, {"user_search_base", "\"\""}, {"group_roles", "{}"}}), "ad");
    CHECK_THAT(text(other.sync("", 503).at("error")), ContainsSubstring(says));
  }
}
