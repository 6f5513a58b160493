#include "actors/provisioning/phone_settings.hpp"

#include "actors/provisioning/dial_plan.hpp"
#include "actors/provisioning/dialled.hpp"
#include "actors/provisioning/format.hpp"
#include "actors/provisioning/vendor_values.hpp"
#include "events/controls.hpp"
#include "events/nearest.hpp"
#include "events/plain_text.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json/value_from.hpp>

namespace strowger::provisioning {
namespace {

using enum SettingKind;

constexpr std::size_t longest = 512;

const std::vector<SettingType>& types() {
  static const std::vector<SettingType> table{
      {"timezone", timezone, "Where the phone is, by IANA's name"},
      {"ntp_server", host, "Where the phone takes the time from", {}, 0, 0, "pool.ntp.org"},
      {"time_format", choice, "Hours of the display's clock", {"12", "24"}},
      {"language", choice, "Of the phone's menus", {"en", "cs", "da", "de", "el", "es", "fi", "fr", "he",
                                                    "hu", "it", "ja", "ko", "nb", "nl", "pl", "pt", "ro",
                                                    "ru", "sk", "sl", "sv", "tr", "uk", "zh"}},
      {"codecs",
       codecs,
       "Audio codecs, the preferred first; others are switched off",
       {"g722", "pcmu", "pcma", "g729", "opus", "g726_32", "ilbc", "g723", "speex"},
       0,
       0,
       "g722,pcmu,pcma,g729"},
      {"transport", choice, "Of SIP", {"udp", "tcp", "tls"}, 0, 0, "udp"},
      {"srtp", choice, "Encryption of the audio", {"off", "optional", "required"}, 0, 0, "off"},
      {"dtmf", choice, "How digits are sent during a call", {"rfc2833", "info", "inband"}, 0, 0, "rfc2833"},
      {"register_expires", number, "Seconds that a registration is good for", {}, 60, 86'400, "3600"},
      {"dial_timeout", number, "Seconds after the last digit until the number is dialled", {}, 1, 30},
      {"dial_plan",
       SettingKind::dial_plan,
       "Patterns of what is dialled, ! behind those that are sent at once",
       {},
       0,
       0,
       default_dial_plan},
      {"outbound_proxy", host, "Where the phone sends SIP to instead of the server"},
      {"outbound_proxy_port", number, "The outbound proxy's port", {}, 1, 65'535, "5060"},
      {"voicemail_number", dial, "What the message key dials"},
      {"pickup_code", dial, "What is dialled before an extension to take a call that rings there"},
      {"group_pickup_code", dial, "What is dialled to take a call that rings in the group"},
      {"vlan_id", number, "The network's VLAN for the phone", {}, 1, 4'094},
      {"vlan_priority", number, "IEEE 802.1p priority in that VLAN", {}, 0, 7},
      {"admin_password", secret, "Of the phone's own web page and menu"},
      {"provisioning_user", text, "Name by which the phone fetches its file"},
      {"provisioning_password", secret, "Password by which the phone fetches its file"},
      {"firmware_url", url, "Where the phone fetches its firmware"},
      {"firmware_version", text, "Firmware that the phone is to run, as its User-Agent says it; others are listed"},
      {"phonebook_url", url, "Of a remote phone book, or strowger: the one of this server", {own_phonebook}},
      {"phonebook_name", text, "The phone book's name in the menu", {}, 0, 0, "Directory"},
      {"ldap_server", host, "Of an LDAP directory that the phone searches"},
      {"ldap_port", number, "The LDAP server's port", {}, 1, 65'535, "389"},
      {"ldap_base", text, "Where in the directory the search starts"},
      {"ldap_user", text, "Name to bind with; none: anonymous"},
      {"ldap_password", secret, "Password to bind with"},
      {"ldap_name_filter", text, "Search by name", {}, 0, 0, "(|(cn=%)(sn=%))"},
      {"ldap_number_filter", text, "Search by number", {}, 0, 0, "(|(telephoneNumber=%)(mobile=%))"},
      {"ldap_name_attributes", text, "Attributes that hold a name", {}, 0, 0, "cn sn"},
      {"ldap_number_attributes", text, "Attributes that hold a number", {}, 0, 0, "telephoneNumber mobile"},
      {"syslog_server", host, "Where the phone sends its own log"},
  };
  return table;
}

constexpr KeyKind kinds[] = {
    {"none", false, "Nothing: the key is dark"},
    {"line", false, "One of the phone's own lines"},
    {"shared_line", true, "A line that several phones share"},
    {"blf", true, "Shows whether an extension is busy, dials it, picks up", true},
    {"blf_list", true, "A list of extensions that the server keeps"},
    {"speed_dial", true, "Dials a number", true},
    {"intercom", true, "Calls with automatic answer", true},
    {"park", true, "Parks a call, or takes it back", true},
    {"pickup", true, "Takes a call that rings elsewhere", true},
    {"group_pickup", false, "Takes a call that rings in the group"},
    {"dtmf", true, "Sends digits during a call"},
    {"voicemail", false, "Listens to messages"},
    {"forward", false, "Forwards all calls"},
    {"dnd", false, "Do not disturb"},
    {"transfer", false, "Transfers the call"},
    {"url", true, "Requests a URL"},
    {"ldap", false, "Searches the LDAP directory"},
    {"multicast", true, "Pages by multicast"},
    {"record", false, "Records the call"},
};

std::string in_quotes(std::string_view value) {
  return "'" + utf8::clip(value, 64) + "'";
}

Error bad(const SettingType& type, const SettingInput& input, const std::string& expected,
          std::span<const std::string_view> choices = {}) {
  const bool shown =
      type.kind != secret && (input.is == SettingInput::Is::text || input.is == SettingInput::Is::number);
  auto message = "Setting '" + std::string(type.name) + "' must be " + expected +
                 (shown ? "; " + in_quotes(input.text) + " is not" : "");
  std::vector<std::string> near;
  if (!choices.empty() && shown) {
    near = nearest(input.text, std::vector<std::string>(choices.begin(), choices.end()), 1);
    if (!near.empty()) message += ". Did you mean " + near.front() + "?";
  }
  auto error = unacceptable("bad_setting", std::move(message))
                   .with("key", boost::json::value(std::string(type.name)))
                   .with("expected", boost::json::value(expected));
  if (!near.empty()) error.details["nearest"] = boost::json::value(near.front());
  return error;
}

bool on_one_line(std::string_view value) {
  return valid_utf8(value) == value && !find_control(value);
}

bool only(std::string_view value, std::string_view more) {
  return std::all_of(value.begin(), value.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           more.find(c) != std::string_view::npos;
  });
}

std::string choices_listed(const SettingType& type) {
  return listed(std::vector<std::string>(type.choices.begin(), type.choices.end()));
}

Result<std::string> codec_list(const SettingType& type, const SettingInput& input) {
  const auto expected = "a list of codecs, the preferred first, of " + choices_listed(type);
  if (input.is != SettingInput::Is::list || input.items.empty()) return bad(type, input, expected);
  std::string out;
  for (auto item = input.items.begin(); item != input.items.end(); ++item) {
    if (std::find(type.choices.begin(), type.choices.end(), *item) == type.choices.end())
      return bad(type, {SettingInput::Is::text, *item, {}}, expected, type.choices);
    if (std::find(input.items.begin(), item, *item) != item)
      return bad(type, {SettingInput::Is::text, *item, {}}, "a list that names each codec once");
    out += (out.empty() ? "" : ",") + *item;
  }
  return out;
}

std::string text_of(SettingKind kind) {
  switch (kind) {
    case host:
      return "the name or address of a host";
    case url:
      return "a URL that begins with http://, https://, ftp:// or tftp://";
    case dial:
      return "what a phone can dial: digits, letters, *, # and +";
    case secret:
      return "a text of at most 128 characters on one line";
    default:
      return "a text of at most 512 bytes on one line";
  }
}

bool fits(SettingKind kind, std::string_view value) {
  switch (kind) {
    case host:
      return only(value, ".-:[]_") && value.size() <= 253;
    case url: {
      const auto end = value.find("://");
      const auto scheme = value.substr(0, end == std::string_view::npos ? 0 : end);
      return (scheme == "http" || scheme == "https" || scheme == "ftp" || scheme == "tftp") && value.size() > end + 3 &&
             value.find(' ') == std::string_view::npos;
    }
    case dial:
      return only(value, "*#+-._") && value.size() <= 64;
    case secret:
      return value.size() <= 128;
    default:
      return true;
  }
}

}  // namespace

std::span<const SettingType> setting_types() {
  return types();
}

const SettingType* find_setting(std::string_view name) {
  const auto found = std::find_if(types().begin(), types().end(), [&](const auto& type) { return type.name == name; });
  return found == types().end() ? nullptr : &*found;
}

Error unknown_setting(std::string_view name) {
  std::vector<std::string> known{"keys"};
  for (const auto& type : types()) known.emplace_back(type.name);
  const auto near = nearest(name, known);
  return unacceptable("unknown_setting", "Setting " + in_quotes(name) + " is not known; did you mean " + listed(near) +
                                             "? GET /api/provisioning/phone-settings/schema lists all")
      .with("key", boost::json::value(utf8::clip(name, 64)))
      .with("nearest", boost::json::value_from(near));
}

Result<std::string> canonical(const SettingType& type, const SettingInput& input) {
  const bool is_text = input.is == SettingInput::Is::text || input.is == SettingInput::Is::number;
  const auto value = type.kind == dial ? dialled(input.text) : input.text;
  switch (type.kind) {
    case codecs:
      return codec_list(type, input);
    case choice: {
      const auto found = std::find(type.choices.begin(), type.choices.end(), value);
      if (!is_text || found == type.choices.end())
        return bad(type, input, "one of " + choices_listed(type), type.choices);
      return value;
    }
    case timezone: {
      const auto names = timezone_names();
      if (!is_text || !std::binary_search(names.begin(), names.end(), std::string_view(value)))
        return bad(type, input, "the name of an IANA time zone such as Europe/Berlin", names);
      return value;
    }
    case SettingKind::dial_plan: {
      if (!is_text || value.size() > longest) return bad(type, input, "a list of patterns such as 112!,2xxx!,.");
      if (const auto plan = parse_dial_plan(value); !plan)
        return bad(type, input, "a list of patterns such as 112!,2xxx!,. (" + plan.error().message + ")");
      return value;
    }
    case SettingKind::number: {
      std::int64_t whole = 0;
      const auto read = std::from_chars(value.data(), value.data() + value.size(), whole);
      if (!is_text || read.ec != std::errc() || read.ptr != value.data() + value.size() || whole < type.least ||
          whole > type.most)
        return bad(type, input,
                   "a whole number from " + std::to_string(type.least) + " to " + std::to_string(type.most));
      return std::to_string(whole);
    }
    default:
      break;
  }
  if (type.kind == url && is_text && std::find(type.choices.begin(), type.choices.end(), value) != type.choices.end())
    return value;
  if (!is_text || value.empty() || value.size() > longest || !on_one_line(value) || !fits(type.kind, value))
    return bad(type, input, text_of(type.kind) + (type.choices.empty() ? "" : ", or " + choices_listed(type)));
  return value;
}

std::span<const KeyKind> key_kinds() {
  return kinds;
}

Result<PhoneKey> checked_key(std::uint16_t number, PhoneKey key, std::optional<std::uint16_t> lines) {
  const auto name = "keys." + std::to_string(number);
  const auto wrong = [&](const std::string& what) {
    return unacceptable("bad_key", "Key " + std::to_string(number) + ": " + what).with("key", boost::json::value(name));
  };
  const auto* kind =
      std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& k) { return k.name == key.type; });
  if (kind == std::end(kinds)) {
    std::vector<std::string> known;
    for (const auto& one : kinds) known.emplace_back(one.name);
    const auto near = nearest(key.type, known);
    return wrong(in_quotes(key.type) + " is not a type of key; did you mean " + listed(near) + "?")
        .with("nearest", boost::json::value_from(near));
  }
  if (kind->needs_value && key.value.empty())
    return wrong("a key of type " + key.type + " needs a value, such as the number that it dials");
  for (const auto* text : {&key.value, &key.label, &key.pickup})
    if (text->size() > 256 || !on_one_line(*text)) return wrong("its texts must be at most 256 bytes, on one line");
  if (kind->dials) key.value = plain_text(key.value);
  if (lines && key.line > *lines)
    return wrong("it uses line " + std::to_string(key.line) + ", but the phone has " + std::to_string(*lines) +
                 " lines");
  return key;
}

std::optional<std::uint16_t> key_number(std::string_view setting) {
  if (!setting.starts_with(key_prefix)) return std::nullopt;
  setting.remove_prefix(key_prefix.size());
  std::uint16_t number = 0;
  const auto read = std::from_chars(setting.data(), setting.data() + setting.size(), number);
  if (read.ec != std::errc() || read.ptr != setting.data() + setting.size() || setting.starts_with('0') ||
      number > most_keys)
    return std::nullopt;
  return number;
}

EffectiveSettings effective(std::span<const PhoneSettingsRow* const> layers) {
  EffectiveSettings out;
  for (const auto* layer : layers) {
    if (layer == nullptr) continue;
    for (const auto& [name, stored] : layer->settings)
      out.insert_or_assign(name, EffectiveSetting{layer->level, &stored});
  }
  return out;
}

EffectiveSettings effective(const SettingsLayers& layers) {
  std::array<const PhoneSettingsRow*, settings_levels> rows{};
  for (std::size_t i = 0; i < layers.size(); ++i) rows[i] = layers[i].get();
  return effective(rows);
}

const StoredSetting* effective_setting(const SettingsLayers& layers, const std::string& name) {
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (*layer == nullptr) continue;
    if (const auto found = (*layer)->settings.find(name); found != (*layer)->settings.end()) return &found->second;
  }
  return nullptr;
}

Result<PhoneValues> phone_values(const EffectiveSettings& settings, const OpenSecret& open) {
  PhoneValues out;
  for (const auto& [name, setting] : settings) {
    const auto& stored = *setting.stored;
    if (stored.key) {
      if (const auto number = key_number(name)) out.keys.emplace(*number, *stored.key);
    } else if (!stored.secret.empty()) {
      auto clear = open(stored.secret);
      if (!clear) return clear.error();
      out.set.emplace(name, std::move(*clear));
    } else {
      out.set.emplace(name, stored.value);
    }
  }
  return out;
}

}  // namespace strowger::provisioning
