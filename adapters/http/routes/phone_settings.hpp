// The settings of phones as the API takes and shows them.
#pragma once

#include "actors/phone_settings/phone_settings.hpp"
#include "actors/provisioning/phone_settings.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {

// A level that a request names, checked: its vendor and model are canonical, its device is registered.
struct SettingsTarget {
  SettingsLevel level = SettingsLevel::global;
  std::string name;
  const provisioning::Vendor* vendor = nullptr;  // where it is one vendor's
  const provisioning::Model* model = nullptr;
  MacAddress mac;  // of a device

  std::string key() const { return std::string(phone_settings_stream(level, name).key()); }
};
Result<SettingsTarget> settings_target(const Services& services, std::string_view level, std::string_view name);
Result<SettingsTarget> settings_target(const Services& services, const MacAddress& mac);
// Small letters, digits, dots, dashes and underscores; capitals are made small.
Result<std::string> site_name(std::string_view text);

// Reads a change: {"timezone": "Europe/Berlin", "codecs": ["g722"], "keys": {"5": {"type": "blf", …}}, "ntp_server":
// null}. Seals secrets, which waits for the disk: call it off the loops. `unknown_setting`, `bad_setting`, `bad_key`.
Result<actors::ChangePhoneSettings> read_settings(Services& services, const SettingsTarget& target,
                                                  simdjson::dom::element body, bool replace);
// The same without sealing, for a question only: secrets are sealed texts that `open` gives back.
struct ProposedSettings {
  actors::ChangePhoneSettings change;
  provisioning::OpenSecret open;
};
Result<ProposedSettings> propose_settings(Services& services, const SettingsTarget& target, simdjson::dom::element body,
                                          bool replace);

// Settings of this level with which phones could not register here.
std::vector<std::string> unreachable_by(const Services& services, const PhoneSettingsRow& row);
// Of all levels; those of devices in one sentence. O(rows of phone settings).
std::vector<std::string> unreachable_by_settings(const Services& services);

boost::json::object settings_view(const SettingsTarget& target, const PhoneSettingsProjection::RowPtr& row);
// As the API shows a value that is kept: a list, a number, the mask in place of a secret.
boost::json::value setting_value(const provisioning::SettingType& type, std::string_view value);
boost::json::object key_view(const PhoneKey& key);

// What the device of the path ends up with.
Result<Response> effective_settings(const Services& services, const Request& request);
void add_phone_settings_schemas(Router& router);

}  // namespace strowger::http::routes
