#include "tests/phones/yealink_keys.hpp"

#include "tests/phones/grammar.hpp"
#include "tests/phones/lines.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace strowger::phones {
namespace {

const std::map<std::string_view, std::string_view>& yealink_key_types() {
  static const std::map<std::string_view, std::string_view> types{
      {"2", "forward"}, {"3", "transfer"},   {"5", "dnd"},          {"9", "pickup"},        {"10", "park"},
      {"11", "dtmf"},   {"12", "voicemail"}, {"13", "speed_dial"},  {"14", "intercom"},     {"15", "line"},
      {"16", "blf"},    {"17", "url"},       {"21", "shared_line"}, {"23", "group_pickup"}, {"24", "multicast"},
      {"25", "record"}, {"38", "ldap"},      {"39", "blf_list"}};
  return types;
}

std::optional<Key> yealink_key(const KeyValueLines& file, const std::string& prefix, bool blf_from_0 = false) {
  Key key;
  key.type = word_for(yealink_key_types(), value_of(file, prefix + "type"));
  if (key.type.empty()) return std::nullopt;
  key.value = value_of(file, prefix + "value");
  if (key.value == "%NULL%") key.value.clear();
  key.label = value_of(file, prefix + "label");
  if (key.label == "%NULL%") key.label.clear();
  key.line = value_of(file, prefix + "line");
  if (key.type == "blf" && blf_from_0) key.line = std::to_string(std::atoi(key.line.c_str()) + 1);
  if (key.type == "blf") key.pickup = value_of(file, prefix + "extension");
  if (key.pickup == "%NULL%") key.pickup.clear();
  return key;
}

// +5:45, -3, 0.
int yealink_offset(const std::string& text) {
  int hours = 0;
  int minutes = 0;
  std::sscanf(text.c_str(), "%d:%d", &hours, &minutes);
  const int sign = text.starts_with('-') ? -1 : 1;
  return sign * (std::abs(hours) * 3600 + minutes * 60);
}

// Type 1: month/week/weekday/hour, Monday 1 to Sunday 7; type 0: month/day/hour.
std::optional<Change> yealink_change(const std::string& text, bool by_week) {
  Change out;
  int a = 0;
  int b = 0;
  int c = 0;
  const int parts = std::sscanf(text.c_str(), "%d/%d/%d/%d", &out.month, &a, &b, &c);
  if (parts != (by_week ? 4 : 3)) return std::nullopt;
  out.by = by_week ? Change::By::week : Change::By::date;
  out.number = a;
  out.weekday = by_week ? b % 7 : 0;
  out.hour = by_week ? c : b;
  return out;
}

}  // namespace

std::string yealink_value(const KeyValueLines& file, const std::string& key) {
  auto value = value_of(file, key);
  return value == "%NULL%" ? std::string() : value;
}

DialPlan yealink_dial_plan(const KeyValueLines& file, const std::string& prefix) {
  std::vector<std::string> rules;
  for (int number = 1; number <= 100; ++number) {
    auto rule = yealink_value(file, prefix + std::to_string(number));
    rule = rule.substr(0, rule.find(','));  // 112,0: behind it the account, 0 for all
    if (!rule.empty()) rules.push_back(std::move(rule));
  }
  return [rules](std::string_view number) {
    const bool at_once =
        std::any_of(rules.begin(), rules.end(), [&](const auto& rule) { return fits_keys(rule, number); });
    return at_once ? Dialled::at_once : Dialled::after_the_timer;
  };
}

std::string yealink_transport(const std::string& code) {
  return word_for({{"0", "udp"}, {"1", "tcp"}, {"2", "tls"}}, code);
}

std::string yealink_codecs(const KeyValueLines& file, const std::string& account,
                           const std::map<std::string, std::string>& names) {
  std::map<int, std::string> by_priority;
  for (const auto& [theirs, ours] : names) {
    const auto codec = "account." + account + ".codec." + theirs + ".";
    if (value_of(file, codec + "enable") == "1")
      by_priority[std::atoi(value_of(file, codec + "priority").c_str())] = ours;
  }
  std::string out;
  for (const auto& [priority, name] : by_priority) out += (out.empty() ? "" : ",") + name;
  return out;
}

void yealink_clock(const KeyValueLines& file, Clock& clock) {
  clock.ntp = yealink_value(file, "local_time.ntp_server1");
  clock.hours = word_for({{"0", "12"}, {"1", "24"}}, value_of(file, "local_time.time_format"));
  const auto zone = yealink_value(file, "local_time.time_zone");
  if (zone.empty()) return;
  clock.offset = yealink_offset(zone);
  if (value_of(file, "local_time.summer_time") != "1") return;
  const bool by_week = value_of(file, "local_time.dst_time_type") == "1";
  clock.start = yealink_change(value_of(file, "local_time.start_time"), by_week);
  clock.end = yealink_change(value_of(file, "local_time.end_time"), by_week);
  clock.saving = std::atoi(value_of(file, "local_time.offset_time").c_str()) * 60;
}

void yealink_keys(const KeyValueLines& file, std::uint16_t line_keys, bool blf_from_0, PhoneAsConfigured& phone) {
  for (std::uint16_t number = 1; number <= 512; ++number) {
    const bool memory = line_keys > 0 && number > line_keys;
    const auto place = memory ? "memorykey." + std::to_string(number - line_keys) : "linekey." + std::to_string(number);
    if (auto key = yealink_key(file, place + ".", blf_from_0)) phone.keys[number] = *key;
  }
  for (std::uint16_t module = 1; module <= 6; ++module)
    for (std::uint16_t number = 1; number <= 100; ++number)
      if (auto key =
              yealink_key(file, "expansion_module." + std::to_string(module) + ".key." + std::to_string(number) + "."))
        phone.module_keys[{module, number}] = *key;
}

void yealink_settings(const KeyValueLines& file, std::string (*get)(const KeyValueLines&, const std::string&),
                      PhoneAsConfigured& phone) {
  const auto put = [&](const char* ours, std::string value) {
    if (value != "%NULL%") phone.settings[ours] = std::move(value);
  };
  put("language", word_for({{"English", "en"},
                            {"Czech", "cs"},
                            {"German", "de"},
                            {"Spanish", "es"},
                            {"French", "fr"},
                            {"Italian", "it"},
                            {"Dutch", "nl"},
                            {"Polish", "pl"},
                            {"Portuguese", "pt"},
                            {"Russian", "ru"},
                            {"Slovenian", "sl"},
                            {"Turkish", "tr"},
                            {"Ukrainian", "uk"},
                            {"Chinese_S", "zh"}},
                           value_of(file, "lang.gui")));
  put("dial_timeout", value_of(file, "phone_setting.inter_digit_time"));
  if (get(file, "network.vlan.internet_port_enable") == "1") {
    put("vlan_id", get(file, "network.vlan.internet_port_vid"));
    put("vlan_priority", get(file, "network.vlan.internet_port_priority"));
  }
  const auto admin = get(file, "security.user_password");
  if (admin.starts_with("admin:")) put("admin_password", admin.substr(6));
  put("provisioning_user", get(file, "auto_provision.server.username"));
  put("provisioning_password", get(file, "auto_provision.server.password"));
  put("firmware_url", get(file, "firmware.url"));
  put("phonebook_url", value_of(file, "remote_phonebook.data.1.url"));
  put("phonebook_name", value_of(file, "remote_phonebook.data.1.name"));
  if (value_of(file, "ldap.enable") == "1") {
    put("ldap_server", value_of(file, "ldap.host"));
    put("ldap_port", value_of(file, "ldap.port"));
    put("ldap_base", value_of(file, "ldap.base"));
    put("ldap_user", value_of(file, "ldap.user"));
    put("ldap_password", value_of(file, "ldap.password"));
    put("ldap_name_filter", value_of(file, "ldap.name_filter"));
    put("ldap_number_filter", value_of(file, "ldap.number_filter"));
    put("ldap_name_attributes", value_of(file, "ldap.name_attr"));
    put("ldap_number_attributes", value_of(file, "ldap.numb_attr"));
  }
  put("syslog_server", get(file, "syslog.server"));
  phone.provisioning_url = get(file, "auto_provision.server.url");
}

}  // namespace strowger::phones
