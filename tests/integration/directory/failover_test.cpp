// Several servers of one directory: who is asked, with what, and what is read from whom.

#include "tests/integration/directory/directory_site.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/ldap/slapd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

using namespace strowger::test;

namespace {

std::string settings(const Slapd& slapd, std::map<std::string, std::string> more) {
  more.insert({{"server", slapd.url()},
               {"ca_file", slapd.ca_file().string()},
               {"base_dn", Slapd::base},
               {"user_search_base", std::string("ou=people,") + Slapd::base},
               {"bind_dn", Slapd::reader},
               {"bind_password", Slapd::password}});
  return directory_settings("ldap", more);
}

std::size_t binds(const Slapd& slapd) {
  const auto asked = slapd.asked();
  std::size_t found = 0;
  for (auto at = asked.find(" method=128"); at != std::string::npos; at = asked.find(" method=128", at + 1)) ++found;
  return found;
}

// One user, the same on each replica, as they were at some time.
std::string replicated(const std::string& uid, const std::string& name, const std::string& number,
                       const std::string& time) {
  return Slapd::person(uid, name, number,
                       "entryUUID: 00000000-0000-4000-8000-0000000" + number + "\nmodifyTimestamp: " + time + "\n");
}

}  // namespace

TEST_CASE("a wrong password is tried once, not at each server: it would lock the account") {
  Slapd first(Slapd::person("ann", "Ann", "10001")), second(Slapd::person("ann", "Ann", "10001"));
  DirectorySite site(settings(first, {{"server", first.url() + " " + second.url()}, {"bind_password", "wrong"}}),
                     "ldap");
  const auto report = site.sync("", 503);
  CHECK(text(report.at("code")) == "directory_credentials");
  REQUIRE(eventually([&] { return binds(first) > 0; }));
  CHECK(binds(first) == 1);
  CHECK(binds(second) == 0);
}

TEST_CASE("a server that accepts and says nothing is passed over for the next") {
  Slapd slapd(Slapd::person("ann", "Ann", "10001"));
  boost::asio::io_context context;
  const boost::asio::ip::tcp::acceptor mute(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  const auto mute_at = "127.0.0.1:" + std::to_string(mute.local_endpoint().port());
  const auto [first, more] = GENERATE(table<std::string, std::map<std::string, std::string>>({
      {"ldap://", {}},
      {"ldap://", {{"start_tls", "true"}}},
      {"ldaps://", {}},
  }));
  CAPTURE(first, more.size());
  auto keys = more;
  keys.insert({{"server", first + mute_at + ", " + slapd.url()}, {"timeout_seconds", "1"}});
  DirectorySite site(settings(slapd, keys), "ldap");
  const auto report = site.sync();
  CHECK(text(report.at("server")) == slapd.url());
  CHECK(count(report, "created") == 1);
}

TEST_CASE("a server that takes no connection is passed over for the next") {
  Slapd slapd(Slapd::person("ann", "Ann", "10001"));
  // Its queue is full: from then on it does not answer those who knock.
  boost::asio::io_context context;
  using boost::asio::ip::tcp;
  tcp::acceptor full(context, tcp::v4());
  full.bind({boost::asio::ip::make_address("127.0.0.1"), 0});
  full.listen(0);
  std::vector<tcp::socket> queue;
  for (int i = 0; i < 4; ++i) {
    queue.emplace_back(context, tcp::v4());
    queue.back().async_connect(full.local_endpoint(), [](const boost::system::error_code&) {});
  }
  DirectorySite site(settings(slapd, {{"server", "ldap://127.0.0.1:" + std::to_string(full.local_endpoint().port()) +
                                                     ", " + slapd.url()},
                                      {"timeout_seconds", "1"}}),
                     "ldap");
  CHECK(text(site.sync().at("server")) == slapd.url());
  CHECK_THAT(text(site.check()[1].at("said")), ContainsSubstring("no answer within 1000 ms; check the firewall"));
}

TEST_CASE("a host without a scheme is asked as use_ssl says") {
  Slapd slapd(Slapd::person("ann", "Ann", "10001"));
  const auto at = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
  DirectorySite secure(settings(slapd, {{"server", at(slapd.tls_port())}, {"use_ssl", "true"}}), "ldap");
  CHECK(text(secure.sync().at("server")) == "ldaps://" + at(slapd.tls_port()));
  DirectorySite clear(settings(slapd, {{"server", at(slapd.port())}, {"use_ssl", "false"}}), "ldap");
  CHECK(text(clear.sync().at("server")) == "ldap://" + at(slapd.port()));
}

TEST_CASE("StartTLS is done before the password is said, and where a server refuses it, nothing is said") {
  SECTION("the server takes passwords only over TLS") {
    Slapd slapd(Slapd::person("ann", "Ann", "10001"), {.more = "security simple_bind=128"});
    DirectorySite site(settings(slapd, {{"start_tls", "true"}}), "ldap");
    CHECK(count(site.sync(), "created") == 1);
    CHECK(site.check().back().at("ok").as_bool());
    DirectorySite clear(settings(slapd, {}), "ldap");
    CHECK_THAT(text(clear.sync("", 503).at("error")), ContainsSubstring("takes passwords only over TLS"));
  }
  SECTION("the server has no TLS") {
    Slapd slapd(Slapd::person("ann", "Ann", "10001"), {.tls = false});
    DirectorySite site(settings(slapd, {{"start_tls", "true"}}), "ldap");
    const auto report = site.sync("", 503);
    CHECK(text(report.at("code")) == "directory_tls");
    CHECK_THAT(text(report.at("error")), ContainsSubstring("does not offer StartTLS"));
    CHECK(text(site.check().back().at("name")) == "tls");
    CHECK(binds(slapd) == 0);
  }
}

TEST_CASE("another server than the last is read whole: what it changed and when, only it knows") {
  // The second lags behind the first, and has a user whom the first has no more.
  Slapd first(replicated("ann", "Ann Married", "10001", "20260108120000Z"));
  Slapd second(replicated("ann", "Ann", "10001", "20260101000000Z") +
               replicated("bob", "Bob", "10002", "20260101000000Z"));
  DirectorySite site(settings(first, {{"server", first.url() + ", " + second.url()}}), "ldap");
  CHECK(count(site.sync(), "created") == 1);
  CHECK(text(site.sync("?full=false").at("mode")) == "incremental");
  first.stop();
  auto report = site.sync("?full=false");
  CHECK(text(report.at("server")) == second.url());
  CHECK(text(report.at("mode")) == "full");
  CHECK(count(report, "created") == 1);
  CHECK(text(site.extension("10001").at("name")) == "Ann");
  CHECK(text(site.sync("?full=false").at("mode")) == "incremental");
  first.start();
  report = site.sync("?full=false&force=true");
  CHECK(text(report.at("server")) == first.url());
  CHECK(text(report.at("mode")) == "full");
  CHECK(text(site.extension("10001").at("name")) == "Ann Married");
  CHECK(text(site.extension("10002").at("disabled_reason")) == "directory_removed");
}

TEST_CASE("a referral is not followed: nobody put that server into the settings") {
  Slapd other(Slapd::person("mallory", "Mallory", "10666"));
  const std::string branch = std::string("ou=branch,ou=people,") + Slapd::base;
  Slapd slapd(Slapd::person("ann", "Ann", "10001") + "dn: " + branch +
              "\nobjectClass: referral\nobjectClass: extensibleObject\nou: branch\nref: " + other.url() +
              "/ou=people," + Slapd::base + "\n\n");
  const auto searches = [&] { return other.asked().find(" SRCH base=") != std::string::npos; };
  SECTION("on the way") {
    DirectorySite site(settings(slapd, {}), "ldap");
    CHECK(count(site.sync(), "read_count") == 1);
    CHECK_FALSE(searches());
    CHECK(binds(other) == 0);
  }
  SECTION("as the base, which is said") {
    DirectorySite site(settings(slapd, {{"user_search_base", branch}}), "ldap");
    CHECK_THAT(text(site.sync("", 503).at("error")), ContainsSubstring("belongs to another server"));
    CHECK_FALSE(searches());
  }
}
