// Snom phones: the Snom wiki's settings (user_*, dst, timezone, user_dp_str, fkey). idx of an identity counts from 1,
// that of a key from 0.
#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"
#include "tests/phones/readers.hpp"

#include <cstdio>
#include <cstdlib>
#include <regex>

namespace strowger::phones {
namespace {

// user_host[1], ntp_server: a setting with idx by both.
TextLines snom_settings(const pugi::xml_document& document) {
  TextLines out;
  for (const auto node : document.child("settings").child("phone-settings").children()) {
    const std::string index = node.attribute("idx").value();
    out[node.name() + (index.empty() ? "" : "[" + index + "]")] = node.child_value();
  }
  return out;
}

// |expression|replacement|flags: with d what fits is sent at once. Everything else goes out after auto_dial's seconds.
DialPlan snom_dial_plan(const TextLines& file) {
  if (std::atoi(value_of(file, "auto_dial").c_str()) == 0) return {};
  std::vector<std::regex> at_once;
  for (const auto& rule : split_text(value_of(file, "user_dp_str[1]"), ' ')) {
    const auto parts = split_text(rule, '|');
    if (parts.size() == 3 && parts[2].find('d') != std::string::npos) at_once.emplace_back(parts[0]);
  }
  return [at_once](std::string_view number) {
    for (const auto& expression : at_once)
      if (std::regex_search(std::string(number), expression)) return Dialled::at_once;
    return Dialled::after_the_timer;
  };
}

Account snom_account(const TextLines& file, const std::string& n) {
  const auto of = [&](const std::string& key) { return value_of(file, key + "[" + n + "]"); };
  Account out;
  const auto outbound = of("user_outbound");
  const auto semicolon = std::min(outbound.find(';'), outbound.size());
  const auto next = host_port(outbound.substr(0, semicolon));
  out.server = of("user_host");
  if (next.host == out.server) {
    out.port = next.port;
  } else {
    out.proxy = next.host;
    out.proxy_port = next.port;
  }
  out.transport = value_of(parts_of(outbound.substr(semicolon), ';'), "transport");
  out.user = of("user_name");
  out.auth = of("user_pname");
  out.password = of("user_pass");
  out.name = of("user_realname");
  out.label = of("user_idle_text");
  out.expires = of("user_expiry");
  out.srtp = of("user_srtp") == "off"
                 ? "off"
                 : word_for({{"optional", "optional"}, {"mandatory", "required"}}, of("user_savp"));
  const auto codecs = split_text(of("codec_priority_list"), ',');
  const bool events = !codecs.empty() && codecs.back() == "telephone-event";
  out.dtmf = of("user_dtmf_info") == "sip_info_only" ? "info" : events ? "rfc2833" : "inband";
  out.codecs = codec_names(codecs, {{"g722", "g722"},
                                    {"pcmu", "pcmu"},
                                    {"pcma", "pcma"},
                                    {"g729", "g729"},
                                    {"opus", "opus"},
                                    {"g726-32", "g726_32"}});
  out.voicemail = of("user_mailbox");
  return out;
}

// 3600 03.05.07 02:00:00 10.05.07 03:00:00: seconds; month, week (05 the last), weekday (Sunday 07), time; twice.
void snom_clock(const TextLines& file, Clock& clock) {
  clock.ntp = value_of(file, "ntp_server");
  clock.hours = word_for({{"off", "12"}, {"on", "24"}}, value_of(file, "time_24_format"));
  const auto zone = value_of(file, "timezone");
  if (const auto sign = zone.find_first_of("+-"); sign != std::string::npos)
    clock.offset = static_cast<int>(std::atof(zone.c_str() + sign) * 3600);
  Change start;
  Change end;
  if (std::sscanf(value_of(file, "dst").c_str(), "%d %d.%d.%d %d:%d:%*d %d.%d.%d %d:%d:%*d", &clock.saving,
                  &start.month, &start.number, &start.weekday, &start.hour, &start.minute, &end.month, &end.number,
                  &end.weekday, &end.hour, &end.minute) != 11)
    return;
  start.weekday %= 7;
  end.weekday %= 7;
  clock.start = start;
  clock.end = end;
}

const std::map<std::string_view, std::string_view>& snom_key_types() {
  static const std::map<std::string_view, std::string_view> types{{"line", "line"},
                                                                  {"mult", "shared_line"},
                                                                  {"blf", "blf"},
                                                                  {"speed", "speed_dial"},
                                                                  {"icom", "intercom"},
                                                                  {"orbit", "park"},
                                                                  {"dtmf", "dtmf"},
                                                                  {"redirect", "forward"},
                                                                  {"transfer", "transfer"},
                                                                  {"action_url", "url"},
                                                                  {"recorder", "record"},
                                                                  {"multicast", "multicast"},
                                                                  {"F_DND", "dnd"},
                                                                  {"F_VOICEMAIL_INFO", "voicemail"},
                                                                  {"F_DIRECTORY_SEARCH", "ldap"}};
  return types;
}

void snom_keys(const pugi::xml_document& document, PhoneAsConfigured& phone) {
  for (const auto node : document.child("settings").child("functionKeys").children("fkey")) {
    const std::string text = node.child_value();
    const auto blank = std::min(text.find(' '), text.size());
    auto type = text.substr(0, blank);
    auto value = text.substr(std::min(blank + 1, text.size()));
    if (type == "keyevent") type = std::exchange(value, "");
    Key key;
    key.type = word_for(snom_key_types(), type);
    if (key.type.empty()) continue;
    if (key.type == "blf") {
      const auto bar = std::min(value.find('|'), value.size());
      key.pickup = value.substr(std::min(bar + 1, value.size()));
      value = value.substr(0, bar);
      if (value.starts_with("sip:")) value = value.substr(4, value.find('@') - 4);
    }
    key.value = value;
    key.label = node.attribute("label").value();
    key.line = node.attribute("context").value();
    phone.keys[static_cast<std::uint16_t>(node.attribute("idx").as_uint() + 1)] = key;
  }
}

PhoneAsConfigured read_snom(const PhoneFile& phone_file) {
  const auto document = xml_of(phone_file.bytes);
  const auto file = snom_settings(document);
  PhoneAsConfigured out;
  for (std::uint16_t line = 1; line <= 64; ++line) {
    const auto n = std::to_string(line);
    if (value_of(file, "user_active[" + n + "]") == "on") out.accounts[line] = snom_account(file, n);
  }
  snom_clock(file, out.clock);
  snom_keys(document, out);
  out.dial_plan = snom_dial_plan(file);
  const auto book = value_of(file, "dkey_directory");
  put_settings(out, {{"language",
                      word_for({{"English", "en"}, {"Deutsch", "de"}, {"Français", "fr"}}, value_of(file, "language"))},
                     {"dial_timeout", value_of(file, "auto_dial")},
                     {"vlan_id", value_of(file, "vlan_id")},
                     {"vlan_priority", value_of(file, "vlan_qos")},
                     {"admin_password", value_of(file, "admin_mode_password")},
                     {"provisioning_user", value_of(file, "http_client_user")},
                     {"provisioning_password", value_of(file, "http_client_pass")},
                     {"firmware_url", value_of(file, "firmware")},
                     {"phonebook_url", book.starts_with("url ") ? book.substr(4) : ""},
                     {"syslog_server", value_of(file, "syslog_server")}});
  if (!value_of(file, "ldap_server").empty())
    put_settings(out, {{"ldap_server", value_of(file, "ldap_server")},
                       {"ldap_port", value_of(file, "ldap_port")},
                       {"ldap_base", value_of(file, "ldap_base")},
                       {"ldap_user", value_of(file, "ldap_username")},
                       {"ldap_password", value_of(file, "ldap_password")},
                       {"ldap_name_filter", value_of(file, "ldap_search_filter")},
                       {"ldap_number_filter", value_of(file, "ldap_number_filter")},
                       {"ldap_name_attributes", value_of(file, "ldap_name_attributes")},
                       {"ldap_number_attributes", value_of(file, "ldap_number_attributes")}});
  out.provisioning_url = value_of(file, "setting_server");
  return out;
}

}  // namespace

Reader snom_reader() {
  return {.read = read_snom, .gaps = [](const PhoneFile&) {
            return std::vector<Reader::Gap>{{"line.*.port", "the proxy stands where the port would"},
                                            {"phonebook_name", "the book names itself"},
                                            {"key.*.type", "a key that dials is the same for speed dial and pickup"}};
          }};
}

}  // namespace strowger::phones
