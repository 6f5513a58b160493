// Phones that were seen and are not registered: listed, and one call away from being registered.
#include "tests/integration/http/house.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;

namespace {

namespace bj = boost::json;

constexpr auto discovered = "/api/provisioning/discovered";
constexpr auto agent = "User-Agent: Yealink SIP-T46S 66.86.0.15 00:15:65:12:34:56\r\n";

struct Site : House {
  Site() { create_extension("1001", "Ann Example"); }
  std::optional<bj::object> phone(const std::string& mac) {
    const auto answer = ask("GET", discovered).json();
    for (const auto& one : answer.at("phones").as_array())
      if (one.at("mac_address").as_string() == mac) return one.as_object();
    return std::nullopt;
  }
  bool listed(const std::string& mac) {
    return strowger::test::eventually([&] { return phone(mac).has_value(); });
  }
};

}  // namespace

TEST_CASE_METHOD(Site, "discovery: a phone that asks for its file is listed, and registered in one call") {
  CHECK(ask("GET", discovered).json().at("total").as_int64() == 0);
  CHECK(fetch("/provision/001565123456.cfg", agent).status == 404);
  CHECK(fetch("/provision/001565123456.cfg", agent).status == 404);
  REQUIRE(listed("001565123456"));
  const auto seen = *phone("001565123456");
  CHECK(seen.at("vendor").as_string() == "yealink");
  CHECK(seen.at("model").as_string() == "t46s");
  CHECK(seen.at("firmware").as_string() == "66.86.0.15");
  CHECK(seen.at("ip_address").as_string() == "127.0.0.1");
  CHECK(seen.at("requests").as_int64() == 2);
  CHECK(seen.at("seen_by") == bj::parse(R"(["http"])"));
  CHECK(seen.at("refused_by").is_null());
  CHECK(ask("GET", std::string(discovered) + "/00:15:65:12:34:56").status == 200);
  restart();
  REQUIRE(phone("001565123456"));

  const auto call = seen.at("register").as_object();
  const auto path = std::string(call.at("path").as_string());
  CHECK(as(token(Role::viewer), "POST", path, R"({"extension_number":"1001"})").status == 403);
  CHECK(ask("POST", path, "{}").code() == "missing_field");
  const auto made = ask("POST", path, R"({"extension_number":"1001"})", "Idempotency-Key: k\r\n");
  INFO(made.body);
  REQUIRE(made.status == 201);
  CHECK(made.json().at("device").at("model").as_string() == "t46s");
  CHECK_FALSE(phone("001565123456"));
  CHECK(ask("GET", std::string(discovered) + "/001565123456").status == 409);
  CHECK(fetch("/provision/001565123456.cfg", agent).status == 200);
  CHECK(ask("POST", path, R"({"extension_number":"1001"})").code() == "device_registered");
  CHECK(ask("POST", path, R"({"extension_number":"1001"})", "Idempotency-Key: k\r\n").status == 201);

  REQUIRE(ask("DELETE", "/api/provisioning/devices/001565123456").status == 200);
  set([](config::Settings& settings) { settings.log.repeat_window = {}; });
  fetch("/provision/001565123456.cfg", agent);
  CHECK(listed("001565123456"));
}

TEST_CASE_METHOD(Site, "discovery: what is not known of a phone is asked for") {
  fetch("/provision/0004f2aabbcc.cfg");
  REQUIRE(listed("0004f2aabbcc"));
  const auto seen = *phone("0004f2aabbcc");
  CHECK(seen.at("vendor").as_string() == "polycom");  // by its address
  CHECK(seen.at("model").is_null());
  const auto path = std::string(seen.at("register").at("path").as_string());
  const auto refused = ask("POST", path, R"({"extension_number":"1001"})");
  CHECK(refused.code() == "missing_field");
  CHECK(refused.json().at("details").at("field").as_string() == "model");
  CHECK(ask("POST", path, R"({"extension_number":"1001","model":"vvx450"})").status == 201);
  CHECK(ask("POST", std::string(discovered) + "/0004f2aabbdd/register", R"({"extension_number":"1001"})").code() ==
        "not_discovered");
}

TEST_CASE_METHOD(Site, "discovery: names that phones probe for, and refusals of registered devices, are none") {
  REQUIRE(register_device("001565123457", "1001").status == 201);
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"192.0.2.0/24"}; });
  fetch("/provision/001565123457.cfg");
  fetch("/provision/001565123456.cfg");
  REQUIRE(listed("001565123456"));
  CHECK(phone("001565123456")->at("refused_by").as_string() == "unknown_mac");
  CHECK_FALSE(phone("001565123457"));
  set([](config::Settings& settings) { settings.provisioning.access.allowed_networks = {"127.0.0.0/8"}; });
  fetch("/provision/0004f2aabbcc-license.cfg");
  fetch("/provision/001565123458.cfg");
  REQUIRE(listed("001565123458"));
  CHECK_FALSE(phone("0004f2aabbcc"));
}
