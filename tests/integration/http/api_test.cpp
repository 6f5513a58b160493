// The routes, on a whole house.
#include "tests/integration/http/house.hpp"

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
namespace bj = boost::json;

namespace {

// Every key that existing clients rely on.
void check_keys(const bj::value& value, std::initializer_list<std::string_view> keys) {
  REQUIRE(value.is_object());
  for (const auto key : keys) {
    CAPTURE(key);
    CHECK(value.get_object().contains(bj::string_view(key.data(), key.size())));
  }
}

constexpr auto mac = "00:15:65:12:34:56";

}  // namespace

TEST_CASE_METHOD(House, "an extension is created, read, changed and deleted, its password never comes out") {
  auto reply = ask("POST", "/api/extensions",
                   R"({"number":1001,"name":"Ann <O'Neil> & \"Co\"","email":"ann@example.com","password":"s3cret-1"})");
  REQUIRE(reply.status == 201);
  check_keys(reply.json(), {"number", "name", "email", "registered", "allow_external", "ad_synced"});
  CHECK(reply.json().at("number").as_string() == "1001");
  CHECK(reply.header("location") == "/api/extensions/1001");
  CHECK(reply.header("etag") == "\"1\"");
  CHECK_FALSE(reply.json().as_object().contains("password"));

  CHECK(ask("POST", "/api/extensions", R"({"number":"1001","name":"Bob"})").code() == "extension_exists");
  CHECK(ask("GET", "/api/extensions").json().as_array().size() == 1);

  reply = ask("PATCH", "/api/v1/extensions/1001/", R"({"name":"Bob"})", "If-Match: \"1\"\r\n");
  REQUIRE(reply.status == 200);
  CHECK(reply.json().at("name").as_string() == "Bob");
  CHECK(reply.json().at("email").as_string() == "ann@example.com");
  CHECK(reply.header("etag") == "\"2\"");
  CHECK(ask("PATCH", "/api/extensions/1001", R"({"name":"Eve"})", "If-Match: \"1\"\r\n").status == 412);

  reply = ask("PUT", "/api/extensions/1001", R"({"name":"Carl","password":"s3cret-2"})");
  REQUIRE(reply.status == 200);
  CHECK(reply.json().at("email").as_string().empty());
  const auto row = services->extension_rows.find(ExtensionNumber::parse("1001").value());
  CHECK(services->vault.open(row->password).value() == "s3cret-2");

  CHECK(ask("DELETE", "/api/extensions/1001").json().at("success").as_bool());
  CHECK(ask("GET", "/api/extensions/1001").status == 404);
  CHECK(ask("DELETE", "/api/extensions/1001").status == 404);
  for (const auto& record : events()) CHECK(record.data.find("s3cret") == std::string::npos);
  CHECK(logged().find("s3cret") == std::string::npos);
}

TEST_CASE_METHOD(House, "what is wrong with a request is said by field") {
  CHECK(ask("POST", "/api/extensions", R"({"number":"1001"})").code() == "missing_field");
  CHECK(ask("POST", "/api/extensions", R"({"number":"x1","name":"A"})").code() == "bad_extension_number");
  CHECK(
      ask("POST", "/api/extensions", R"({"number":"1","name":"A","passwrd":"x"})").json().at("details").at("nearest") ==
      "password");
  CHECK(ask("POST", "/api/extensions", R"({"number":"1","name":" "})").status == 422);
  CHECK(ask("POST", "/api/extensions", R"({"number":"1","name":"A","password":"a\nb"})").code() == "bad_password");
  CHECK(ask("POST", "/api/extensions", "{").code() == "malformed_json");
  create_extension("1001", "Ann");
  auto reply = register_device("00:15:65:12:34", "1001");
  CHECK(reply.status == 400);
  CHECK(reply.code() == "bad_mac_address");
  CHECK(register_device(mac, "1002").status == 422);
  reply = register_device(mac, "1001", "yealnik");
  CHECK(reply.status == 422);
  CHECK_THAT(reply.body, ContainsSubstring("yealink"));
  reply = register_device(mac, "1001", "yealink", "t47s");
  CHECK(reply.status == 422);
  CHECK_THAT(reply.body, ContainsSubstring("t46s"));
  CHECK(ask("GET", "/api/provisioning/devices/zz").status == 400);
  CHECK(ask("GET", "/api/provisioning/devices/001565123456").code() == "device_not_found");
}

TEST_CASE_METHOD(House, "lists have pages") {
  for (const auto* number : {"1001", "1002", "1003"}) create_extension(number, "A");
  auto reply = ask("GET", "/api/extensions?limit=2");
  CHECK(reply.json().as_array().size() == 2);
  CHECK(reply.header("x-total-count") == "3");
  CHECK(reply.header("link") == "</api/extensions?limit=2&cursor=1002>; rel=\"next\"");
  reply = ask("GET", "/api/extensions?limit=2&cursor=1002");
  CHECK(reply.json().as_array().size() == 1);
  CHECK(reply.header("link").empty());
  CHECK(ask("GET", "/api/extensions?limit=0").code() == "bad_limit");
}

TEST_CASE_METHOD(House, "a device is registered in any form, replaced, changed and unregistered") {
  create_extension("1001", "Ann");
  create_extension("1002", "Bob");
  auto reply = register_device("0015.6512.3456", "1001", "Yealink", "SIP-T46S");
  REQUIRE(reply.status == 201);
  check_keys(reply.json(), {"success", "device", "reboot_triggered", "message"});
  check_keys(reply.json().at("device"), {"mac_address", "extension_number", "vendor", "model", "config_url",
                                         "created_at", "last_provisioned", "status"});
  const auto device = reply.json().at("device");
  CHECK(device.at("mac_address").as_string() == "001565123456");
  CHECK(device.at("vendor").as_string() == "yealink");
  CHECK(device.at("model").as_string() == "t46s");
  CHECK(device.at("config_url").as_string() == "http://192.168.1.14:8080/provision/001565123456.cfg");
  CHECK(device.at("last_provisioned").is_null());
  CHECK(device.at("status").as_string() == "registered");
  CHECK_FALSE(reply.json().at("reboot_triggered").as_bool());
  CHECK(reply.json().at("message").as_string() == "Device registered. Phone will fetch config on next boot.");
  CHECK(reply.json().at("warnings").as_array().empty());

  CHECK(register_device(mac, "1002").status == 200);
  CHECK(ask("GET", "/api/provisioning/devices").json().as_array().size() == 1);
  reply =
      ask("PATCH", "/api/provisioning/devices/00%3A15%3A65%3A12%3A34%3A56", R"({"vendor":"polycom","model":"vvx450"})");
  REQUIRE(reply.status == 200);
  CHECK(reply.json().at("extension_number").as_string() == "1002");
  CHECK(reply.json().at("vendor").as_string() == "polycom");
  CHECK(ask("PATCH", "/api/provisioning/devices/001565123456", R"({"model":"t46s"})").status == 422);
  CHECK(register_device("00:04:f2:00:00:01", "1001").json().at("warnings").as_array().size() == 1);  // Polycom's prefix

  reply = ask("DELETE", "/api/provisioning/devices/001565123456");
  CHECK(reply.json().at("message").as_string() == "Device unregistered");
  CHECK(ask("DELETE", "/api/provisioning/devices/001565123456").status == 404);
  set([](config::Settings& settings) { settings.server.external_ip = "10.9.8.7"; });
  CHECK(ask("GET", "/api/provisioning/devices").json().at(0).at("config_url").as_string() ==
        "http://10.9.8.7:8080/provision/0004f2000001.cfg");
}

TEST_CASE_METHOD(House, "a repeated request is answered as the first time and done once") {
  create_extension("1001", "Ann");
  bind("1001", "192.0.2.7");
  const std::string body =
      R"({"mac_address":"001565123456","extension_number":"1001","vendor":"yealink","model":"t46s"})";
  const auto first = ask("POST", "/api/provisioning/devices", body, "Idempotency-Key: k1\r\n");
  REQUIRE(first.status == 201);
  CHECK(first.json().at("reboot_triggered").as_bool());
  const auto before = events().size();
  const auto again = ask("POST", "/api/provisioning/devices", body, "Idempotency-Key: k1\r\n");
  CHECK(again.status == 201);
  CHECK(again.json().at("reboot_triggered").as_bool());
  CHECK(events().size() == before);
  const std::string extension = R"({"number":"1002","name":"Bob"})";
  CHECK(ask("POST", "/api/extensions", extension, "Idempotency-Key: k2\r\n").status == 201);
  CHECK(ask("POST", "/api/extensions", extension, "Idempotency-Key: k2\r\n").status == 201);
  const auto row = services->extension_rows.find(ExtensionNumber::parse("1002").value());
  CHECK(services->vault.open(row->password));  // the key that the first made is still there
}

TEST_CASE_METHOD(House, "registering a device tells its phone, and only its own, to reboot") {
  create_extension("1001", "Ann");
  bind("1001", "192.0.2.7", "00:15:65:00:00:99");  // another phone of the same extension
  CHECK_FALSE(register_device(mac, "1001").json().at("reboot_triggered").as_bool());
  bind("1001", "192.0.2.8", mac);
  const auto reply = register_device(mac, "1001");
  CHECK(reply.json().at("reboot_triggered").as_bool());
  CHECK(reply.json().at("message").as_string() == "Device registered and phone reboot triggered automatically");
  CHECK(reply.json().at("device").at("status").as_string() == "rebooting");
  const auto last = decode(events().back()).value();
  REQUIRE(std::holds_alternative<RebootRequested>(last.event));
  CHECK(last.by == "admin:admin");
}

TEST_CASE_METHOD(House, "a phone that stays on its former extension until it fetches is told there") {
  for (const auto* number : {"6007", "6008", "6009"}) create_extension(number, "A");
  const std::string by_mac = GENERATE(false, true) ? mac : "";
  CAPTURE(by_mac);
  register_device(mac, "6007");
  bind("6007", "192.0.2.7", by_mac);
  CHECK(register_device(mac, "6008").json().at("reboot_triggered").as_bool());
  const auto place = "/api/provisioning/devices/" + std::string(mac);
  auto changed = ask("PATCH", place, R"({"extension_number":"6009"})", "Idempotency-Key: k1\r\n");
  REQUIRE(changed.status == 200);
  CHECK(changed.json().at("reboot_triggered").as_bool());
  CHECK(changed.json().at("extension_number").as_string() == "6009");
  changed = ask("PATCH", place, R"({"extension_number":"6009"})", "Idempotency-Key: k1\r\n");
  CHECK(changed.json().at("reboot_triggered").as_bool());  // as the first time
  CHECK_FALSE(ask("PATCH", place, R"({"model":"t42s"})").json().at("reboot_triggered").as_bool());
  CHECK(ask("POST", place + "/resync").status == 200);
  CHECK(ask("POST", "/api/phones/6007/reboot").json().at("rebooted") == bj::array{"6007"});
  CHECK(ask("GET", "/api/phone-lookup/" + std::string(mac)).json().at("correlation").at("matched").as_bool());
  const auto phones = ask("GET", "/api/registered-phones/extension/6007").json();
  CHECK(phones.at(0).at("mac_address").as_string() == "001565123456");
  CHECK(ask("PATCH", "/api/extensions/6008", R"({"enabled":false})").json().at("reboot_triggered") == false);
  CHECK(ask("PATCH", "/api/extensions/6007", R"({"enabled":false})").json().at("reboot_triggered") == true);
  CHECK(ask("DELETE", "/api/extensions/6007").json().at("reboot_triggered") == true);
  CHECK(ask("DELETE", "/api/extensions/6008").json().at("reboot_triggered") == false);
}

TEST_CASE_METHOD(House, "phones are rebooted by device, by extension and all together") {
  for (const auto* number : {"1001", "1002", "1003"}) create_extension(number, "A");
  register_device("001565000001", "1001");
  register_device("001565000002", "1002");
  CHECK(ask("POST", "/api/phones/1001/reboot").code() == "phone_not_registered");
  CHECK(ask("POST", "/api/provisioning/devices/001565000001/reboot").status == 409);
  CHECK(ask("POST", "/api/phones/1009/reboot").status == 404);
  bind("1001", "192.0.2.1");
  bind("1002", "192.0.2.2");
  bind("1003", "192.0.2.3");  // no device

  auto reply = ask("POST", "/api/phones/reboot");
  REQUIRE(reply.status == 200);
  const auto campaign = reply.json();
  check_keys(campaign, {"success", "message", "rebooted", "failed", "success_count", "failed_count", "campaign"});
  CHECK(campaign.at("rebooted") == bj::array{"1001", "1002"});
  CHECK(campaign.at("failed") == bj::array{"1003"});
  CHECK_FALSE(campaign.at("success").as_bool());
  const std::string id(campaign.at("campaign").as_string());
  const auto requested = [&] {
    const auto all = events();
    return std::count_if(all.begin(), all.end(), [&](const auto& record) {
      return record.type == RebootRequested::type && record.correlation.text() == id;
    });
  };
  CHECK(strowger::test::eventually([&] { return requested() == 2; }));

  reply = ask("POST", "/api/phones/reboot", R"({"extensions":["1002"]})");
  CHECK(reply.json().at("success_count").as_int64() == 1);
  reply = ask("POST", "/api/phones/1001/reboot");
  CHECK(reply.json().at("rebooted") == bj::array{"1001"});
  reply = ask("POST", "/api/provisioning/devices/00:15:65:00:00:01/resync");
  CHECK(reply.status == 200);
  CHECK(reply.json().at("already_under_way").as_bool());
}

TEST_CASE_METHOD(House, "registered phones are listed and looked up by MAC and by IP") {
  create_extension("1001", "Ann");
  create_extension("1002", "Bob");
  register_device(mac, "1001");
  bind("1001", "192.0.2.7");  // SIP carried no MAC
  bind("1002", "2001:db8::9", "000b82000001", "Grandstream GXP2170 1.0.11.64");
  auto reply = ask("GET", "/api/registered-phones");
  REQUIRE(reply.status == 200);
  const auto phones = reply.json();
  REQUIRE(phones.as_array().size() == 2);
  check_keys(phones.at(0),
             {"id", "extension_number", "ip_address", "port", "transport", "mac_address", "mac_source", "user_agent",
              "vendor", "model", "config_url", "contact_uri", "first_registered", "last_registered", "expires_at"});
  CHECK(phones.at(0).at("mac_address").as_string() == "001565123456");
  CHECK(phones.at(0).at("mac_source").as_string() == "provisioning");
  CHECK(phones.at(1).at("mac_source").as_string() == "sip_registration");
  CHECK(phones.at(1).at("vendor").as_string() == "grandstream");
  CHECK(phones.at(1).at("config_url").is_null());
  CHECK(ask("GET", "/api/registered-phones/with-mac").json().as_array().size() == 2);
  CHECK(ask("GET", "/api/registered-phones/extension/1002").json().as_array().size() == 1);
  CHECK(ask("GET", "/api/registered-phones/extension/1003").status == 404);

  for (const auto* identifier :
       {"001565123456", "00:15:65:12:34:56", "0015.6512.3456", "00-15-65-12-34-56", "192.0.2.7", "::ffff:192.0.2.7"}) {
    CAPTURE(identifier);
    reply = ask("GET", "/api/phone-lookup/" + std::string(identifier));
    REQUIRE(reply.status == 200);
    const auto found = reply.json();
    check_keys(found, {"identifier", "type", "registered_phone", "provisioned_device", "correlation"});
    const auto& correlation = found.at("correlation");
    check_keys(correlation, {"matched", "extension", "mac_address", "ip_address", "vendor", "model"});
    CHECK(correlation.at("matched").as_bool());
    CHECK(correlation.at("extension").as_string() == "1001");
    CHECK(correlation.at("mac_address").as_string() == "001565123456");
    CHECK(correlation.at("ip_address").as_string() == "192.0.2.7");
    CHECK(correlation.at("model").as_string() == "t46s");
  }
  reply = ask("GET", "/api/phone-lookup/2001:db8::9");
  CHECK(reply.json().at("registered_phone").at("extension_number").as_string() == "1002");
  CHECK_FALSE(reply.json().at("correlation").at("matched").as_bool());
  CHECK(ask("GET", "/api/phone-lookup/000b82ffffff").json().at("registered_phone").is_null());
  CHECK(ask("GET", "/api/phone-lookup/nonsense").code() == "bad_identifier");
}

TEST_CASE_METHOD(House, "who may what") {
  CHECK(as("", "GET", "/api/extensions").status == 401);
  for (const auto* open : {"/api/status", "/healthz", "/readyz", "/metrics", "/api/openapi.json"})
    CHECK(as("", "GET", open).status == 200);
  const auto viewer = token(Role::viewer);
  CHECK(as(viewer, "GET", "/api/extensions").status == 200);
  CHECK(as(viewer, "POST", "/api/extensions", R"({"number":"1","name":"A"})").status == 403);
  CHECK(as(viewer, "POST", "/api/phones/reboot").status == 403);
  const auto user = token(Role::user);
  CHECK(as(user, "GET", "/api/extensions").status == 403);
  CHECK(as(user, "GET", "/api/users/me").json().at("role").as_string() == "user");
  CHECK(as(token(Role::operator_), "POST", "/api/extensions", R"({"number":"1","name":"A"})").status == 201);
}

TEST_CASE_METHOD(House, "logging in gives a token that logging out ends") {
  create_user("ann", Role::operator_, "correct horse");
  create_extension("1001", "Ann", "sip-password");
  auto reply = as("", "POST", "/api/auth/login", R"({"username":"ann","password":"correct horse"})");
  REQUIRE(reply.status == 200);
  check_keys(reply.json(), {"success", "token", "expires_at", "user"});
  const std::string bearer(reply.json().at("token").as_string());
  reply = as(bearer, "GET", "/api/users/me");
  CHECK(reply.json().at("username").as_string() == "ann");
  CHECK(reply.json().at("role").as_string() == "operator");
  CHECK(as(bearer, "POST", "/api/auth/logout").status == 200);
  CHECK(as(bearer, "GET", "/api/users/me").code() == "token_revoked");
  restart();
  CHECK(as(bearer, "GET", "/api/users/me").code() == "token_revoked");

  reply = as("", "POST", "/api/auth/login", R"({"extension":1001,"password":"sip-password"})");
  REQUIRE(reply.status == 200);
  CHECK(reply.json().at("user").at("role").as_string() == "user");
  CHECK(reply.json().at("user").at("sip_extension").as_string() == "1001");

  CHECK(as("", "POST", "/api/auth/login", R"({"username":"ann"})").status == 400);
  CHECK(as("", "POST", "/api/auth/login", R"({"username":"nobody","password":"x"})").code() == "bad_credentials");
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    reply = as("", "POST", "/api/auth/login", R"({"extension":"1001","password":"guess"})");
    if (reply.status == 429) ++refused;
  }
  CHECK(refused == 2);
  CHECK_FALSE(reply.header("retry-after").empty());

  const auto failed = [&] { return ask("GET", "/api/events?after=0&stream=login/failed").json().as_array(); };
  REQUIRE(strowger::test::eventually([&] { return failed().size() == 2; }));
  CHECK(failed().at(0).at("type").as_string() == "strowger.login.failed.v2");
  // It is no account's, and may be a password in the wrong box.
  CHECK(failed().at(0).at("data").at("name").as_string() == "");
  CHECK(failed().at(0).at("data").at("name_length").as_int64() == 6);
  CHECK(failed().at(1).at("data").at("ip").as_string() == "127.0.0.1");
  restart();
  REQUIRE(failed().size() == 3);
  CHECK(failed().at(2).at("type").as_string() == "strowger.login.failed_repeated.v2");
  CHECK(failed().at(2).at("data").at("name").as_string() == "1001");
  CHECK(failed().at(2).at("data").at("count").as_int64() == 9);
}

TEST_CASE_METHOD(House, "events are read in order, by page, stream and type, without secrets") {
  create_extension("1001", "Ann");
  create_extension("1002", "Bob");
  register_device(mac, "1001");
  auto reply = ask("GET", "/api/events?after=0");
  REQUIRE(reply.status == 200);
  const auto all = reply.json();
  REQUIRE(all.as_array().size() == 3);
  check_keys(all.at(0), {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data",
                         "sequence", "streamversion", "correlationid", "by"});
  CHECK(all.at(0).at("type").as_string() == "strowger.extension.created.v1");
  CHECK(all.at(0).at("data").at("password").as_string() == "(secret)");
  CHECK(all.at(2).at("subject").as_string() == "device/001565123456");
  CHECK(ask("GET", "/api/events?stream=extension/1002").json().as_array().size() == 1);
  CHECK(ask("GET", "/api/events?type=strowger.device.registered.v1").json().as_array().size() == 1);
  CHECK(ask("GET", "/api/events?type=extension.created&after=1").json().as_array().size() == 1);
  reply = ask("GET", "/api/events?after=0&limit=2");
  CHECK(reply.json().as_array().size() == 2);
  CHECK(reply.header("link") == "</api/events?after=2&limit=2>; rel=\"next\"");
  CHECK(reply.header("x-last-position") == "2");

  const auto second = ask("GET", "/api/events?after=2&limit=2");
  CHECK(second.json().as_array().size() == 1);
  CHECK(second.header("link").empty());
  // Without a position to begin at, the newest are first, also on the pages that follow.
  reply = ask("GET", "/api/events?limit=2");
  CHECK(reply.json().at(0).at("sequence").as_string() == "3");
  REQUIRE(reply.header("link") == "</api/events?before=2&limit=2>; rel=\"next\"");
  reply = ask("GET", "/api/events?before=2&limit=2");
  REQUIRE(reply.json().as_array().size() == 1);
  CHECK(reply.json().at(0).at("sequence").as_string() == "1");
  CHECK(reply.header("link").empty());
  reply = ask("GET", "/api/events?not_type=extension.*");
  REQUIRE(reply.json().as_array().size() == 1);
  CHECK(reply.json().at(0).at("sequence").as_string() == "3");
  reply = ask("GET", "/api/events?order=desc&limit=2&type=*.created,device.*");
  CHECK(reply.code() == "bad_type");
  reply = ask("GET", "/api/events?order=desc&limit=1&type=extension.*");
  CHECK(reply.json().at(0).at("sequence").as_string() == "2");
  REQUIRE(reply.header("link") == "</api/events?before=2&order=desc&limit=1&type=extension.%2A>; rel=\"next\"");
  reply = ask("GET", "/api/events?before=2&order=desc&limit=1&type=extension.%2A");
  CHECK(reply.json().at(0).at("sequence").as_string() == "1");
  const std::string correlation(all.at(2).at("correlationid").as_string());
  CHECK(ask("GET", "/api/events?correlation=" + correlation).json().as_array().size() == 1);
  CHECK(ask("GET", "/api/events?stream=extension/*").json().as_array().size() == 2);
  CHECK(ask("GET", "/api/events?to=2026-01-01T00:00:00Z").json().as_array().empty());
  for (const auto* bad :
       {"after=x", "before=-1", "order=up", "limit=0", "limit=1001", "stream=device", "from=today", "afther=1"}) {
    CAPTURE(bad);
    CHECK(ask("GET", "/api/events?" + std::string(bad)).status == 400);
  }
}

TEST_CASE_METHOD(House, "status, health, metrics and the OpenAPI document") {
  create_extension("1001", "Ann");
  bind("1001", "192.0.2.7");
  auto reply = as("", "GET", "/api/status");
  check_keys(reply.json(),
             {"running", "registered_extensions", "active_calls", "total_calls", "version", "uptime_seconds"});
  CHECK(reply.json().at("registered_extensions").as_int64() == 1);
  CHECK(as("", "GET", "/readyz").json().at("ready").as_bool());
  const auto metrics = as("", "GET", "/metrics").body;
  CHECK_THAT(metrics, ContainsSubstring("strowger_http_requests_total{class=\"2xx\"} ") &&
                          ContainsSubstring("strowger_registered_extensions 1") &&
                          ContainsSubstring("strowger_more 1") &&
                          ContainsSubstring("strowger_http_request_duration_seconds_bucket{le=\"+Inf\"}"));
  const auto document = ask("GET", "/api/openapi.json").json();
  CHECK(document.at("openapi").as_string() == "3.1.0");
  for (const auto* path : {"/api/status",
                           "/healthz",
                           "/readyz",
                           "/metrics",
                           "/api/auth/login",
                           "/api/auth/logout",
                           "/api/users/me",
                           "/api/extensions",
                           "/api/extensions/{number}",
                           "/api/provisioning/devices",
                           "/api/provisioning/devices/{mac}",
                           "/api/provisioning/devices/{mac}/reboot",
                           "/api/provisioning/devices/{mac}/resync",
                           "/api/provisioning/vendors",
                           "/api/provisioning/diagnostics",
                           "/api/provisioning/requests",
                           "/api/provisioning/templates",
                           "/api/registered-phones",
                           "/api/registered-phones/with-mac",
                           "/api/registered-phones/extension/{number}",
                           "/api/phone-lookup/{identifier}",
                           "/api/phones/reboot",
                           "/api/phones/{extension}/reboot",
                           "/api/events",
                           "/api/events/stream",
                           "/api/openapi.json",
                           "/provision/{file}",
                           "/{file}"}) {
    CAPTURE(path);
    CHECK(document.at("paths").as_object().contains(path));
  }
}

TEST_CASE_METHOD(House, "readiness is told to strangers as codes, to administrators in words") {
  CHECK(as("", "GET", "/readyz").status == 200);
  services->runner.stop();
  auto reply = as("", "GET", "/readyz");
  CHECK(reply.status == 503);
  CHECK(reply.json().at("checks").at("log").as_string() == "ok");
  CHECK(reply.json().at("checks").at("projections").as_string() == "projections_not_followed");
  for (const auto& other : {token(Role::viewer), std::string("stw1.no.token")}) {
    reply = as(other, "GET", "/readyz");
    CHECK(reply.status == 503);
    CHECK(reply.json().at("checks").at("projections").as_string() == "projections_not_followed");
  }
  reply = ask("GET", "/readyz");
  CHECK(reply.status == 503);
  CHECK(reply.json().at("checks").at("projections").as_string() == "the projections are not followed");
}

TEST_CASE_METHOD(House, "a name with a character that is not seen is refused, wherever one is given") {
  create_extension("1001", "Ann");
  REQUIRE(register_device("001565123456", "1001").status == 201);
  const auto device = "/api/provisioning/devices/001565123456";
  for (const std::string bad :
       {"\\u0000", "\\u0007", "\\u001b", "\\n", "\\u0085", "\\u202e", "\\u2066", "\\u200f", "\\u2028"}) {
    const auto name = "\"A" + bad + "nn\"";
    CAPTURE(name);
    const auto refused = [&](const std::string& method, const std::string& target, const std::string& body) {
      const auto reply = ask(method, target, body);
      CAPTURE(method, target, reply.body);
      CHECK((reply.status == 422 || reply.status == 400));
      CHECK_THAT(reply.body, ContainsSubstring("control character") || ContainsSubstring("one line"));
      return reply.status;
    };
    refused("POST", "/api/extensions", R"({"number":"1002","name":)" + name + "}");
    refused("PATCH", "/api/extensions/1001", R"({"name":)" + name + "}");
    refused("PATCH", device, R"({"lines":[{"line":1,"label":)" + name + "}]}");
    refused("PATCH", device + std::string("/settings"),
            R"({"keys":{"3":{"type":"blf","value":"1001","label":)" + name + "}}}");
    refused("PUT", device + std::string("/access/credentials"),
            R"({"username":)" + name + R"(,"password":"provision-1"})");
  }
  // Joiners belong to names.
  CHECK(ask("PATCH", "/api/extensions/1001", R"({"name":"\u0645\u06cc\u200c\u062e\u200d"})").status == 200);
}

TEST_CASE_METHOD(House, "vendors, templates and diagnostics tell what there is") {
  create_extension("1001", "Ann");
  register_device(mac, "1001");
  const auto vendors = ask("GET", "/api/provisioning/vendors").json();
  CHECK(vendors.at("vendors") == bj::array{"avaya", "cisco", "fanvil", "grandstream", "htek", "mitel", "polycom",
                                           "sangoma", "snom", "yealink", "zultys"});
  CHECK(vendors.at("models").at("zultys") == bj::array{"zip33g", "zip37g"});
  std::size_t models = 0;
  for (const auto& vendor : vendors.at("models").as_object()) models += vendor.value().as_array().size();
  CHECK(models > 380);
  CHECK(ask("GET", "/api/provisioning/templates").json().as_array().size() == models);
  const auto reply = ask("GET", "/api/provisioning/diagnostics");
  REQUIRE(reply.status == 200);
  const auto diagnostics = reply.json();
  check_keys(diagnostics, {"enabled", "configuration", "statistics", "devices", "vendors", "models", "recent_requests",
                           "warnings", "convergence"});
  check_keys(diagnostics.at("configuration"),
             {"url_format", "external_ip", "api_port", "sip_host", "sip_port", "custom_templates_dir"});
  check_keys(diagnostics.at("statistics"),
             {"total_devices", "total_templates", "total_requests", "successful_requests", "failed_requests"});
  CHECK(diagnostics.at("statuses").at("registered").as_int64() == 1);
  CHECK(diagnostics.at("convergence").at("waiting").as_int64() == 1);
}

TEST_CASE_METHOD(House, "everything that was acknowledged is there after a restart") {
  create_extension("1001", "Ann");
  register_device(mac, "1001");
  fetch("/provision/001565123456.cfg");
  REQUIRE(recorded(1));
  restart();
  CHECK(ask("GET", "/api/extensions/1001").status == 200);
  CHECK(ask("GET", "/api/provisioning/devices/001565123456").json().at("status").as_string() == "provisioned");
  CHECK(ask("GET", "/api/provisioning/requests").json().at("total").as_int64() == 1);
}
