#include "actors/provisioning/phone_settings.hpp"

#include "actors/provisioning/vocabulary.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace strowger;
using namespace strowger::provisioning;

namespace {

using Is = SettingInput::Is;

Result<std::string> taken(std::string_view name, SettingInput input) {
  const auto* type = find_setting(name);
  REQUIRE(type != nullptr);
  return canonical(*type, input);
}

Result<std::string> taken(std::string_view name, std::string value) {
  return taken(name, SettingInput{Is::text, std::move(value), {}});
}

}  // namespace

TEST_CASE("every setting has a name of its own and a default that it takes") {
  std::set<std::string_view> names;
  for (const auto& type : setting_types()) {
    CAPTURE(std::string(type.name));
    CHECK(names.insert(type.name).second);
    CHECK_FALSE(type.meaning.empty());
    if (type.fallback.empty() || type.kind == SettingKind::codecs) continue;
    CHECK(taken(type.name, std::string(type.fallback)).value() == type.fallback);
  }
}

TEST_CASE("good values are taken") {
  CHECK(taken("timezone", "Europe/Berlin").value() == "Europe/Berlin");
  CHECK(taken("ntp_server", "ntp.example.com").value() == "ntp.example.com");
  CHECK(taken("ntp_server", "2001:db8::1").value() == "2001:db8::1");
  CHECK(taken("transport", "tls").value() == "tls");
  CHECK(taken("vlan_id", {Is::number, "100", {}}).value() == "100");
  CHECK(taken("vlan_id", "0100").value() == "100");
  CHECK(taken("voicemail_number", "*97").value() == "*97");
  CHECK(taken("firmware_url", "https://fw.example.com/a.rom").value() == "https://fw.example.com/a.rom");
  CHECK(taken("codecs", {Is::list, {}, {"pcma", "g722"}}).value() == "pcma,g722");
  CHECK(taken("admin_password", "s3cret & <more>").value() == "s3cret & <more>");
}

TEST_CASE("a bad value is refused with its key, what was expected and the nearest") {
  struct Row {
    std::string name;
    SettingInput input;
    std::string says;
    std::string nearest;
  };
  const std::vector<Row> rows{
      {"timezone", {Is::text, "Europe/Berlim", {}}, "IANA", "Europe/Berlin"},
      {"transport", {Is::text, "tlss", {}}, "one of udp, tcp or tls", "tls"},
      {"time_format", {Is::number, "13", {}}, "one of 12 or 24", "12"},
      {"vlan_id", {Is::number, "4095", {}}, "from 1 to 4094", ""},
      {"vlan_id", {Is::text, "12x", {}}, "whole number", ""},
      {"codecs", {Is::text, "g722", {}}, "a list of codecs", ""},
      {"codecs", {Is::list, {}, {}}, "a list of codecs", ""},
      {"codecs", {Is::list, {}, {"g711"}}, "a list of codecs", ""},
      {"codecs", {Is::list, {}, {"g722", "g722"}}, "once", ""},
      {"ntp_server", {Is::text, "not a host", {}}, "host", ""},
      {"firmware_url", {Is::text, "file:///etc/passwd", {}}, "URL", ""},
      {"firmware_url", {Is::text, "http://", {}}, "URL", ""},
      {"voicemail_number", {Is::text, "a b", {}}, "dial", ""},
      {"phonebook_name", {Is::text, "two\nlines", {}}, "one line", ""},
      {"phonebook_name", {Is::text, "\xFF", {}}, "one line", ""},
      {"phonebook_name", {Is::text, "", {}}, "one line", ""},
      {"phonebook_name", {Is::other, "", {}}, "one line", ""},
      {"admin_password", {Is::text, std::string(129, 'x'), {}}, "128", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name, row.input.text);
    const auto refused = taken(row.name, row.input);
    REQUIRE_FALSE(refused);
    const auto& error = refused.error();
    CHECK(error.code == "bad_setting");
    CHECK(error.details.at("key").as_string() == row.name);
    CHECK_THAT(error.message, ContainsSubstring(row.says));
    if (!row.nearest.empty()) CHECK(error.details.at("nearest").as_string() == row.nearest);
  }
  CHECK_THAT(taken("admin_password", "x\ny").error().message, !ContainsSubstring("x\ny"));
  CHECK_THAT(unknown_setting("time_zone").message, ContainsSubstring("timezone"));
}

TEST_CASE("keys are checked by their type") {
  CHECK(checked_key(5, {"blf", "1002", "Bob", 0, "*8"}, 16));
  CHECK(checked_key(5, {"dnd", "", "", 0, ""}, {}));
  CHECK_THAT(checked_key(5, {"blff", "1002", "", 0, ""}, {}).error().message, ContainsSubstring("blf"));
  CHECK(checked_key(5, {"blff", "1002", "", 0, ""}, {}).error().details.at("key").as_string() == "keys.5");
  CHECK_THAT(checked_key(5, {"speed_dial", "", "", 0, ""}, {}).error().message, ContainsSubstring("needs a value"));
  CHECK_THAT(checked_key(5, {"line", "", "", 3, ""}, 2).error().message, ContainsSubstring("2 lines"));
  CHECK_FALSE(checked_key(5, {"blf", "10\n02", "", 0, ""}, {}));
  CHECK(key_number("keys.5") == 5);
  for (const auto* bad : {"keys.", "keys.0", "keys.05", "keys.x", "keys.513", "keys.99999", "ntp_server"})
    CHECK_FALSE(key_number(bad));
}

TEST_CASE("the most particular level counts, and nothing is lost below") {
  PhoneSettingsRow global{SettingsLevel::global, "", {}, {}, {}};
  PhoneSettingsRow site{SettingsLevel::site, "berlin", {}, {}, {}};
  PhoneSettingsRow device{SettingsLevel::device, "001565123456", {}, {}, {}};
  global.settings["ntp_server"].value = "a.example.com";
  global.settings["timezone"].value = "UTC";
  global.settings["keys.1"].key = PhoneKey{"blf", "1001", "", 0, ""};
  global.settings["keys.12"].key = PhoneKey{"blf", "1012", "", 0, ""};
  site.settings["timezone"].value = "Europe/Berlin";
  device.settings["keys.1"].key = PhoneKey{"speed_dial", "112", "", 0, ""};
  device.settings["admin_password"].secret.text = "sealed";
  const PhoneSettingsRow* layers[] = {&global, &site, nullptr, nullptr, &device};
  const auto settings = effective(layers);
  CHECK(settings.at("ntp_server").level == SettingsLevel::global);
  CHECK(settings.at("timezone").level == SettingsLevel::site);
  CHECK(settings.at("keys.1").level == SettingsLevel::device);
  CHECK(settings.at("keys.12").level == SettingsLevel::global);

  const auto values =
      phone_values(settings, [](const SealedSecret& s) { return Result<std::string>("open " + s.text); });
  REQUIRE(values);
  CHECK(values->set.at("timezone") == "Europe/Berlin");
  CHECK(values->set.at("admin_password") == "open sealed");
  CHECK(values->keys.at(1).value == "112");
  CHECK(values->keys.at(12).value == "1012");
  CHECK_FALSE(phone_values(settings, [](const SealedSecret&) { return Result<std::string>(internal_error("x")); }));
}

TEST_CASE("a placeholder knows the setting behind it") {
  CHECK(setting_behind("TIMEZONE_OFFSET_SECONDS") == "timezone");
  CHECK(setting_behind("DST_START_HOUR") == "timezone");
  CHECK(setting_behind("CODEC_3") == "codecs");
  CHECK(setting_behind("TRANSPORT_TLS") == "transport");
  CHECK(setting_behind("OUTBOUND_PROXY_PORT") == "outbound_proxy_port");
  CHECK(setting_behind("REGISTER_EXPIRES_MINUTES") == "register_expires");
  CHECK(setting_behind("SIP_SERVER").empty());
  CHECK(is_secret_placeholder("LINES[2].EXTENSION_PASSWORD"));
  CHECK(is_secret_placeholder("ADMIN_PASSWORD"));
  CHECK_FALSE(is_secret_placeholder("EXTENSION_NAME"));
}
