// Settings with inheritance, lines and keys: through the API into the phone's file, and where each came from.
#include "tests/integration/http/house.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
namespace bj = boost::json;

namespace {

constexpr auto file = "/provision/001565123456.cfg";
constexpr auto device = "/api/provisioning/devices/001565123456";
constexpr auto levels = "/api/provisioning/phone-settings";

struct Phones : House {
  Phones() {
    publish_from_now_on();
    create_extension("1001", "Ann", "s3cret-1001");
    create_extension("1002", "Bob", "s3cret-1002");
    REQUIRE(register_device("001565123456", "1001").status == 201);
  }
  JsonReply set(const std::string& level, const std::string& body, const std::string& method = "PATCH") {
    return ask(method, std::string(levels) + "/" + level, body);
  }
  std::string content() {
    const auto reply = fetch(file);
    REQUIRE(reply.status == 200);
    return reply.body;
  }
  bj::value effective() { return ask("GET", std::string(device) + "/settings/effective").json(); }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_METHOD(Phones, "a device inherits, and each level overrides the one above") {
  const auto before = content();
  CHECK(set("global", R"({"timezone":"UTC","ntp_server":"g.example.com"})").status == 200);
  CHECK(has(content(), "local_time.ntp_server1 = g.example.com\n"));
  CHECK(has(content(), "local_time.time_zone = 0\n"));
  CHECK(set("site/Berlin", R"({"timezone":"Europe/Berlin","ntp_server":"s.example.com"})").status == 200);
  CHECK(has(content(), "g.example.com"));  // it is at no site yet
  REQUIRE(ask("PATCH", device, R"({"site":"berlin"})").status == 200);
  CHECK(has(content(), "s.example.com"));
  CHECK(has(content(), "local_time.time_zone = +1\n"));
  CHECK(set("vendor/yealink", R"({"ntp_server":"v.example.com"})").status == 200);
  CHECK(has(content(), "v.example.com"));
  CHECK(set("model/yealink_SIP-T46S", R"({"ntp_server":"m.example.com"})").status == 200);
  CHECK(has(content(), "m.example.com"));
  CHECK(ask("PATCH", std::string(device) + "/settings", R"({"ntp_server":"d.example.com"})").status == 200);
  CHECK(has(content(), "d.example.com"));

  auto view = effective();
  const auto& ntp = view.at("settings").at("ntp_server");
  CHECK(ntp.at("value") == "d.example.com");
  CHECK(ntp.at("level") == "device");
  CHECK(ntp.at("event").at("by") == "admin:admin");
  CHECK(view.at("settings").at("timezone").at("level") == "site");
  CHECK(view.at("settings").at("transport").at("level") == "default");
  CHECK(view.at("settings").at("transport").at("event").is_null());
  const auto position = view.at("settings").at("timezone").at("event").at("position").as_int64();
  const auto record = log->read_all(Position{static_cast<std::uint64_t>(position) - 1}, 1).value().front();
  CHECK(record.stream.text() == "phone_settings/site_berlin");

  // null falls back, level by level; DELETE takes all back.
  CHECK(ask("PATCH", std::string(device) + "/settings", R"({"ntp_server":null})").status == 200);
  CHECK(has(content(), "m.example.com"));
  CHECK(ask("DELETE", std::string(levels) + "/model/yealink_t46s").status == 200);
  CHECK(ask("DELETE", std::string(levels) + "/vendor/yealink").status == 200);
  CHECK(has(content(), "s.example.com"));
  REQUIRE(ask("PATCH", device, R"({"site":null})").status == 200);
  CHECK(has(content(), "g.example.com"));
  CHECK(set("global", "{}", "PUT").status == 200);
  CHECK(content() == before);
}

TEST_CASE_METHOD(Phones, "what is set for all phones is at a path of its own, too") {
  const std::string all = "/api/provisioning/settings";
  REQUIRE(ask("PUT", all, R"({"ntp_server":"ntp.example.com"})").status == 200);
  const auto read = ask("GET", all);
  CHECK(read.json() == ask("GET", "/api/provisioning/phone-settings/global").json());
  CHECK_FALSE(read.header("etag").empty());
  CHECK(ask("PUT", all, R"({"ntp_server":"ntp2.example.com"})", "If-Match: \"7\"\r\n").status == 412);
  REQUIRE(ask("DELETE", all).status == 200);
  CHECK_FALSE(ask("GET", all).body.find("ntp.example.com") != std::string::npos);
}

TEST_CASE_METHOD(Phones, "settings survive a restart, and a file that did not change is not rendered again") {
  CHECK(set("global", R"({"codecs":["pcma","g722"],"keys":{"5":{"type":"blf","value":"1002"}}})").status == 200);
  const auto first = fetch(file);
  CHECK(set("site/elsewhere", R"({"timezone":"UTC"})").status == 200);
  CHECK(fetch(file, "If-None-Match: " + first.header("etag") + "\r\n").status == 304);
  restart();
  const auto second = fetch(file);
  CHECK(second.body == first.body);
  CHECK(second.header("etag") == first.header("etag"));
  CHECK(has(second.body, "linekey.5.type = 16\n"));
  const auto all = ask("GET", levels).json().as_array();
  REQUIRE(all.size() == 2);
  CHECK(all[0].at("level") == "global");
  CHECK(all[0].at("settings").at("codecs").as_array().size() == 2);
  CHECK(all[0].at("settings").at("keys").at("5").at("type") == "blf");
  CHECK(all[1].at("name") == "elsewhere");
}

TEST_CASE_METHOD(Phones, "what a level does not take is refused, naming the key and the nearest") {
  const auto refused = [&](const std::string& level, const std::string& body, const std::string& code,
                           const std::string& key) {
    CAPTURE(level, body);
    const auto reply = set(level, body);
    CHECK(reply.status == 422);
    CHECK(reply.code() == code);
    CHECK(reply.json().at("details").at("key").as_string() == key);
    return reply.json();
  };
  CHECK(refused("global", R"({"time_zone":"UTC"})", "unknown_setting", "time_zone")
            .at("details")
            .at("nearest")
            .as_array()
            .front() == "timezone");
  CHECK(refused("global", R"({"timezone":"Europe/Berlim"})", "bad_setting", "timezone").at("details").at("nearest") ==
        "Europe/Berlin");
  refused("global", R"({"transport":"sctp"})", "bad_setting", "transport");
  refused("global", R"({"vlan_id":5000})", "bad_setting", "vlan_id");
  refused("global", R"({"keys":{"5":{"type":"bfl","value":"1"}}})", "bad_key", "keys.5");
  refused("global", R"({"keys":{"0":{"type":"blf","value":"1"}}})", "bad_key", "keys.0");
  refused("global", R"({"keys":[]})", "bad_setting", "keys");
  CHECK(refused("model/yealink_t46s", R"({"keys":{"28":{"type":"blf","value":"1"}}})", "bad_key", "keys.28")
            .at("details")
            .at("limit")
            .as_int64() == 27);
  refused("device/001565123456", R"({"keys":{"1":{"type":"line","line":17}}})", "bad_key", "keys.1");
  refused("vendor/cisco", R"({"keys":{"1":{"type":"park","value":"701"}}})", "bad_key", "keys.1");
  CHECK(set("vendor/yealnk", R"({"timezone":"UTC"})").status == 422);
  CHECK(set("model/yealink_t99", R"({"timezone":"UTC"})").status == 422);
  CHECK(set("site/has%20space", R"({"timezone":"UTC"})").status == 422);
  CHECK(set("planet/earth", R"({"timezone":"UTC"})").status == 404);
  CHECK(set("global/x", R"({"timezone":"UTC"})").status == 404);
  CHECK(set("device/001565999999", R"({"timezone":"UTC"})").status == 404);
  CHECK(set("global", R"([1])").status == 400);
  CHECK(ask("GET", levels).json().as_array().empty());
  CHECK(as(token(Role::viewer), "PATCH", std::string(levels) + "/global", R"({"timezone":"UTC"})").status == 403);
}

TEST_CASE_METHOD(Phones, "a phone's password is sealed, masked everywhere, and reaches the phone only") {
  const auto reply = set("global", R"({"admin_password":"hunter2-hunter2"})");
  CHECK(reply.status == 200);
  CHECK(reply.json().at("settings").at("admin_password") == "********");
  CHECK(has(content(), "static.security.user_password = admin:hunter2-hunter2\n"));
  for (const auto& record : events()) CHECK_FALSE(has(record.data, "hunter2"));
  for (const std::string& path :
       {std::string(levels), std::string(device) + "/settings/effective", std::string(device) + "/config",
        std::string(device) + "/explain", std::string("/api/events?limit=1000")}) {
    CAPTURE(path);
    const auto shown = ask("GET", path);
    CHECK(shown.status == 200);
    CHECK_FALSE(has(shown.body, "hunter2"));
  }
  // What was read masked and is sent back is no change; nor is the same password.
  REQUIRE(recorded(1));
  const auto end = events().size();
  CHECK(set("global", R"({"admin_password":"********"})", "PUT").status == 200);
  CHECK(set("global", R"({"admin_password":"hunter2-hunter2"})").status == 200);
  CHECK(events().size() == end);
  CHECK(set("global", R"({"admin_password":"another"})").status == 200);
  CHECK(has(content(), "admin:another\n"));
}

TEST_CASE_METHOD(Phones, "a phone has several lines, and follows the extensions of all") {
  auto reply =
      ask("PATCH", device, R"({"lines":[{"line":1,"extension":"1001","label":"Desk"},{"line":2,"extension":1002}]})");
  REQUIRE(reply.status == 200);
  CHECK(reply.json().at("lines").as_array().size() == 2);
  CHECK(reply.json().at("lines").at(0).at("label") == "Desk");
  CHECK(reply.json().at("lines").at(1).at("extension") == "1002");
  CHECK(has(content(), "account.1.label = Desk\n"));
  CHECK(has(content(), "account.2.password = s3cret-1002\n"));
  CHECK(has(content(), "linekey.2.line = 2\n"));
  REQUIRE(ask("PATCH", "/api/extensions/1002", R"({"name":"Robert","password":"changed-1002"})").status == 200);
  CHECK(has(content(), "account.2.display_name = Robert\n"));
  CHECK(has(content(), "account.2.password = changed-1002\n"));
  restart();
  CHECK(has(content(), "account.2.display_name = Robert\n"));
  REQUIRE(ask("DELETE", "/api/extensions/1002").status == 200);
  CHECK_FALSE(has(content(), "account.2."));  // the line is gone, the phone still works
  CHECK(has(content(), "account.1.enable = 1\n"));

  create_extension("1003", "Cleo");
  const auto refused = [&](const std::string& body, const std::string& code) {
    CAPTURE(body);
    const auto answer = ask("PATCH", device, body);
    CHECK(answer.status == 422);
    CHECK(answer.code() == code);
  };
  refused(R"({"lines":[{"line":17,"extension":"1003"}]})", "too_many_lines");
  refused(R"({"lines":[{"line":2,"extension":"1003"},{"line":2,"extension":"1001"}]})", "bad_lines");
  refused(R"({"lines":[{"line":2,"extension":"1001"}]})", "bad_lines");
  refused(R"({"lines":[{"line":1,"extension":"1003"}]})", "bad_lines");
  refused(R"({"lines":[{"line":2,"extension":"4711"}]})", "extension_not_found");
  CHECK(ask("PATCH", device, R"({"lines":[{"line":2}]})").status == 400);
  CHECK(ask("PATCH", device, R"({"lines":[{"line":5,"extension":"1003"}]})").status == 200);
  refused(R"({"vendor":"cisco","model":"spa504g"})", "too_many_lines");  // it has four
  CHECK(ask("PATCH", device, R"({"lines":null})").status == 200);
  CHECK(ask("PATCH", device, R"({"vendor":"cisco","model":"spa504g"})").status == 200);
}

TEST_CASE_METHOD(Phones, "every file of before can be made again, and says where its settings came from") {
  std::vector<JsonReply> remembered;
  const auto serve = [&] {
    remembered.push_back(fetch(file));
    REQUIRE(remembered.back().status == 200);
    REQUIRE(recorded(remembered.size()));
  };
  serve();
  set("global", R"({"timezone":"UTC","admin_password":"first-secret"})");
  serve();
  ask("PATCH", device, R"({"site":"berlin","lines":[{"line":2,"extension":"1002"}]})");
  set("site/berlin", R"({"timezone":"Europe/Berlin","keys":{"3":{"type":"blf","value":"1002"}}})");
  serve();
  set("global", R"({"admin_password":"second-secret"})");
  ask("PATCH", "/api/extensions/1002", R"({"name":"Robert"})");
  serve();
  ask("DELETE", std::string(levels) + "/site/berlin");
  serve();
  restart();

  const auto served = ask("GET", std::string(device) + "/served").json();
  REQUIRE(served.as_array().size() == remembered.size());
  for (std::size_t i = 0; i < remembered.size(); ++i) {
    CAPTURE(i);
    const auto at = std::to_string(served.at(remembered.size() - 1 - i).at("position").as_int64());
    const auto raw = ask("GET", std::string(device) + "/config?at=" + at + "&secrets=true&raw=true");
    REQUIRE(raw.status == 200);
    CHECK(raw.body == remembered[i].body);
    CHECK(raw.header("etag") == remembered[i].header("etag"));
  }
  const auto at = std::to_string(served.at(2).at("position").as_int64());
  const auto explained = ask("GET", std::string(device) + "/explain?at=" + at).json();
  const auto key = [&](std::string_view name) -> const bj::value& {
    for (const auto& one : explained.at("keys").as_array())
      if (std::string_view(one.at("key").as_string()) == name) return one;
    FAIL("no key " << name);
    return explained;
  };
  CHECK(key("local_time.time_zone").at("level") == "phone_settings.site");
  CHECK(key("local_time.time_zone").at("sources").at(0).at("event").at("stream") == "phone_settings/site_berlin");
  CHECK(key("linekey.3.value").at("level") == "phone_settings.site");
  CHECK(key("linekey.3.value").at("sources").at(0).at("what") == "phone_settings.site.keys.3");
  CHECK(key("static.security.user_password").at("level") == "phone_settings.global");
  CHECK(key("static.security.user_password").at("value") == "********");
  CHECK(key("account.2.display_name").at("sources").at(0).at("event").at("stream") == "extension/1002");
  CHECK(key("account.2.user_name").at("sources").at(0).at("what") == "device.lines");
  CHECK(key("account.1.sip_server.1.transport_type").at("level") == "default");
}

TEST_CASE_METHOD(Phones, "the schema says what can be set") {
  const auto schema = ask("GET", std::string(levels) + "/schema").json();
  CHECK(schema.at("settings").as_array().size() > 20);
  CHECK(schema.at("key_types").as_array().size() > 10);
  for (const auto& setting : schema.at("settings").as_array()) CHECK_FALSE(setting.at("kind").as_string().empty());
}

TEST_CASE_METHOD(Phones, "a setting with which phones could not register is warned about where it is set, and after") {
  const auto diagnosed = [&] {
    std::size_t told = 0;
    const auto diagnostics = ask("GET", "/api/provisioning/diagnostics").json();
    for (const auto& warning : diagnostics.at("warnings").as_array())
      told += has(std::string(warning.as_string()), "tls");
    return told;
  };
  CHECK(diagnosed() == 0);
  CHECK(set("global", R"({"transport":"tcp"})").json().at("warnings").as_array().empty());
  CHECK(has(std::string(set("global?dry_run=true", R"({"transport":"tls"})").json().at("warnings").at(0).as_string()),
            "tls for all phones"));
  CHECK(diagnosed() == 0);
  const auto settings = std::string(device) + "/settings";
  CHECK(has(std::string(ask("PATCH", settings, R"({"transport":"tls"})").json().at("warnings").at(0).as_string()),
            "device 001565123456"));
  CHECK(diagnosed() == 1);
  CHECK(set("global", R"({"transport":"tls"})").json().at("warnings").as_array().size() == 1);
  CHECK(diagnosed() == 2);
  // A proxy that speaks TLS to the phones.
  CHECK(set("global", R"({"outbound_proxy":"edge.example.com"})").json().at("warnings").as_array().empty());
  CHECK(diagnosed() == 0);
}

TEST_CASE_METHOD(Phones, "what the phone's template does not write is told, with the reason, and in the schema") {
  REQUIRE(register_device("1400e91f03ea", "1002", "mitel", "6920").status == 201);
  REQUIRE(set("global", R"({"language":"de","ntp_server":"g.example.com","firmware_version":"1.2.3"})").status == 200);
  const auto view = ask("GET", "/api/provisioning/devices/1400e91f03ea/settings/effective").json();
  CHECK(view.at("settings").at("language").at("ignored") ==
        "The template mitel/topsoftkey10.template does not write it.");
  CHECK(view.at("settings").at("ntp_server").as_object().if_contains("ignored") == nullptr);
  CHECK(view.at("settings").at("firmware_version").as_object().if_contains("ignored") == nullptr);
  REQUIRE(view.at("ignored").as_array().size() == 1);
  CHECK(view.at("ignored").at(0).at("setting") == "language");
  CHECK(effective().at("ignored").as_array().empty());  // the T46S writes all of them

  for (const auto& setting : ask("GET", std::string(levels) + "/schema").json().at("settings").as_array()) {
    if (setting.at("name") != "language") continue;
    const auto& families = setting.at("supported_by").as_array();
    CHECK(std::ranges::find(families, bj::value("yealink/t46s.template")) != families.end());
    CHECK(std::ranges::find(families, bj::value("mitel/topsoftkey10.template")) == families.end());
  }
}

TEST_CASE_METHOD(Phones, "a template of one's own that drops a setting is told in the table and for its devices") {
  REQUIRE(set("global", R"({"ntp_server":"g.example.com"})").status == 200);
  CHECK(effective().at("ignored").as_array().empty());
  const auto own = bj::serialize(bj::object{{"text", "#!version:1.0.0.1\nlang.gui = {{LANGUAGE}}\n"}});
  REQUIRE(ask("PUT", "/api/provisioning/templates/yealink/t46s", own).status == 200);
  const auto view = effective();
  REQUIRE(view.at("ignored").as_array().size() == 1);
  CHECK(view.at("ignored").at(0).at("setting") == "ntp_server");
  bool found = false;
  const auto table = ask("GET", "/api/provisioning/templates/coverage").json();
  for (const auto& family : table.at("families").as_array()) {
    if (family.at("template") != "yealink_t46s.template") continue;
    found = true;
    CHECK(family.at("custom") == true);
    CHECK(family.at("written").as_array() == bj::array{"language"});
    CHECK(family.at("models").as_array() == bj::array{"t46s"});
  }
  CHECK(found);
}
