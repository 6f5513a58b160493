// strowger directory: what an administrator at the machine sees.

#include "tests/integration/directory/directory_site.hpp"
#include "tests/support/ldap/slapd.hpp"

#include <fstream>

using namespace strowger::test;

namespace {

std::map<std::string, std::string> keys(const Slapd& slapd) {
  return {{"server", slapd.tls_url()},
          {"ca_file", slapd.ca_file().string()},
          {"base_dn", Slapd::base},
          {"bind_dn", Slapd::reader},
          {"bind_password", Slapd::password}};
}

Site::Ran run(const Site& site, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "directory");
  return site.run(arguments);
}

}  // namespace

TEST_CASE("strowger directory check goes through the checklist, with a server and without one") {
  Slapd slapd(Slapd::person("ann", "Ann", "10001") + Slapd::person("bob", "Bob", "10001") +
              Slapd::person("cyd", "Cyd", "10003"));
  DirectorySite site(directory_settings("ldap", keys(slapd)), "ldap");
  const auto check = [&](const std::filesystem::path& file) {
    return run(site, {"check", "ldap", "--config", file.string(), "--api-port", std::to_string(site.api_port())});
  };

  auto said = check(site.settings_file());
  CHECK(said.exit_code == 1);  // for the conflict, which it names
  for (const std::string step : {"resolve", "connect", "tls", "bind", "search", "attributes"})
    CHECK_THAT(said.output, ContainsSubstring("ok      " + step));
  CHECK_THAT(said.output, ContainsSubstring("FAILED  conflicts") && ContainsSubstring("ann") &&
                              ContainsSubstring("bob") && ContainsSubstring("10001"));
  slapd.replace("bob", "telephoneNumber", "10002");
  said = check(site.settings_file());
  CHECK(said.exit_code == 0);
  CHECK_THAT(said.output, ContainsSubstring("ok      conflicts"));
  said = run(site,
             {"check", "ad", "--config", site.settings_file().string(), "--api-port", std::to_string(site.api_port())});
  CHECK(said.exit_code == 1);
  CHECK_THAT(said.output, ContainsSubstring("integrations.active_directory.enabled"));

  // Before a server runs at all: all but what only its data can say.
  site.stop();
  said = check(site.settings_file());
  CHECK(said.exit_code == 0);
  CHECK_THAT(said.output, ContainsSubstring("ok      attributes") && !ContainsSubstring("conflicts"));
  auto wrong = keys(slapd);
  wrong["bind_password"] = "wrong";
  const auto file = site.folder() / "wrong.yml";
  std::ofstream(file) << "data_dir: " << (site.folder() / "other").string() << "\n"
                      << directory_settings("ldap", wrong);
  said = check(file);
  CHECK(said.exit_code == 1);
  CHECK_THAT(said.output, ContainsSubstring("ok      tls") && ContainsSubstring("FAILED  bind") &&
                              ContainsSubstring("the password is wrong"));
}

TEST_CASE("strowger directory sync says what would change, does it, and asks before it disables many") {
  std::string people;
  for (const std::string number : {"10001", "10002", "10003", "10004"})
    people += Slapd::person("u" + number, "Person", number);
  Slapd slapd(people);
  DirectorySite site(directory_settings("ldap", keys(slapd)), "ldap");
  const auto sync = [&](const std::string& option = {}) {
    std::vector<std::string> arguments{
        "sync", "ldap", "--config", site.settings_file().string(), "--api-port", std::to_string(site.api_port())};
    if (!option.empty()) arguments.push_back(option);
    return run(site, arguments);
  };
  auto said = sync("--dry-run");
  CHECK(said.exit_code == 0);
  CHECK_THAT(said.output, ContainsSubstring("create  10001  ") && ContainsSubstring("Nothing was changed"));
  CHECK_FALSE(site.exists("10001"));
  said = sync();
  CHECK(said.exit_code == 0);
  CHECK_THAT(said.output, ContainsSubstring("4 created"));
  CHECK(site.exists("10001"));

  for (const std::string gone : {"u10001", "u10002"}) slapd.modify("dn: " + Slapd::dn(gone) + "\nchangetype: delete\n");
  said = sync("--changes-only");
  CHECK(said.exit_code == 1);
  CHECK_THAT(said.output, ContainsSubstring("2 of 4") && ContainsSubstring("max_change_percent"));
  CHECK(site.extension("10001").at("enabled").as_bool());
  said = sync("--force");
  CHECK(said.exit_code == 0);
  CHECK_THAT(said.output, ContainsSubstring("2 disabled"));
  CHECK_FALSE(site.extension("10001").at("enabled").as_bool());
}
