// Templates through the API: what a change would do, doing it, and the way back.
#include "tests/integration/http/house.hpp"

#include <filesystem>
#include <fstream>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
namespace bj = boost::json;

namespace {

constexpr auto file = "/provision/001565123456.cfg";
constexpr auto one = "/api/provisioning/templates/yealink/t46s";

std::string body_of(const std::string& text) {
  return bj::serialize(bj::object{{"text", text}});
}

struct Desk : House {
  Desk() {
    publish_from_now_on();
    create_extension("1001", "Ann", "s3cret-1001");
    create_extension("1002", "Bob", "s3cret-1002");
    REQUIRE(register_device("001565123456", "1001").status == 201);
    REQUIRE(register_device("001565123457", "1002").status == 201);
    REQUIRE(register_device("0004f2aabbcc", "1002", "polycom", "vvx450").status == 201);
    built_in = ask("GET", one).json().at("text").as_string().c_str();
  }
  // The built-in one with a line of its own.
  std::string with(const std::string& line) const { return built_in + line + "\n"; }
  std::size_t published() {
    std::size_t count = 0;
    for (const auto& record : events()) count += record.type == TemplatePublished::type ? 1 : 0;
    return count;
  }
  std::string built_in;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_METHOD(Desk,
                 "a dry run tells whose files would change, in which keys, who would reboot, and changes nothing") {
  bind("1001", "192.168.1.50", "001565123456");
  const auto before = fetch(file).body;
  REQUIRE(recorded(1));
  const auto end = events().size();
  const auto reply = ask("PUT", std::string(one) + "?dry_run=true", body_of(with("features.dnd.enable = 1")));
  REQUIRE(reply.status == 200);
  const auto view = reply.json();
  const auto& radius = view.at("blast_radius");
  CHECK(view.at("dry_run") == true);
  CHECK(radius.at("devices_reached") == 2);
  CHECK(radius.at("devices_changed") == 2);
  CHECK(radius.at("would_reboot") == 1);
  CHECK(radius.at("changed_keys") == 1);
  CHECK(radius.at("keys").at(0).at("key") == "features.dnd.enable");
  CHECK(radius.at("keys").at(0).at("devices") == 2);
  CHECK(radius.at("devices").at(0).at("mac_address") == "001565123456");
  CHECK(radius.at("devices").at(0).at("would_reboot") == true);
  CHECK(radius.at("devices").at(0).at("changes").at(0).at("change") == "added");
  CHECK(events().size() == end);
  CHECK(fetch(file).body == before);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "templates" / "yealink_t46s.template"));
}

TEST_CASE_METHOD(Desk, "settings have a dry run too, and a secret in it is neither sealed nor shown") {
  const auto level = "/api/provisioning/phone-settings/vendor/yealink?dry_run=true";
  const auto end = events().size();
  const auto reply = ask("PATCH", level, R"({"timezone":"UTC","admin_password":"hunter2-hunter2"})");
  REQUIRE(reply.status == 200);
  CHECK_FALSE(has(reply.body, "hunter2"));
  const auto radius = reply.json().at("blast_radius");
  CHECK(radius.at("devices_changed") == 2);
  CHECK(has(bj::serialize(radius.at("keys")), "static.security.user_password"));
  CHECK(has(bj::serialize(radius.at("keys")), "local_time.time_zone"));
  CHECK(events().size() == end);
  CHECK(ask("GET", "/api/provisioning/phone-settings").json().as_array().empty());
  // What changes no bytes reaches devices and changes none.
  CHECK(ask("PATCH", level, R"({"transport":"udp"})").json().at("blast_radius").at("devices_changed") == 0);
  CHECK(ask("PATCH", level, R"({"transport":"udp"})").json().at("blast_radius").at("devices_reached") == 2);
  CHECK(ask("PATCH", "/api/provisioning/phone-settings/site/x?dry_run=true", R"({"timezone":"UTC"})")
            .json()
            .at("blast_radius")
            .at("devices_reached") == 0);
  CHECK(ask("PATCH", "/api/provisioning/phone-settings/global?dry_run=maybe", "{}").status == 400);
  CHECK(ask("DELETE", "/api/provisioning/phone-settings/global?dry_run=true").status == 200);
}

TEST_CASE_METHOD(Desk, "a template is put in force, taken back, and rolled back, each time by somebody") {
  const auto first = fetch(file).body;
  const auto position = std::to_string(number(log->last_position()));
  REQUIRE(ask("PUT", one, body_of(with("features.dnd.enable = 1"))).status == 200);
  CHECK(has(fetch(file).body, "features.dnd.enable = 1\n"));
  CHECK(std::filesystem::exists(folder.path() / "templates" / "yealink_t46s.template"));
  auto put = as(token(Role::admin, "ann"), "PUT", one, body_of(with("features.dnd.enable = 2")));
  REQUIRE(put.status == 200);
  const auto second = fetch(file).body;
  CHECK(has(second, "features.dnd.enable = 2\n"));
  const auto history = ask("GET", std::string(one) + "/history").json();
  REQUIRE(history.as_array().size() == 3);
  CHECK(history.at(0).at("event").at("by") == "admin:ann");
  CHECK(history.at(0).at("custom") == true);
  CHECK(history.at(2).at("event").at("by") == "system");

  REQUIRE(ask("DELETE", one).status == 200);
  CHECK(fetch(file).body == first);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "templates" / "yealink_t46s.template"));

  const auto sha = std::string(history.at(0).at("sha256").as_string());
  auto back = ask("POST", std::string(one) + "/rollback?dry_run=true", bj::serialize(bj::object{{"to", sha}}));
  REQUIRE(back.status == 200);
  CHECK(fetch(file).body == first);
  CHECK(back.json().at("blast_radius").at("devices_changed") == 2);
  const auto count = published();
  REQUIRE(ask("POST", std::string(one) + "/rollback", bj::serialize(bj::object{{"to", sha.substr(0, 12)}})).status ==
          200);
  CHECK(fetch(file).body == second);
  CHECK(published() == count + 1);
  // What was in force at a position: the built-in one, which needs no file.
  REQUIRE(ask("POST", std::string(one) + "/rollback", R"({"to":)" + position + "}").status == 200);
  CHECK(fetch(file).body == first);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "templates" / "yealink_t46s.template"));
  CHECK(ask("POST", std::string(one) + "/rollback", R"({"to":"0123456789"})").status == 404);
  CHECK(ask("POST", std::string(one) + "/rollback", R"({"to":0})").status == 404);
}

TEST_CASE_METHOD(Desk, "a template that would become too large is refused, in a preview and when it is put") {
  std::string nested = "#!version:1.0.0.1\n";
  for (int i = 0; i < 7; ++i) nested += "{{#ALL_CODECS}}\n";
  nested += "a = {{CODEC}}\n";
  for (int i = 0; i < 7; ++i) nested += "{{/ALL_CODECS}}\n";
  std::string wide = "#!version:1.0.0.1\n{{#ALL_CODECS}}{{#KEYS}}";
  for (int i = 0; i < 8'000; ++i) wide += "a = 1234567890\n";
  wide += "{{/KEYS}}{{/ALL_CODECS}}";
  for (const auto& [text, code] : {std::pair(nested, "bad_template"), std::pair(wide, "output_too_large")}) {
    const auto preview =
        ask("POST", std::string(one) + "/preview", bj::serialize(bj::object{{"mac", "001565123456"}, {"text", text}}));
    CHECK(preview.status == 422);
    CHECK(preview.json().at("code") == code);
    const auto put = ask("PUT", one, body_of(text));
    CHECK(put.status == 422);
    CHECK(put.json().at("code") == code);
  }
}

TEST_CASE_METHOD(Desk, "a template that could break a phone is refused with line and column, and nothing changes") {
  struct Row {
    std::string text;
    int line;
    int column;
    std::string says;
  };
  const std::vector<Row> rows{{"#!version:1.0.0.1\na = {{EXTENSION_NAM}}\n", 2, 5, "EXTENSION_NAME"},
                              {"#!version:1.0.0.1\n{{#LINES}}\na = 1\n", 0, 0, ""},
                              {"#!version:1.0.0.1\n{{#LINES}}\n{{/KEYS}}\n", 3, 1, "closes"},
                              {"a = 1\n", 1, 0, "first line"}};
  const auto end = events().size();
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const auto reply = ask("PUT", one, body_of(row.text));
    CHECK(reply.status == 422);
    CHECK(reply.code() == "bad_template");
    CHECK(has(reply.body, row.says));
    const auto details = reply.json().at("details").as_object();
    if (row.line > 0) CHECK(details.at("line") == row.line);
    if (row.column > 0) CHECK(details.at("column") == row.column);
  }
  CHECK(events().size() == end);
  CHECK(ask("PUT", "/api/provisioning/templates/yealink/t99", body_of(built_in)).status == 422);
  CHECK(as(token(Role::operator_), "PUT", one, body_of(built_in)).status == 403);
  CHECK(as(token(Role::viewer), "GET", one).status == 403);
}

TEST_CASE_METHOD(Desk, "a preview shows one device's file, masked, with the template that is tried") {
  const auto preview = [&](const bj::object& asked) {
    return ask("POST", std::string(one) + "/preview", bj::serialize(asked));
  };
  auto reply = preview({{"mac", "00:15:65:12:34:56"}});
  REQUIRE(reply.status == 200);
  CHECK_FALSE(has(reply.body, "s3cret"));
  CHECK(has(std::string(reply.json().at("config").as_string()), "account.1.password = ********\n"));
  reply = preview({{"mac", "001565123456"}, {"text", with("mine = {{LINE_LABEL}}")}});
  REQUIRE(reply.status == 200);
  CHECK(has(std::string(reply.json().at("config").as_string()), "mine = Ann\n"));
  CHECK(reply.json().at("blast_radius").at("devices_changed") == 2);
  CHECK(preview({{"mac", "001565123456"}, {"text", "{{"}}).status == 422);
  CHECK(preview({{"mac", "001565999999"}}).status == 404);
  CHECK_FALSE(has(fetch(file).body, "mine"));
}

TEST_CASE_METHOD(Desk, "files that are edited by hand come in force by a reload, the bad ones are named") {
  std::filesystem::create_directories(folder.path() / "templates");
  std::ofstream(folder.path() / "templates" / "yealink_t46s.template") << with("by.hand = 1");
  std::ofstream(folder.path() / "templates" / "polycom_vvx450.template") << "<a>{{NOBODY}}</a>";
  const auto reply = ask("POST", "/api/provisioning/reload-templates");
  REQUIRE(reply.status == 200);
  CHECK(reply.json().at("success") == false);
  CHECK(reply.json().at("custom") == 1);
  CHECK(reply.json().at("refused").at(0).at("details").at("file") == "polycom_vvx450.template");
  CHECK(reply.json().at("refused").at(0).at("details").at("column") == 4);
  CHECK(has(fetch(file).body, "by.hand = 1\n"));
}

TEST_CASE_METHOD(Desk, "an edit that is refused leaves in force what was before it, not the built-in template") {
  const auto path = folder.path() / "templates" / "yealink_t46s.template";
  std::filesystem::create_directories(path.parent_path());
  const auto reload = [&] { return ask("POST", "/api/provisioning/reload-templates").json(); };
  std::ofstream(path) << with("by.hand = 1");
  REQUIRE(reload().at("success") == true);
  std::ofstream(path) << with("by.hand = {{NOBODY}}");
  const auto refused = reload();
  CHECK(refused.at("success") == false);
  CHECK(has(std::string(refused.at("refused").at(0).at("error").as_string()), "what was in force before stays so"));
  CHECK(has(fetch(file).body, "by.hand = 1\n"));
  // One that cannot be read is no other.
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  CHECK(reload().at("success") == false);
  CHECK(has(fetch(file).body, "by.hand = 1\n"));
  std::filesystem::remove(path);
  CHECK(reload().at("success") == true);
  CHECK_FALSE(has(fetch(file).body, "by.hand"));
}
