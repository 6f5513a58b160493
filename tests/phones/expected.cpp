#include "tests/phones/expected.hpp"

#include <algorithm>
#include <array>

namespace strowger::phones {
namespace {

using provisioning::DeviceValues;
using provisioning::Model;
using provisioning::Vendor;

constexpr std::uint16_t keys_where_unknown = 8;

// A choice for which the vendor has no word is not told to the phone.
std::string choice(const DeviceValues& values, const Vendor& vendor, std::string_view name) {
  const auto set = values.phone.set.find(name);
  const auto value = set != values.phone.set.end() ? set->second : vendor.values->fallback(name);
  return vendor.values->written(name, value).empty() ? std::string() : value;
}

std::string setting_or_default(const DeviceValues& values, std::string_view name) {
  const auto set = values.phone.set.find(name);
  if (set != values.phone.set.end()) return set->second;
  const auto* type = provisioning::find_setting(name);
  return type == nullptr ? std::string() : std::string(type->fallback);
}

std::string known_codecs(const DeviceValues& values, const Vendor& vendor) {
  const auto all = setting_or_default(values, "codecs");
  std::string_view rest = all;
  std::string out;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto name = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const auto& known = vendor.values->codecs();
    if (known.empty() || std::any_of(known.begin(), known.end(), [&](const auto& one) { return one.first == name; }))
      out += (out.empty() ? "" : ",") + std::string(name);
  }
  return out;
}

Account expected_account(const DeviceValues& values, const Vendor& vendor, const ExtensionNumber& number,
                         const std::string& name, const std::string& password, const std::string& label) {
  Account out;
  out.server = values.server.sip_server;
  out.port = std::to_string(values.server.sip_port);
  out.transport = choice(values, vendor, "transport");
  out.user = out.auth = number.text();
  out.password = password;
  out.name = name.empty() ? number.text() : name;
  out.label = label.empty() ? out.name : label;
  out.expires = setting_or_default(values, "register_expires");
  out.proxy = setting_or_default(values, "outbound_proxy");
  if (!out.proxy.empty()) out.proxy_port = setting_or_default(values, "outbound_proxy_port");
  out.srtp = choice(values, vendor, "srtp");
  out.dtmf = choice(values, vendor, "dtmf");
  out.codecs = known_codecs(values, vendor);
  out.voicemail = setting_or_default(values, "voicemail_number");
  return out;
}

Key expected_key(const PhoneKey& key, const PhoneAsConfigured& phone) {
  Key out{key.type, key.value, key.label, std::to_string(key.line == 0 ? 1 : key.line), {}};
  if (out.label.empty()) out.label = key.value;
  if (const auto line = phone.accounts.find(key.line == 0 ? std::uint16_t{1} : key.line);
      out.label.empty() && key.type == "line" && line != phone.accounts.end())
    out.label = line->second.label;
  if (key.type == "blf") out.pickup = key.pickup;
  return out;
}

}  // namespace

DeviceValues rich_configuration(const Vendor& vendor, const Model& model) {
  DeviceValues values;
  values.server = {"pbx.example.com", 5070, "strowger", "Strowger"};
  values.number = ExtensionNumber::parse("1001").value();
  values.name = "John Smith";
  values.password = "s3cret:P=ss/1";
  values.label = "Front desk";
  values.mac = MacAddress::from_bits(0x001565123456);
  values.config_url = "https://pbx.example.com:8443/provision/001565123456.cfg";
  const provisioning::ModelKind kind{vendor.values, model.lines, model.keys};
  const auto lines = std::min<std::uint16_t>(provisioning::line_limit(kind), 64);
  for (std::uint16_t line = 2; line <= lines; ++line) {
    if (line > 6 && line != lines) continue;
    const auto number = std::to_string(1000 + line);
    values.more_lines.push_back({line, ExtensionNumber::parse(number).value(), line == 3 ? "" : "Bob " + number,
                                 "s3cret-" + number, line == 4 ? "Hall " + number : ""});
  }
  values.phone.set = {{"timezone", "Europe/Berlin"},
                      {"ntp_server", "ntp.example.com"},
                      {"time_format", "24"},
                      {"language", "de"},
                      {"codecs", "pcma,g722"},
                      {"transport", "tcp"},
                      {"srtp", "optional"},
                      {"dtmf", "info"},
                      {"register_expires", "600"},
                      {"dial_timeout", "4"},
                      {"outbound_proxy", "edge.example.com"},
                      {"outbound_proxy_port", "5080"},
                      {"voicemail_number", "*97"},
                      {"vlan_id", "100"},
                      {"vlan_priority", "5"},
                      {"admin_password", "s3cret-A"},
                      {"provisioning_user", "phones"},
                      {"provisioning_password", "s3cret-F"},
                      {"firmware_url", "https://fw.example.com/a.rom"},
                      {"phonebook_url", "https://pb.example.com/book.xml"},
                      {"phonebook_name", "Company"},
                      {"ldap_server", "ldap.example.com"},
                      {"ldap_port", "636"},
                      {"ldap_base", "dc=example,dc=com"},
                      {"ldap_user", "cn=phone,dc=example,dc=com"},
                      {"ldap_password", "s3cret-L"},
                      {"syslog_server", "log.example.com"}};
  const auto most = model.keys.value_or(keys_where_unknown);
  std::uint16_t number = 0;
  for (const auto& line : values.more_lines) number = std::max(number, line.line);
  number = std::max<std::uint16_t>(number, 1);
  for (const auto& type : provisioning::key_kinds()) {
    if (vendor.values->key_code(type.name) == nullptr || number >= most) continue;
    ++number;
    const auto n = std::to_string(number);
    values.phone.keys[number] = {std::string(type.name), type.needs_value ? "20" + n : "",
                                 number % 3 == 0 ? "" : "Key " + n, std::uint16_t(lines > 1 && number % 2 == 0 ? 2 : 0),
                                 type.name == "blf" ? "*8" : ""};
    if (type.name == "url") values.phone.keys[number].value = "http://example.com/" + n;
    if (type.name == "multicast") values.phone.keys[number].value = "224.0.1.75:5001";
  }
  return values;
}

PhoneAsConfigured expected(const DeviceValues& values, const Vendor& vendor, const Model& model) {
  PhoneAsConfigured out;
  const provisioning::ModelKind kind{vendor.values, model.lines, model.keys};
  const auto limit = provisioning::line_limit(kind);
  if (limit > 0)
    out.accounts[1] = expected_account(values, vendor, values.number, values.name, values.password, values.label);
  for (const auto& line : values.more_lines)
    if (line.line <= limit)
      out.accounts[line.line] = expected_account(values, vendor, line.number, line.name, line.password, line.label);

  out.clock.ntp = setting_or_default(values, "ntp_server");
  out.clock.hours = choice(values, vendor, "time_format");
  if (setting_or_default(values, "timezone") == "Europe/Berlin") {
    out.clock.offset = 3600;
    out.clock.start = Change{3, Change::By::week, 5, 0, 2, 0};
    out.clock.end = Change{10, Change::By::week, 5, 0, 3, 0};
    out.clock.saving = 3600;
  }

  auto keys = values.phone.keys;
  for (const auto& [line, account] : out.accounts) keys.try_emplace(line, PhoneKey{"line", {}, {}, line, {}});
  for (const auto& [number, key] : keys) {
    if (key.type == "none" || vendor.values->key_code(key.type) == nullptr) continue;
    if (model.keys && number > *model.keys) continue;
    out.keys[number] = expected_key(key, out);
  }

  out.dial_plan = [](std::string_view number) {
    return number == "112" || number == "911" ? Dialled::at_once : Dialled::after_the_timer;
  };
  out.settings["language"] = choice(values, vendor, "language");
  for (const char* name : {"dial_timeout", "vlan_id", "admin_password", "firmware_url", "phonebook_url", "ldap_server",
                           "syslog_server", "provisioning_user"})
    out.settings[name] = setting_or_default(values, name);
  const auto with = [&](const char* main, std::initializer_list<const char*> others) {
    if (out.settings[main].empty()) return;
    for (const char* other : others) out.settings[other] = setting_or_default(values, other);
  };
  with("vlan_id", {"vlan_priority"});
  with("provisioning_user", {"provisioning_password"});
  with("phonebook_url", {"phonebook_name"});
  with("ldap_server", {"ldap_port", "ldap_base", "ldap_user", "ldap_password", "ldap_name_filter", "ldap_number_filter",
                       "ldap_name_attributes", "ldap_number_attributes"});
  out.provisioning_url = values.config_url;
  return out;
}

}  // namespace strowger::phones
