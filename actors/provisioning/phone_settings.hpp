// The settings of phones that an administrator may set at each level, what each takes, and what a device ends up with.
// A setting is a placeholder of templates too, by its name in capitals (vocabulary.hpp).
//
// To add one: a row in phone_settings.cpp, its place in the templates, and, where vendors write its values in words of
// their own, a table in their values.json.
#pragma once

#include "events/error.hpp"
#include "events/projections/phone_settings.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

enum class SettingKind : std::uint8_t {
  text,       // any, on one line
  host,       // a name or address
  url,        // http, https, ftp or tftp; or one of `choices`
  dial,       // what is dialled: digits, * and #
  number,     // whole, least to most
  choice,     // one of `choices`
  codecs,     // some of `choices`, the preferred first; written as a,b,c
  timezone,   // a name of IANA's: Europe/Berlin
  dial_plan,  // patterns (dial_plan.hpp)
  secret,     // sealed, never shown
};

struct SettingType {
  std::string_view name;
  SettingKind kind = SettingKind::text;
  std::string_view meaning;
  std::vector<std::string_view> choices{};
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::string_view fallback{};  // where no level says anything; a vendor's values.json may have another
};

// The value of phonebook_url that stands for the phone book of this server (phonebook.hpp).
inline constexpr std::string_view own_phonebook = "strowger";

std::span<const SettingType> setting_types();
const SettingType* find_setting(std::string_view name);
// As an error that names the nearest: `unknown_setting`.
Error unknown_setting(std::string_view name);

// What came in for a setting.
struct SettingInput {
  enum class Is : std::uint8_t { text, number, list, other };
  Is is = Is::text;
  std::string text{};                // or the digits of a number
  std::vector<std::string> items{};  // of a list
};
// The value as it is kept; `bad_setting`, naming key, what was expected, and the nearest.
Result<std::string> canonical(const SettingType& type, const SettingInput& input);

// What a programmable key can be; a vendor's values.json has the vendor's code for those that its phones know.
struct KeyKind {
  std::string_view name;     // blf
  bool needs_value = false;  // a number, a URL
  std::string_view meaning;
  bool dials = false;  // the value is a number that the phone dials: dialled.hpp
};
std::span<const KeyKind> key_kinds();
// Fills in what may be left out; `bad_key`, naming the key. `lines`: how many the phone has; none: not known.
Result<PhoneKey> checked_key(std::uint16_t number, PhoneKey key, std::optional<std::uint16_t> lines);
inline constexpr std::uint16_t most_keys = 512;

inline constexpr std::string_view key_prefix = "keys.";
// 5 of keys.5.
std::optional<std::uint16_t> key_number(std::string_view setting);

// --- What a device ends up with

struct EffectiveSetting {
  SettingsLevel level = SettingsLevel::global;
  const StoredSetting* stored = nullptr;  // of the layer
};
// By the setting's name, keys as keys.<number>. The layers, most general first, outlive it; null: nothing is set there.
using EffectiveSettings = std::map<std::string_view, EffectiveSetting, std::less<>>;
EffectiveSettings effective(std::span<const PhoneSettingsRow* const> layers);
EffectiveSettings effective(const SettingsLayers& layers);

// One of them; null: no level says anything.
const StoredSetting* effective_setting(const SettingsLayers& layers, const std::string& name);

// The same with secrets in clear: what goes into the file.
struct PhoneValues {
  std::map<std::string, std::string, std::less<>> set;
  std::map<std::uint16_t, PhoneKey> keys;
};
using OpenSecret = std::function<Result<std::string>(const SealedSecret&)>;
Result<PhoneValues> phone_values(const EffectiveSettings& settings, const OpenSecret& open);

}  // namespace strowger::provisioning
