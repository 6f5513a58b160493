#include "actors/provisioning/vocabulary.hpp"

#include "actors/provisioning/phone_settings.hpp"

#include <algorithm>

namespace strowger::provisioning {
namespace {

using Kind = Word::Kind;

constexpr std::size_t flagged_settings = 4;  // a setting with more of them has no flag for each

Kind kind_of(SettingKind kind) {
  return kind == SettingKind::number ? Kind::code : Kind::text;
}

}  // namespace

std::string capitals(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

bool is_secret_placeholder(std::string_view name) {
  if (const auto dot = name.rfind('.'); dot != std::string_view::npos) name.remove_prefix(dot + 1);
  if (name == "EXTENSION_PASSWORD") return true;
  return std::any_of(setting_types().begin(), setting_types().end(), [&](const SettingType& type) {
    return type.kind == SettingKind::secret && capitals(type.name) == name;
  });
}

std::string_view setting_behind(std::string_view placeholder) {
  if (placeholder.starts_with("DST")) return "timezone";
  if (placeholder.starts_with("DIAL_RULE")) return "dial_plan";
  if (placeholder.starts_with("CODEC") || placeholder == "ALL_CODECS") return "codecs";
  std::string_view best;
  for (const auto& type : setting_types()) {
    const auto name = capitals(type.name);
    const bool same = placeholder == name || (placeholder.starts_with(name) && placeholder[name.size()] == '_');
    if (same && type.name.size() > best.size()) best = type.name;
  }
  return best;
}

void Vocabulary::add(std::string name, Kind kind, std::string_view within) {
  auto& word = words_.try_emplace(std::move(name), Word{kind}).first->second;
  if (within.empty())
    word.everywhere = true;
  else
    word.within.push_back(within);
}

const Word* Vocabulary::find(std::string_view name) const {
  const auto found = words_.find(name);
  return found == words_.end() ? nullptr : &found->second;
}

bool Vocabulary::is_known(const Word& word, std::span<const std::string_view> open) {
  return word.everywhere || std::any_of(word.within.begin(), word.within.end(), [&](std::string_view list) {
           return std::find(open.begin(), open.end(), list) != open.end();
         });
}

std::vector<std::string> Vocabulary::names() const {
  std::vector<std::string> out;
  for (const auto& [name, word] : words_) out.push_back(name);
  return out;
}

const Vocabulary& Vocabulary::common() {
  static const auto words = [] {
    Vocabulary out;
    for (const char* name : {"SERVER_NAME", "CONFIG_URL", "CONFIG_BASE_URL", "CONFIG_BASE_PATH", "CONFIG_HOST",
                             "CONFIG_FOLDER", "SIP_SERVER", "SIP_HOST", "SIP_REALM", "MODEL_NAME"})
      out.add(name, Kind::text);
    out.add("SIP_PORT", Kind::code);
    out.add("CONFIG_PORT", Kind::text);
    out.add("CONFIG_HTTPS", Kind::flag);
    return out;
  }();
  return words;
}

Vocabulary Vocabulary::device(const VendorValues& values) {
  Vocabulary out = common();
  for (const char* name : {"EXTENSION_NUMBER", "EXTENSION_NAME", "EXTENSION_PASSWORD", "LINE_LABEL"}) {
    out.add(name, Kind::text);
    out.add(name, Kind::text, "LINES");
  }
  out.add("MAC", Kind::code);
  out.add("MAC_UPPER", Kind::code);

  for (const auto& type : setting_types()) {
    const auto name = capitals(type.name);
    if (type.kind == SettingKind::codecs) continue;
    out.add(name, kind_of(type.kind));
    for (const auto& [table, maps] : values.map_tables())
      if (maps.contains(type.name)) out.add(name + "_" + table, Kind::text);
    if (type.kind == SettingKind::host) out.add(name + "_HOST", Kind::text);
    if (type.kind == SettingKind::url) {
      out.add(name + "_PATH", Kind::text);
      out.add(name + "_HTTPS", Kind::flag);
    }
    if (type.kind == SettingKind::choice && type.choices.size() <= flagged_settings)
      for (const auto& choice : type.choices) out.add(name + "_" + capitals(choice), Kind::flag);
  }
  out.add("REGISTER_EXPIRES_MINUTES", Kind::code);
  out.add("DIAL_PLAN_TIMEOUTS", Kind::text);
  for (const char* list : {"DIAL_RULES", "DIAL_RULES_OFF"}) {
    out.add(list, Kind::list);
    out.add("DIAL_RULE_NUMBER", Kind::code, list);
  }
  out.add("DIAL_RULE", Kind::text, "DIAL_RULES");
  out.add("TIMEZONE_NAME", Kind::text);
  for (const char* name : {"OFFSET", "OFFSET_SECONDS", "OFFSET_MINUTES", "OFFSET_QUARTERS", "WEST_MINUTES",
                           "OFFSET_CLOCK", "GMT", "POSIX"})
    out.add(std::string("TIMEZONE_") + name, Kind::text);
  out.add("DST", Kind::flag);
  out.add("DST_SAVING_MINUTES", Kind::code);
  out.add("DST_SAVING_SECONDS", Kind::code);
  for (const char* end : {"DST_START_", "DST_END_"}) {
    for (const char* part :
         {"MONTH", "WEEK", "WEEK_DATE", "DATE", "DATE_WEEKDAY7", "DATE_HOUR", "DATE_MINUTE", "WEEKDAY", "WEEKDAY1",
          "WEEKDAY7", "HOUR", "MINUTE", "MONTH_NAME", "WEEKDAY_NAME", "MONTH_2", "WEEK_2", "WEEKDAY7_2"})
      out.add(std::string(end) + part, Kind::code);
    out.add(std::string(end) + "LAST", Kind::flag);
    out.add(std::string(end) + "TIME", Kind::text);
  }

  out.add("CODEC_LIST", Kind::text);
  out.add("CODECS_SET", Kind::flag);
  for (int i = 1; i <= 8; ++i) out.add("CODEC_" + std::to_string(i), Kind::code);
  for (const auto& [table, codecs] : values.codec_tables())
    for (int i = 1; i <= 8; ++i) out.add("CODEC_" + table + "_" + std::to_string(i), Kind::text);
  for (const char* list : {"CODECS", "CODECS_OFF", "ALL_CODECS"}) {
    out.add(list, Kind::list);
    out.add("CODEC", Kind::code, list);
    out.add("CODEC_PRIORITY", Kind::code, list);
    out.add("CODEC_ON", Kind::flag, list);
  }

  out.add("LINES", Kind::list);
  out.add("LINE", Kind::code, "LINES");
  out.add("LINE_FIRST", Kind::flag, "LINES");
  out.add("LINES_OFF", Kind::list);
  out.add("LINE", Kind::code, "LINES_OFF");
  for (const auto& [name, codes] : values.per_line())
    for (const char* list : {"LINES", "LINES_OFF"}) out.add("LINE_" + name, Kind::code, list);

  out.add("KEYS_SET", Kind::flag);
  for (const char* list : {"KEYS", "ALL_KEYS"}) {
    out.add(list, Kind::list);
    for (const char* name : {"KEY_LINE", "KEY_LINE_0", "KEY_INDEX"}) out.add(name, Kind::code, list);
    for (const char* name : {"KEY_TYPE", "KEY_VALUE", "KEY_LABEL", "KEY_PICKUP"}) out.add(name, Kind::text, list);
    for (const auto& [table, codes] : values.key_tables()) out.add("KEY_TYPE_" + table, Kind::text, list);
    out.add("KEY_SET", Kind::flag, list);
    for (const auto& kind : key_kinds()) out.add("KEY_IS_" + capitals(kind.name), Kind::flag, list);
  }
  out.add("KEYS_OFF", Kind::list);
  for (const char* list : {"KEYS", "KEYS_OFF", "ALL_KEYS"}) {
    out.add("KEY", Kind::code, list);
    for (const auto& [name, codes] : values.per_key()) out.add("KEY_" + name, Kind::code, list);
  }
  return out;
}

}  // namespace strowger::provisioning
