// What can go wrong between us and a directory: each has its own sentence, and changes nothing.

#include "tests/integration/directory/directory_site.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/ldap/certificates.hpp"
#include "tests/support/ldap/slapd.hpp"
#include "tests/support/relay.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

using namespace strowger::test;

namespace {

const std::string ann = Slapd::person("ann", "Ann", "10001");

std::string settings(const Slapd& slapd, std::map<std::string, std::string> more) {
  more.insert({{"server", slapd.tls_url()},
               {"ca_file", slapd.ca_file().string()},
               {"base_dn", Slapd::base},
               {"bind_dn", Slapd::reader},
               {"bind_password", Slapd::password}});
  return directory_settings("ldap", more);
}

struct Fault {
  std::map<std::string, std::string> settings;
  std::string code;
  std::string says;
  std::string step;  // that fails
};

// One site, whose settings are changed while it runs.
void try_all(const Slapd& slapd, const std::vector<Fault>& faults) {
  DirectorySite site(settings(slapd, {}), "ldap");
  CHECK(count(site.sync(), "synced_count") == 1);
  for (const auto& fault : faults) {
    CAPTURE(fault.says);
    site.write_settings(settings(slapd, fault.settings));
    const auto reloads = [&] {
      const auto log = site.log();
      std::size_t count = 0;
      for (auto at = log.find("Settings reloaded"); at != std::string::npos; at = log.find("Settings reloaded", at + 1))
        ++count;
      return count;
    };
    const auto before = reloads();
    site.send(SIGHUP);
    REQUIRE(eventually([&] { return reloads() > before; }));
    const auto report = site.sync("", 503);
    CHECK_FALSE(report.at("success").as_bool());
    CHECK(text(report.at("code")) == fault.code);
    CHECK_THAT(text(report.at("error")), ContainsSubstring(fault.says));
    CHECK(text(site.ask("/syncs").at(0).at("code")) == fault.code);
    const auto steps = site.check();
    CHECK(text(steps.back().at("name")) == fault.step);
    CHECK_FALSE(steps.back().at("ok").as_bool());
    CHECK_THAT(text(steps.back().at("said")), ContainsSubstring(fault.says));
    CHECK(site.extension("10001").at("enabled").as_bool());
  }
}

}  // namespace

TEST_CASE("each way in which a directory cannot be read has its own sentence, and changes nothing") {
  Slapd slapd(ann);
  const Authority stranger(slapd.folder() / "other.pem", "Another CA");
  boost::asio::io_context context;
  const boost::asio::ip::tcp::acceptor mute(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  const auto mute_url = "ldap://127.0.0.1:" + std::to_string(mute.local_endpoint().port());
  const auto nobody = "ldaps://127.0.0.1:" + std::to_string(free_port());
  try_all(
      slapd,
      {
          {{{"server", "ldaps://no.such.host.invalid"}},
           "directory_unresolved",
           "not known to this machine",
           "resolve"},
          {{{"server", nobody}}, "directory_unreachable", "nothing listens there", "connect"},
          {{{"ca_file", (slapd.folder() / "other.pem").string()}}, "directory_tls", "not signed by anyone", "tls"},
          {{{"server", slapd.url()}, {"start_tls", "true"}, {"ca_file", (slapd.folder() / "other.pem").string()}},
           "directory_tls",
           "not signed by anyone",
           "tls"},
          {{{"ca_file", "/no/such/file.pem"}}, "directory_tls", "is not there", "tls"},
          {{{"bind_password", "wrong"}}, "directory_credentials", "the password is wrong", "bind"},
          {{{"bind_dn", "cn=nobody,dc=example,dc=com"}}, "directory_credentials", "refused cn=nobody", "bind"},
          {{{"base_dn", "dc=nowhere,dc=com"}}, "directory_base_missing", "nothing at 'dc=nowhere,dc=com'", "search"},
          {{{"server", mute_url}, {"timeout_seconds", "1"}},
           "directory_unreachable",
           "did not answer the bind",
           "bind"},
          {{{"server", mute_url}, {"start_tls", "true"}, {"timeout_seconds", "1"}}, "directory_tls", "", "tls"},
          {{{"server", slapd.url()}, {"filter", "(cn=))"}},
           "directory_bad_filter",
           "check integrations.ldap.filter",
           "search"},
      });
}

TEST_CASE("a certificate that has expired, or is for another name, is refused with what to do") {
  const bool start_tls = GENERATE(false, true);
  CAPTURE(start_tls);
  const auto error = [&](const Slapd& slapd) {
    DirectorySite site(settings(slapd, {{"server", start_tls ? slapd.url() : slapd.tls_url()},
                                        {"start_tls", start_tls ? "true" : "false"}}),
                       "ldap");
    return text(site.sync("", 503).at("error"));
  };
  CHECK_THAT(error(Slapd(ann, {.valid_seconds = -3600})),
             ContainsSubstring("has expired") && ContainsSubstring("renew it"));
  CHECK_THAT(error(Slapd(ann, {.san = "DNS:dc1.example.com"})),
             ContainsSubstring("not for '127.0.0.1' but for dc1.example.com"));
}

TEST_CASE("StartTLS, failover to the next server, and a directory that comes back") {
  Slapd slapd(ann);
  const auto nobody = "ldap://127.0.0.1:" + std::to_string(free_port());
  DirectorySite site(
      settings(slapd, {{"server", nobody + ", " + slapd.url()}, {"start_tls", "true"}, {"use_ssl", "false"}}), "ldap");
  CHECK(text(site.sync().at("server")) == slapd.url());
  const auto steps = site.check();
  CHECK_FALSE(steps[1].at("ok").as_bool());  // the first server
  CHECK(steps.back().at("ok").as_bool());
  CHECK(text(steps.back().at("name")) == "conflicts");

  slapd.stop();
  CHECK(text(site.sync("", 503).at("code")) == "directory_unreachable");
  CHECK(site.extension("10001").at("enabled").as_bool());
  slapd.start();
  CHECK(count(site.sync(), "unchanged") == 1);
}

TEST_CASE("a result that the server cut short changes nothing") {
  std::string people;
  for (int i = 0; i < 900; ++i) people += Slapd::person("u" + std::to_string(i), "U", std::to_string(10'000 + i));
  Slapd slapd(people);
  DirectorySite site(settings(slapd, {{"auto_provision", "true"}}), "ldap");
  CHECK(count(site.sync(), "created") == 900);
  // From now on a page is given, and then no more.
  const auto conf = slapd.folder() / "slapd.conf";
  std::ifstream in(conf);
  std::string all((std::istreambuf_iterator<char>(in)), {});
  const auto at = all.find("size.prtotal=unlimited");
  REQUIRE(at != std::string::npos);
  all.replace(at, 22, "size.prtotal=500");
  std::ofstream(conf) << all;
  slapd.stop();
  slapd.start();
  const auto report = site.sync("?force=true", 503);
  CHECK(text(report.at("code")) == "directory_partial");
  CHECK(site.extension("10899").at("enabled").as_bool());
}

TEST_CASE("a directory that breaks off, or falls silent, in the middle of a page changes nothing") {
  // Their times are of the past, so that an incremental read is the bare identities of all.
  std::string people;
  for (int i = 0; i < 900; ++i)
    people +=
        Slapd::person("u" + std::to_string(i), "U", std::to_string(10'000 + i), "modifyTimestamp: 20260101000000Z\n");
  Slapd slapd(people + Slapd::person("ann", "Ann", "20001", "modifyTimestamp: 20260101000001Z\n"));
  const bool tls = GENERATE(false, true);
  CAPTURE(tls);
  Relay relay(tls ? slapd.tls_port() : slapd.port());
  DirectorySite site(
      settings(slapd, {{"server", (tls ? "ldaps://127.0.0.1:" : "ldap://127.0.0.1:") + std::to_string(relay.port())},
                       {"timeout_seconds", "3"}}),
      "ldap");
  CHECK(count(site.sync(), "created") == 901);
  for (const auto* query : {"?force=true", "?force=true&full=false"})
    for (const auto& [end, says] : {std::pair{Relay::End::closes, "broke while it was read"},
                                    std::pair{Relay::End::falls_silent, "stopped answering while it was read"}}) {
      CAPTURE(query, says);
      relay.cut_after(50'000, end);
      const auto report = site.sync(query, 503);
      CHECK(text(report.at("code")) == "directory_partial");
      CHECK_THAT(text(report.at("error")), ContainsSubstring(says));
      CHECK(site.extension("10899").at("enabled").as_bool());
    }
  relay.heal();
  CHECK(text(site.sync("?full=false").at("mode")) == "incremental");
  CHECK(count(site.sync(), "unchanged") == 901);
}
