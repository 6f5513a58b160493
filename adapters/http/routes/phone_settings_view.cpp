#include "actors/provisioning/taken_apart.hpp"
#include "adapters/http/routes/phone_settings.hpp"

#include <charconv>

namespace strowger::http::routes {

namespace bj = boost::json;

bj::object key_view(const PhoneKey& key) {
  bj::object out{{"type", text(key.type)}};
  if (!key.value.empty()) out["value"] = text(key.value);
  if (!key.label.empty()) out["label"] = text(key.label);
  if (key.line != 0) out["line"] = key.line;
  if (!key.pickup.empty()) out["pickup"] = text(key.pickup);
  return out;
}

bj::value setting_value(const provisioning::SettingType& type, std::string_view value) {
  switch (type.kind) {
    case provisioning::SettingKind::secret:
      return text(provisioning::mask);
    case provisioning::SettingKind::number: {
      std::int64_t whole = 0;
      std::from_chars(value.data(), value.data() + value.size(), whole);
      return whole;
    }
    case provisioning::SettingKind::codecs: {
      bj::array list;
      while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        list.push_back(text(value.substr(0, comma)));
        value.remove_prefix(std::min(comma + 1, value.size()));
      }
      return list;
    }
    default:
      return text(value);
  }
}

namespace {

bool has_proxy(const PhoneSettingsProjection::RowPtr& row) {
  if (!row) return false;
  const auto found = row->settings.find("outbound_proxy");
  return found != row->settings.end() && !found->second.value.empty();
}

// TLS that ends here, and not at a proxy that the level or all phones have.
bool wants_tls_here(const Services& services, const PhoneSettingsRow& row) {
  const auto found = row.settings.find("transport");
  if (found == row.settings.end() || found->second.value != "tls") return false;
  return !has_proxy(std::make_shared<const PhoneSettingsRow>(row)) &&
         !has_proxy(services.phone_settings_rows.find(SettingsLevel::global, ""));
}

std::string no_tls(const std::string& whose) {
  return "transport is tls for " + whose +
         ", but this server speaks SIP over UDP and TCP only, so they cannot register. Set transport to udp or tcp, or "
         "outbound_proxy to a proxy that speaks TLS to phones.";
}

}  // namespace

std::vector<std::string> unreachable_by(const Services& services, const PhoneSettingsRow& row) {
  if (!wants_tls_here(services, row)) return {};
  if (row.level == SettingsLevel::global) return {no_tls("all phones")};
  return {no_tls("the phones of " + std::string(json::word(row.level)) + " " + row.name)};
}

std::vector<std::string> unreachable_by_settings(const Services& services) {
  std::vector<std::string> out;
  std::size_t devices = 0;
  std::string first;
  for (const auto& row : services.phone_settings_rows.with("transport", "tls")) {
    if (row->level != SettingsLevel::device) {
      for (auto& one : unreachable_by(services, *row)) out.push_back(std::move(one));
    } else if (wants_tls_here(services, *row)) {
      if (devices++ == 0) first = row->name;
    }
  }
  if (devices > 0)
    out.push_back(
        no_tls(devices == 1 ? "device " + first : "device " + first + " and " + std::to_string(devices - 1) + " more"));
  return out;
}

bj::object settings_view(const SettingsTarget& target, const PhoneSettingsProjection::RowPtr& row) {
  bj::object settings;
  bj::object keys;
  if (row) {
    std::map<std::uint16_t, const PhoneKey*> by_number;
    for (const auto& [name, stored] : row->settings) {
      if (stored.key) {
        if (const auto number = provisioning::key_number(name)) by_number.emplace(*number, &*stored.key);
      } else if (const auto* type = provisioning::find_setting(name)) {
        settings[name] = setting_value(*type, stored.value);
      }
    }
    for (const auto& [number, key] : by_number) keys[std::to_string(number)] = key_view(*key);
  }
  if (!keys.empty()) settings["keys"] = std::move(keys);
  return {{"level", text(json::word(target.level))},
          {"name", target.name.empty() ? bj::value(nullptr) : bj::value(text(target.name))},
          {"settings", std::move(settings)},
          {"updated_at", row ? bj::value(iso(row->updated_at)) : bj::value(nullptr)},
          {"version", row ? number(row->version) : 0}};
}

}  // namespace strowger::http::routes
