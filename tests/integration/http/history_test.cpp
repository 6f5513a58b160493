// Time travel: what a phone would have been served at any time, what it was served, what changed and why.
#include "actors/history/retention.hpp"
#include "tests/integration/http/house.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http;
using namespace strowger::http::test;
namespace bj = boost::json;

namespace {

constexpr auto file = "/provision/001565123456.cfg";
constexpr auto device = "/api/provisioning/devices/001565123456";

struct Past : House {
  Past() {
    publish_from_now_on();
    create_extension("1001", "Ann", "s3cret-1001");
    create_extension("1002", "Bob", "s3cret-1002");
    REQUIRE(register_device("001565123456", "1001").status == 201);
    set([](config::Settings& settings) { settings.log.repeat_window = {}; });  // each fetch is in the history by itself
  }

  // As the phone does, remembering what it got. The record of it is there when this returns.
  void fetch_and_remember() {
    const auto reply = fetch(file);
    REQUIRE(reply.status == 200);
    remembered.push_back(reply);
    REQUIRE(recorded(remembered.size()));
  }
  JsonReply config(const std::string& at, const std::string& more = {}) {
    return ask("GET", std::string(device) + "/config?at=" + at + more);
  }
  std::string end() { return std::to_string(number(log->last_position())); }
  JsonReply then(const std::string& what, const std::string& query = {}) {
    return ask("GET", std::string(device) + "/" + what + query);
  }
  void delete_extension(const std::string& extension) {
    const auto row = services->extension_rows.find(ExtensionNumber::parse(extension).value());
    REQUIRE(ask("DELETE", "/api/extensions/" + extension).status == 200);
    REQUIRE(services->vault.shred(row->password));  // as the deletion reactor does
  }
  std::size_t disclosures() {
    const auto all = events();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& r) { return r.type == SecretsShown::type; }));
  }

  std::vector<JsonReply> remembered;
};

const bj::value& change_of(const bj::value& diff, std::string_view key) {
  for (const auto& change : diff.at("changes").as_array())
    if (std::string_view(change.at("key").as_string()) == key) return change;
  FAIL("no change of " << key);
  return diff;
}

const bj::value& key_of(const bj::value& explanation, std::string_view name) {
  for (const auto& key : explanation.at("keys").as_array())
    if (std::string_view(key.at("key").as_string()) == name) return key;
  FAIL("no key " << name);
  return explanation;
}

constexpr auto custom =
    "#!version:1.0.0.1\nuser_password = admin:hunter2\nlabel = {{EXTENSION_NAME}} at {{SERVER_NAME}}\n"
    "p = {{EXTENSION_PASSWORD}}\nurl = {{CONFIG_URL}}\n";

}  // namespace

TEST_CASE_METHOD(Past, "every file that was ever served can be made again, byte by byte") {
  fetch_and_remember();
  ask("PATCH", "/api/extensions/1001", R"({"name":"Ann <O'Neil> & \"Co\""})");
  fetch_and_remember();
  ask("PATCH", "/api/extensions/1001", R"({"password":"another-1001"})");
  fetch_and_remember();
  ask("PATCH", device, R"({"extension_number":"1002"})");
  fetch_and_remember();
  set_template("yealink_t46s.template", custom);
  fetch_and_remember();
  set([](config::Settings& settings) { settings.server.external_ip = "10.1.2.3"; });
  fetch_and_remember();
  restart();
  fetch_and_remember();
  set([](config::Settings& settings) { settings.server.server_name = "Desk"; });
  fetch_and_remember();
  drop_template("yealink_t46s.template");
  fetch_and_remember();
  ask("PATCH", device, R"({"vendor":"polycom","model":"vvx450"})");
  fetch_and_remember();
  ask("DELETE", device);
  REQUIRE(register_device("001565123456", "1001").status == 200 + 1);
  fetch_and_remember();

  std::size_t by_time = 0;
  for (const bool restarted : {false, true}) {
    if (restarted) restart();
    const auto served = then("served").json();
    REQUIRE(served.as_array().size() == remembered.size());
    for (std::size_t i = 0; i < remembered.size(); ++i) {
      CAPTURE(restarted, i);
      const auto& record = served.at(remembered.size() - 1 - i);
      const auto& got = remembered[i];
      CHECK(std::string_view(record.at("etag").as_string()) == got.header("etag"));
      const auto at = std::to_string(record.at("position").as_int64());
      const auto raw = config(at, "&secrets=true&raw=true");
      REQUIRE(raw.status == 200);
      CHECK(raw.body == got.body);
      CHECK(raw.header("etag") == got.header("etag"));
      CHECK(raw.header("cache-control") == "no-store");
      // By its time as it is shown, too, where nothing else happened in that millisecond.
      const std::string time(record.at("time").as_string());
      const auto next = log->read_all(Position{static_cast<std::uint64_t>(record.at("position").as_int64())}, 1);
      const bool alone = next->empty() || to_iso8601(next->front().time) != time;
      const auto shown = config(alone ? time : at).json();
      CHECK(std::string_view(shown.at("etag").as_string()) == got.header("etag"));
      by_time += alone ? 1 : 0;
      CHECK(shown.at("exact").as_bool());
      CHECK(shown.at("size").as_int64() == static_cast<std::int64_t>(got.body.size()));
    }
  }
  CHECK(by_time > 0);
}

TEST_CASE_METHOD(Past, "a fetch that a change overtook on its way into the log is still the file that was sent") {
  fetch_and_remember();
  const auto newest = log->read_back(next(log->last_position()), 2);  // the fetch, and where it enrolled the device
  const auto fetched = std::ranges::find(*newest, ConfigServed::type, &Record::type);
  REQUIRE(fetched != newest->end());
  auto overtaken = *fetched;
  ask("PATCH", "/api/extensions/1001", R"({"name":"Anna","password":"another-1001"})");
  set([](config::Settings& settings) { settings.server.server_name = "Desk"; });
  const auto append = [&](const std::string& etag) {
    overtaken.id = services->ids.next();
    const auto was = remembered[0].header("etag");
    if (const auto at = overtaken.data.find(was.substr(1, was.size() - 2)); at != std::string::npos)
      overtaken.data.replace(at, was.size() - 2, etag.substr(1, etag.size() - 2));
    REQUIRE(append_and_wait(*log, {overtaken.stream, ExpectedVersion::any(), {overtaken}, {}, {}}));
    return end();
  };
  const auto at = append(remembered[0].header("etag"));
  const auto raw = config(at, "&secrets=true&raw=true");
  CHECK(raw.body == remembered[0].body);
  CHECK(raw.header("etag") == remembered[0].header("etag"));
  const auto shown = config(at).json();
  CHECK(shown.at("exact").as_bool());
  CHECK_THAT(std::string(shown.at("note").as_string()), ContainsSubstring("on its way"));
  CHECK(config(end()).json().at("note").is_null());  // that of the disclosure, which is no fetch

  // What was sent by a release that rendered otherwise is not passed off as the same.
  const auto unknown = config(append("\"00000000000000000000000000000000\"")).json();
  CHECK_FALSE(unknown.at("exact").as_bool());
  CHECK_THAT(std::string(unknown.at("note").as_string()), ContainsSubstring("cannot be made again"));
}

TEST_CASE_METHOD(Past, "secrets are masked, an administrator who asks for them is on record before") {
  fetch_and_remember();
  set_template("yealink_t46s.template", custom);
  fetch_and_remember();
  for (const auto* role : {"viewer", "operator", "admin"}) {
    const auto bearer = token(role[0] == 'v' ? Role::viewer : role[0] == 'o' ? Role::operator_ : Role::admin);
    for (const auto* what : {"/config", "/explain", "/served", "/config?raw=true", "/diff?from=1"}) {
      const auto reply = as(bearer, "GET", std::string(device) + what);
      CAPTURE(role, what, reply.body);
      CHECK(reply.status == (what[1] == 'd' ? 404 : 200));
      CHECK(reply.body.find("s3cret") == std::string::npos);
      CHECK(reply.body.find("hunter2") == std::string::npos);
    }
    if (role[0] != 'a') CHECK(as(bearer, "GET", std::string(device) + "/config?secrets=true").status == 403);
  }
  CHECK(as(token(Role::user), "GET", std::string(device) + "/config").status == 403);
  CHECK(as("", "GET", std::string(device) + "/config").status == 401);
  CHECK(disclosures() == 0);
  const auto masked = then("config").json();
  CHECK(masked.at("secrets").as_string() == "masked");
  CHECK_THAT(std::string(masked.at("config").as_string()), ContainsSubstring("user_password = ********"));

  const auto at = end();
  const auto shown = config("pos:" + at, "&secrets=true").json();
  CHECK(shown.at("secrets").as_string() == "shown");
  CHECK(std::string_view(shown.at("config").as_string()) == remembered.back().body);
  REQUIRE(disclosures() == 1);
  const auto record = events().back();
  CHECK(record.by == "admin:admin");
  CHECK(record.stream.text() == "device-activity/001565123456");
  CHECK_THAT(record.data, ContainsSubstring("\"at\":" + at));
  for (const auto& event : events()) {
    CHECK(event.data.find("s3cret") == std::string::npos);
    CHECK(event.data.find("hunter2") == std::string::npos);
  }
}

TEST_CASE_METHOD(Past, "a deleted extension's password is gone: the file says so, and is shown masked") {
  fetch_and_remember();
  const auto before = end();
  delete_extension("1001");
  const auto reply = config(before, "&secrets=true").json();
  CHECK_FALSE(reply.at("exact").as_bool());
  CHECK(reply.at("etag").is_null());
  CHECK(reply.at("secrets").as_string() == "destroyed");
  CHECK_THAT(std::string(reply.at("note").as_string()), ContainsSubstring("deleted"));
  CHECK_THAT(std::string(reply.at("config").as_string()),
             ContainsSubstring("account.1.label = Ann\n") && ContainsSubstring("account.1.password = ********\n"));
  CHECK(disclosures() == 0);  // nothing was

  auto gone = then("config");
  CHECK(gone.status == 404);
  CHECK(gone.code() == "extension_not_found_then");
  CHECK_THAT(gone.body, ContainsSubstring("deleted at") && ContainsSubstring("admin:admin"));

  // Another one of that number is another one; that the password is not the same shows.
  create_extension("1001", "Ann", "s3cret-1001");
  const auto diff = then("diff", "?from=" + before).json();
  REQUIRE(diff.at("changes").as_array().size() == 1);
  CHECK(change_of(diff, "account.1.password").at("secret").as_bool());
  CHECK_FALSE(diff.at("identical").as_bool());
}

TEST_CASE_METHOD(Past, "what was not there then is said, with when it was") {
  const auto all = events();
  const auto registered =
      std::find_if(all.begin(), all.end(), [](const auto& r) { return r.type == "device.registered"; });
  const auto at = number(registered->position);
  auto reply = config(std::to_string(at - 1));
  CHECK(reply.status == 404);
  CHECK(reply.code() == "device_not_registered_then");
  CHECK(reply.json().at("details").at("registered").at("position").as_int64() == static_cast<std::int64_t>(at));
  CHECK(config(std::to_string(at)).status == 200);
  ask("DELETE", device);
  CHECK(config("now").code() == "device_not_registered_then");
  CHECK_THAT(config("now").body, ContainsSubstring("unregistered"));
  CHECK(config(std::to_string(at)).status == 200);
  CHECK(then("served").json().as_array().empty());  // it was registered once, and never fetched

  reply = ask("GET", "/api/provisioning/devices/001565999999/config");
  CHECK(reply.code() == "device_not_found");
  CHECK(ask("GET", "/api/provisioning/devices/001565999999/served").code() == "device_not_found");
  CHECK(config("2001-01-01T00:00Z").code() == "before_the_log");
  CHECK(config("2999-01-01T00:00Z").code() == "not_yet");
  CHECK(config("999999").status == 422);
  CHECK(config("0").code() == "before_the_log");
  CHECK(config("yesterday").code() == "bad_point_in_time");
  CHECK(config("now", "&secrets=perhaps").code() == "bad_flag");
  CHECK(then("diff").code() == "missing_parameter");
  CHECK(ask("GET", "/api/provisioning/devices/zz/config").status == 400);
}

TEST_CASE_METHOD(Past, "while provisioning is off no phone would have got a file") {
  const auto on = end();
  set([](config::Settings& settings) { settings.provisioning.enabled = false; });
  CHECK(config("now").code() == "provisioning_disabled_then");
  CHECK(config(on).status == 200);
}

TEST_CASE_METHOD(House, "of the time before templates were recorded only what was served is known") {
  create_extension("1001", "Ann");
  REQUIRE(register_device("001565123456", "1001").status == 201);
  CHECK(fetch(file).status == 200);
  REQUIRE(recorded(1));
  CHECK(ask("GET", std::string(device) + "/config").code() == "not_recorded_then");
  CHECK(ask("GET", std::string(device) + "/served").json().as_array().size() == 1);
  publish_from_now_on();
  CHECK(ask("GET", std::string(device) + "/config").status == 200);
}

TEST_CASE_METHOD(Past, "what was served is listed newest first, by page") {
  for (int i = 0; i < 5; ++i) fetch_and_remember();
  CHECK(
      fetch(file, "If-None-Match: " + remembered[0].header("etag") + "\r\n" + "User-Agent: Yealink T46S\r\n").status ==
      304);
  REQUIRE(recorded(6));
  auto page = then("served", "?limit=4");
  CHECK(page.header("x-total-count") == "6");
  auto list = page.json();
  REQUIRE(list.as_array().size() == 4);
  CHECK(list.at(0).at("status").as_int64() == 304);
  CHECK(list.at(0).at("user_agent").as_string() == "Yealink T46S");
  CHECK(list.at(0).at("ip_address").as_string() == "127.0.0.1");
  CHECK(list.at(0).at("path").as_string() == file);
  CHECK(list.at(0).at("causation_id").is_null());
  CHECK(list.at(0).at("position").as_int64() > list.at(1).at("position").as_int64());
  const auto link = page.header("link");
  const auto next = link.substr(1, link.find('>') - 1);
  page = ask("GET", next);
  CHECK(page.json().as_array().size() == 2);
  CHECK(page.json().at(0).at("position").as_int64() < list.at(3).at("position").as_int64());
  CHECK(page.header("link").empty());
  CHECK(then("served", "?limit=0").code() == "bad_limit");
  CHECK(then("served", "?limit=1001").code() == "bad_limit");
  CHECK(then("served", "?cursor=x").code() == "bad_cursor");
}

TEST_CASE_METHOD(Past, "of what was served long ago the summary of the day is shown, and says so") {
  for (int i = 0; i < 4; ++i) fetch_and_remember();
  CHECK(fetch("/provision/001565999999.cfg").status == 404);
  REQUIRE(recorded(5));
  const auto first = then("served").json().at(3);
  IdSource ids;
  history::Retention::World with{*log, ids, [] { return system_now() + std::chrono::days(200); }};
  with.times = [] { return history::RetentionTimes{std::chrono::days(90), std::chrono::days(90)}; };
  with.served_since = [this](const MacAddress& mac, Timestamp time) {
    return services->device_rows.find(mac)->activity.last_provisioned > time;
  };
  with.fold = [this](const std::vector<FoldedRecord>& records, const MakeSummary& make) {
    return log->fold(records, make);
  };
  history::Retention retention(std::move(with), {.drive = Drive::by_hand});
  CHECK(retention.run_once().value() == 4);

  const auto reply = then("served");
  CHECK(reply.header("x-total-count") == "2");
  const auto list = reply.json();
  REQUIRE(list.as_array().size() == 2);
  CHECK(list.at(0).at("status").as_int64() == 200);  // the last fetch is never folded
  const auto& folded = list.at(1);
  CHECK(folded.at("folded").as_bool());
  CHECK(folded.at("position") == first.at("position"));
  CHECK(folded.at("time") == first.at("time"));
  CHECK(folded.at("fetches").as_int64() == 3);
  CHECK(folded.at("not_modified").as_int64() == 0);
  CHECK(folded.at("etag") == first.at("etag"));
  CHECK(folded.at("day").as_string() == first.at("time").as_string().subview(0, 10));
  CHECK_THAT(std::string(folded.at("note").as_string()), ContainsSubstring("history/summaries"));
  // The file itself can be made again as before, by its position too.
  CHECK(config(std::to_string(first.at("position").as_int64()), "&raw=true").status == 200);

  const auto summary = ask("GET", "/api/events?after=0&stream=history/summaries").json();
  REQUIRE(summary.as_array().size() == 2);
  CHECK(summary.at(0).at("type").as_string() == "strowger.history.day_summarized.v2");
  CHECK(summary.at(1).at("data").at("unknown_macs").at("001565999999").as_int64() == 1);
  const auto events = ask("GET", "/api/events?after=0&stream=device/001565123456").json();
  REQUIRE(events.as_array().size() == 6);  // no version is missing
  CHECK(events.at(1).at("type").as_string() == "strowger.history.folded.v1");
  CHECK(events.at(1).at("data").at("was").as_string() == "device.config_served");
  CHECK(events.at(2).at("type").as_string() == "strowger.device.enrolled.v1");
  CHECK(events.at(5).at("type").as_string() == "strowger.device.config_served.v2");
  const auto statistics = ask("GET", "/api/provisioning/diagnostics").json().at("statistics");
  CHECK(statistics.at("total_requests").as_int64() == 5);
}

TEST_CASE_METHOD(Past, "diagnostics tell whom retention waits for, who missed events, and what to do") {
  CHECK(ask("GET", "/api/provisioning/diagnostics").json().at("retention").at("held").is_null());
  history::RetentionStatus status;
  const auto due = parse_iso8601("2026-01-02T00:00:00Z").value();
  status.held = history::RetentionHold{"kafka", Position{11}, Position{12}, 13, due, due + std::chrono::days(7)};
  status.missed["kafka"] = {3, 9, 7, 8, system_now()};
  status.missed["of long ago"] = {1, 2, 2, 2, system_now() - std::chrono::days(31)};
  services->retention = [status] { return status; };
  const auto told = ask("GET", "/api/provisioning/diagnostics").json();
  CHECK(told.at("retention").at("held").at("reader").as_string() == "kafka");
  CHECK(told.at("retention").at("held").at("events").as_int64() == 13);
  CHECK(told.at("retention").at("missed").as_array().size() == 2);
  const auto warnings = boost::json::serialize(told.at("warnings"));
  CHECK_THAT(warnings, ContainsSubstring("Retention waits for kafka") && ContainsSubstring("2026-01-09T00:00:00"));
  CHECK_THAT(warnings, ContainsSubstring("7 events from position 3 to 9 were folded before kafka"));
  CHECK_THAT(warnings, !ContainsSubstring("of long ago"));
}

TEST_CASE_METHOD(Past, "a diff tells what changed between two points, key by key, else line by line") {
  fetch_and_remember();
  const auto before = end();
  CHECK(then("diff", "?from=" + before).json().at("identical").as_bool());
  ask("PATCH", "/api/extensions/1001", R"({"name":"Anna","password":"another-1001"})");
  set([](config::Settings& settings) { settings.server.external_ip = "10.1.2.3"; });
  const auto reply = then("diff", "?from=" + before + "&to=now");
  REQUIRE(reply.status == 200);
  CHECK(reply.body.find("another-1001") == std::string::npos);
  auto diff = reply.json();
  CHECK_FALSE(diff.at("identical").as_bool());
  CHECK(std::string_view(diff.at("from").at("etag").as_string()) == remembered[0].header("etag"));
  CHECK(change_of(diff, "account.1.label").at("before").as_string() == "Ann");
  CHECK(change_of(diff, "account.1.label").at("after").as_string() == "Anna");
  CHECK(change_of(diff, "account.1.sip_server.1.address").at("after").as_string() == "10.1.2.3");
  const auto& password = change_of(diff, "account.1.password");
  CHECK(password.at("secret").as_bool());
  CHECK(password.at("before").as_string() == "********");
  CHECK(password.at("after").as_string() == "********");
  CHECK(diff.at("lines").as_array().empty());

  set_template("yealink_t46s.template", "#!version:1.0.0.1\n# one\na = {{SIP_PORT}}\n");
  const auto one = end();
  set_template("yealink_t46s.template", "#!version:1.0.0.1\n# two\na = {{SIP_PORT}}\n");
  diff = then("diff", "?from=" + one).json();
  CHECK(diff.at("changes").as_array().empty());
  CHECK_FALSE(diff.at("identical").as_bool());
  REQUIRE(diff.at("lines").as_array().size() == 2);
  CHECK(diff.at("lines").at(0).at("text").as_string() == "# one");
  CHECK(diff.at("lines").at(1).at("change").as_string() == "added");

  const auto two = end();
  ask("PATCH", device, R"({"vendor":"polycom","model":"vvx450"})");  // another grammar
  diff = then("diff", "?from=" + two).json();
  CHECK(diff.at("changes").as_array().empty());
  CHECK(diff.at("lines").as_array().size() > 10);
}

TEST_CASE_METHOD(Past, "explain names the level, the template line, the event and the author of each key") {
  ask("PATCH", "/api/extensions/1001", R"({"name":"Anna"})");
  const auto renamed = events().back();
  set([](config::Settings& settings) { settings.server.external_ip = "10.1.2.3"; });
  const auto moved = events().back();
  auto explained = then("explain").json();
  const auto& label = key_of(explained, "account.1.label");
  CHECK(label.at("value").as_string() == "Anna");
  CHECK(label.at("level").as_string() == "extension");
  CHECK(label.at("template_text").as_string() == "account.{{LINE}}.label = {{LINE_LABEL}}");
  const auto& event = label.at("sources").at(0).at("event");
  CHECK(event.at("position").as_int64() == static_cast<std::int64_t>(number(renamed.position)));
  CHECK(event.at("by").as_string() == "admin:admin");
  CHECK(event.at("type").as_string() == "extension.changed");
  const auto& address = key_of(explained, "account.1.sip_server.1.address");
  CHECK(address.at("level").as_string() == "settings");
  CHECK(address.at("sources").at(0).at("event").at("position").as_int64() ==
        static_cast<std::int64_t>(number(moved.position)));
  CHECK(address.at("sources").at(0).at("event").at("by").as_string() == "system");
  CHECK(key_of(explained, "account.1.user_name").at("level").as_string() == "device");
  CHECK(key_of(explained, "account.1.enable").at("level").as_string() == "built_in_template");
  CHECK(key_of(explained, "account.1.password").at("value").as_string() == "********");

  set_template("yealink_t46s.template", custom);
  explained = then("explain").json();
  CHECK(key_of(explained, "user_password").at("level").as_string() == "custom_template");
  CHECK(key_of(explained, "user_password").at("template_text").as_string() == "********");
  CHECK(key_of(explained, "label").at("placeholders").as_array().size() == 2);
  // As it was before.
  explained = then("explain", "?at=" + std::to_string(number(renamed.position) - 1)).json();
  CHECK(key_of(explained, "account.1.label").at("value").as_string() == "Ann");
}
