// What a phone that asks the LAN for its file is told: by the same resolver, access rules and history as its file.
#include "adapters/http/provision/files.hpp"
#include "tests/integration/http/house.hpp"

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

struct Site : House {
  Site() {
    create_extension("1001", "Ann Example");
    REQUIRE(register_device("00:15:65:12:34:56", "1001").status == 201);
  }
  Result<std::string> invite(const std::string& mac, const std::string& ip = "192.168.1.50",
                             const std::string& user_agent = "Yealink SIP-T46S 66.86.0.15") {
    return server->files()->invite({"pnp", mac + ".cfg", ip, asio::ip::make_address(ip), user_agent});
  }
  boost::json::object newest() {
    return ask("GET", "/api/provisioning/requests?limit=1").json().at("requests").at(0).as_object();
  }
};

}  // namespace

TEST_CASE_METHOD(
    Site, "pnp: a registered phone is told its URL, in the form that its vendor takes, and is not served by it") {
  const auto told = invite("001565123456");
  REQUIRE(told);
  CHECK(*told == "http://192.168.1.14:8080/provision/001565123456.cfg");
  REQUIRE(register_device("00:0b:82:11:22:33", "1001", "grandstream", "gxp2170").status == 201);
  const auto below = invite("000b82112233");
  REQUIRE(below);
  CHECK(*below == "http://192.168.1.14:8080/provision/");
  // Such phones append what they ask for, some with a slash of their own.
  CHECK(fetch("/provision/cfg000b82112233.xml").status == 200);
  CHECK(fetch("/provision//cfg000b82112233.xml").status == 200);
  for (const auto& record : events()) CHECK(record.type != ConfigRefused::type);
}

TEST_CASE_METHOD(Site, "pnp: an unknown phone is told nothing, it is in the history and among the discovered") {
  CHECK_FALSE(invite("001565999999"));
  REQUIRE(recorded(1));
  const auto entry = newest();
  CHECK(entry.at("success") == false);
  CHECK(entry.at("code") == "unknown_mac");
  CHECK(entry.at("path") == "pnp:/provision/001565999999.cfg");
  CHECK(entry.at("ip_address") == "192.168.1.50");
  CHECK(strowger::test::eventually([&] {
    return ask("GET", "/api/provisioning/discovered").body.find("pnp:/provision/001565999999.cfg") != std::string::npos;
  }));
}

TEST_CASE_METHOD(Site, "pnp: who may not fetch is told nothing, and the history says by which rule") {
  struct Row {
    std::string rule, ip;
    std::function<void(config::Settings&)> change;
  };
  std::uint64_t count = 0;
  for (const auto& row : std::vector<Row>{
           {"access_denied", "203.0.113.7", [](config::Settings&) {}},
           {"credentials_required", "192.168.1.50",
            [](config::Settings& s) { s.provisioning.access.require_credentials = true; }},
           {"secret_over_pnp", "192.168.1.50",
            [](config::Settings& s) {
              s.provisioning.access.require_credentials = false;
              s.provisioning.url_format = "http://user:pass-word@192.168.1.14/provision/{mac}.cfg";
            }},
       }) {
    CAPTURE(row.rule);
    set(row.change);
    CHECK_FALSE(invite("001565123456", row.ip));
    REQUIRE(recorded(++count));
    const auto entry = newest();
    CHECK(std::string(entry.at("code").as_string()) == row.rule);
    CHECK(entry.at("path") == "pnp:/provision/001565123456.cfg");
    CHECK_FALSE(entry.at("error").as_string().empty());
    CHECK_THAT(ask("GET", "/metrics").body,
               ContainsSubstring("strowger_provisioning_access_refused_total{rule=\"" + row.rule + "\"} 1"));
  }
  for (const auto& record : events()) CHECK(record.data.find("pass-word") == std::string::npos);
}

TEST_CASE_METHOD(Site, "pnp: who tries MAC addresses is blocked, by HTTP as well") {
  set([](config::Settings& s) { s.provisioning.access.enumeration_limit = 3; });
  for (const auto* mac : {"001565000001", "001565000002", "001565000003", "001565000004"}) CHECK_FALSE(invite(mac));
  CHECK_FALSE(invite("001565123456"));
  REQUIRE(recorded(5));
  CHECK(newest().at("code") == "source_blocked");
  CHECK(invite("001565123456", "192.168.1.51"));
}

TEST_CASE_METHOD(Site,
                 "pnp: a phone whose enrolment is open is told its URL without a token, and no more when it is over") {
  set([](config::Settings& s) { s.provisioning.access.enrolment_minutes = 60; });
  REQUIRE(ask("POST", "/api/provisioning/devices/001565123456/access/token").status < 300);
  const auto told = invite("001565123456");
  REQUIRE(told);
  CHECK(*told == "http://192.168.1.14:8080/provision/001565123456.cfg");
  // Its phone registers by SIP.
  AppendRequest append;
  append.stream = StreamId("extension", "1001");
  PhoneRegistered registered;
  registered.extension = ExtensionNumber::parse("1001").value();
  registered.ip = "192.168.1.50";
  append.events.push_back(encode(registered, Cause{"phone:1001", {}, {}}, system_now(), services->ids));
  REQUIRE(append_and_wait(*log, std::move(append)));
  REQUIRE(strowger::test::eventually([&] { return !invite("001565123456", "10.9.9.9"); }));
  REQUIRE(recorded(1));
  CHECK(newest().at("code") == "not_enrolled");
}
