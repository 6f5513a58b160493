// What phones are set to, level by level: stream phone_settings/<level> (global) or phone_settings/<level>_<name>. A
// phone gets what its device says, else its model, its vendor, its site, and last what is said for all.
#pragma once

#include "events/ids.hpp"
#include "events/secret.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace strowger {

// From the most general to the most particular.
enum class SettingsLevel : std::uint8_t { global, site, vendor, model, device };
BOOST_DESCRIBE_ENUM(SettingsLevel, global, site, vendor, model, device)

// What a programmable key of a phone does.
struct PhoneKey {
  std::string type;        // line, blf, speed_dial, …: actors/provisioning/phone_keys
  std::string value;       // the number, the URL, the digits; a line key has none
  std::string label;       // empty: the phone shows the value, or the line's label
  std::uint16_t line = 0;  // the account that it uses; 0: the first
  std::string pickup;      // what is dialled to pick up what rings there
  bool operator==(const PhoneKey&) const = default;
};
BOOST_DESCRIBE_STRUCT(PhoneKey, (), (type, value, label, line, pickup))

// Only what changed.
struct PhoneSettingsChanged {
  static constexpr std::string_view type = "provisioning.settings_changed";
  static constexpr std::uint16_t schema = 1;
  SettingsLevel level = SettingsLevel::global;
  std::string name;                             // berlin, yealink, yealink_t46s, 001565123456; empty for global
  std::map<std::string, std::string> set;       // timezone: Europe/Berlin
  std::map<std::string, SealedSecret> secrets;  // admin_password
  std::map<std::string, PhoneKey> keys;         // by the key's number on the phone, from 1
  std::vector<std::string> removed;             // fall back to the level above: ntp_server, keys.7
};
BOOST_DESCRIBE_STRUCT(PhoneSettingsChanged, (), (level, name, set, secrets, keys, removed))

}  // namespace strowger
