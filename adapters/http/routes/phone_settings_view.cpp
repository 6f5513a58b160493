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
