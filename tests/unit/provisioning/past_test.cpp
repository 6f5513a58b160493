#include "actors/provisioning/past.hpp"

#include "actors/provisioning/explain.hpp"
#include "actors/provisioning/point_in_time.hpp"
#include "actors/provisioning/recorded.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/provisioning/fixture.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::provisioning;
using namespace strowger::provisioning::test;

namespace {

const auto mac = MacAddress::parse("001565123456").value();
const auto ann = ExtensionNumber::parse("1001").value();
const auto bob = ExtensionNumber::parse("1002").value();

// Hands events to all that fold them, at rising positions.
struct Story {
  Past past;
  std::uint64_t position = 0;

  void tell(const Event& event, const std::string& by = "admin:ann") {
    Envelope envelope;
    envelope.position = Position{++position};
    envelope.time = Timestamp(std::chrono::seconds(position));
    envelope.by = by;
    envelope.event = event;
    past.device.apply(envelope);
    past.extension.apply(envelope);
    past.settings.apply(envelope);
    past.published.apply(envelope);
  }
};

std::uint64_t at(const Origin& origin) {
  return number(origin.position);
}

Timestamp time(std::string_view text) {
  return parse_iso8601(text).value();
}

}  // namespace

TEST_CASE("each part of the past comes from the event that last changed it") {
  Story story;
  story.tell(ExtensionCreated{ann, "Ann", "", true, SealedSecret{"p1"}});
  story.tell(DeviceRegistered{mac, ann, "yealink", "t46s", false});
  story.tell(DeviceRegistered{mac, bob, "yealink", "t46s", true});
  story.tell(ExtensionChanged{ann, {}, "a@example.com", {}});
  story.tell(ExtensionChanged{ann, "Anna", {}, {}});
  story.tell(ExtensionPasswordChanged{ann, SealedSecret{"p2"}});
  const auto& past = story.past;
  CHECK(past.device.registered);
  CHECK(at(past.device.registration) == 2);
  CHECK(past.device.extension.value == bob);
  CHECK(at(past.device.extension.origin) == 3);
  CHECK(at(past.device.vendor.origin) == 2);
  CHECK(past.extension.name.value == "Anna");
  CHECK(at(past.extension.name.origin) == 5);
  CHECK(at(past.extension.password.origin) == 6);

  story.tell(DeviceUnregistered{mac, bob});
  CHECK_FALSE(past.device.registered);
  CHECK(at(*past.device.unregistration) == 7);
  story.tell(DeviceRegistered{mac, bob, "yealink", "t46s", false});
  CHECK(at(past.device.vendor.origin) == 8);  // another registration
  story.tell(ExtensionDeleted{ann, SealedSecret{"p2"}});
  CHECK_FALSE(past.extension.exists);
  CHECK(at(*past.extension.deletion) == 9);
}

TEST_CASE("a setting comes from the event that changed it, not from the last one") {
  Story story;
  SettingsApplied settings{true, "http://{{SERVER_IP}}/{mac}", "192.0.2.1", 8080, "192.0.2.1", 5060, "realm", "PBX"};
  story.tell(settings);
  settings.server_name = "Desk";
  story.tell(settings);
  CHECK(at(story.past.settings.origins.at("sip_port")) == 1);
  CHECK(at(story.past.settings.origins.at("server_name")) == 2);
  CHECK(*story.past.settings.value == settings);
}

TEST_CASE("explain names level, template line, event and author of each key, and no secret") {
  Story story;
  SettingsApplied settings{true, "http://{{SERVER_IP}}/{mac}", "192.0.2.1", 8080, "192.0.2.1", 5060, "realm", "PBX"};
  story.tell(settings, "system");
  const auto sources = renderer({{"yealink_t46s.template",
                                  "#!version:1.0.0.1\nuser_password = hunter2\naccount.1.label = {{EXTENSION_NAME}}\n"
                                  "p = {{EXTENSION_PASSWORD}}\nurl = {{CONFIG_URL}}\n"
                                  "account.1.server = {{SIP_SERVER}}\nfixed = 1\n"}})
                           ->in_force();
  const auto source = *std::find_if(sources.begin(), sources.end(), [](const auto& s) { return s.model == "t46s"; });
  story.tell(published(source), "system");
  story.tell(ExtensionCreated{ann, "Ann", "", true, SealedSecret{"p1"}}, "admin:ann");
  story.tell(DeviceRegistered{mac, ann, "yealink", "t46s", false}, "operator:bob");
  story.tell(ExtensionChanged{ann, "Anna", {}, {}}, "directory:ad");
  story.past.source = source;
  const auto file = take_apart(
      source, values_of(story.past, [](const SealedSecret&) { return Result<std::string>("s3cret"); }).value());
  REQUIRE(file);
  const auto explained = explain(story.past, *file).value();
  REQUIRE(explained.size() == 6);
  const auto& admin_password = explained[0];
  CHECK(admin_password.secret);
  CHECK(admin_password.level == "custom_template");
  CHECK(admin_password.template_text == mask);
  CHECK(at(admin_password.sources.at(0).origin) == 2);
  const auto& label = explained[1];
  CHECK(label.value == "Anna");
  CHECK(label.level == "extension");
  CHECK(label.template_line == 3);
  CHECK(label.template_text == "account.1.label = {{EXTENSION_NAME}}");
  CHECK(label.sources.at(0).what == "extension.name");
  CHECK(label.sources.at(0).origin.by == "directory:ad");
  CHECK(at(label.sources.at(0).origin) == 5);
  CHECK(label.sources.back().what == "template.text");
  CHECK(explained[2].value == mask);
  CHECK(explained[2].sources.at(0).what == "extension.password");
  CHECK(explained[3].level == "device");  // the URL ends with its MAC
  CHECK(explained[4].level == "settings");
  CHECK(explained[5].level == "custom_template");
  for (const auto& key : explained) {
    CHECK(key.value.find("s3cret") == std::string::npos);
    CHECK(key.value.find("hunter2") == std::string::npos);
    CHECK(key.template_text.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("every placeholder of a template has a source") {
  Story story;
  story.tell(SettingsApplied{true, "http://{{SERVER_IP}}/{mac}", "192.0.2.1", 8080, "192.0.2.1", 5060, "realm", "PBX"});
  const auto vocabulary = Vocabulary::device(*VendorValues::none());
  for (const auto& name : vocabulary.names()) {
    CAPTURE(name);
    const auto* word = vocabulary.find(name);
    if (word->kind == Word::Kind::list) continue;
    if (word->everywhere) CHECK_FALSE(sources_of(story.past, name).empty());
    for (const auto list : word->within) CHECK_FALSE(sources_of(story.past, std::string(list) + "[1]." + name).empty());
  }
}

TEST_CASE("a point in time is a position, now, or all of the smallest unit that is written") {
  CHECK(parse_point_in_time("12345")->position == Position{12345});
  CHECK(parse_point_in_time("pos:7")->position == Position{7});
  CHECK_FALSE(parse_point_in_time("now")->position);
  CHECK_FALSE(parse_point_in_time("")->until);
  CHECK(parse_point_in_time("2026-01-08T10:15Z")->until == time("2026-01-08T10:15:59.999999Z"));
  CHECK(parse_point_in_time("2026-01-08T10:15:00Z")->until == time("2026-01-08T10:15:00.999999Z"));
  CHECK(parse_point_in_time("2026-01-08T10:15:00.123Z")->until == time("2026-01-08T10:15:00.123999Z"));
  CHECK(parse_point_in_time("2026-01-08T10:15:00.123456Z")->until == time("2026-01-08T10:15:00.123456Z"));
  CHECK(parse_point_in_time("2026-01-08T10:15+01:00")->until == time("2026-01-08T09:15:59.999999Z"));
  CHECK(parse_point_in_time("2026-01-08T10:15:00 01:00")->until == time("2026-01-08T09:15:00.999999Z"));
  for (const auto* bad : {"yesterday", "pos:", "-1", "2026-01-08", "99999999999999999999999", "2026-13-08T10:15Z"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(parse_point_in_time(bad));
    CHECK(parse_point_in_time(bad).error().code == "bad_point_in_time");
  }
}
