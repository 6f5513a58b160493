#include "actors/provisioning/coverage.hpp"

#include "actors/provisioning/phone_settings.hpp"
#include "actors/provisioning/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace strowger::provisioning {
namespace {

// Firmware versions are compared with what phones say; no file holds them.
constexpr std::array<std::string_view, 1> only_for_the_server{"firmware_version"};

// What of lines and keys a placeholder writes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> fields{{{"LINES", "lines"},
                                                                               {"LINE_LABEL", "lines.label"},
                                                                               {"KEYS", "keys"},
                                                                               {"KEY_VALUE", "keys.value"},
                                                                               {"KEY_LABEL", "keys.label"},
                                                                               {"KEY_LINE", "keys.line"},
                                                                               {"KEY_LINE_0", "keys.line"},
                                                                               {"KEY_PICKUP", "keys.pickup"}}};

// Whether the vendor's words leave anything to write of it.
bool has_words(const SettingType& type, const VendorValues& values) {
  switch (type.kind) {
    case SettingKind::dial_plan:
      return values.dial_grammar().has_value();
    case SettingKind::choice:
      return std::ranges::any_of(type.choices,
                                 [&](std::string_view choice) { return !values.written(type.name, choice).empty(); });
    default:
      return true;
  }
}

}  // namespace

bool is_for_files(std::string_view setting) {
  return std::ranges::find(only_for_the_server, setting) == only_for_the_server.end();
}

std::span<const std::string> coverage_items() {
  static const auto all = [] {
    std::vector<std::string> out;
    for (const auto& type : setting_types())
      if (is_for_files(type.name)) out.emplace_back(type.name);
    for (const auto& [placeholder, item] : fields)
      if (std::ranges::find(out, item) == out.end()) out.emplace_back(item);
    return out;
  }();
  return all;
}

Coverage::Coverage(std::span<const std::string> names, const VendorValues& values) {
  for (const auto& name : names) read(name, values);
}

void Coverage::read(std::string_view name, const VendorValues& values) {
  const auto field = std::ranges::find(fields, name, &std::pair<std::string_view, std::string_view>::first);
  if (field != fields.end()) {
    const bool of_keys = field->second.starts_with("keys");
    if (of_keys && values.key_codes().empty()) return;
    reached_.emplace(field->second);
    // It stands for each BLF key that has no code of its own.
    if (name == "KEY_PICKUP" && values.key_code("blf") != nullptr) reached_.emplace("pickup_code");
    return;
  }
  const auto* type = find_setting(setting_behind(name));
  if (type == nullptr || !is_for_files(type->name) || !has_words(*type, values)) return;
  reached_.emplace(type->name);
  if (name == "DIAL_PLAN_TIMEOUTS") reached_.emplace("dial_timeout");
}

std::string not_written(std::string_view template_name) {
  return "The template " + std::string(template_name) + " does not write it.";
}

std::string coverage_table(std::span<const FamilyCoverage> families) {
  constexpr std::size_t column = 3;
  const auto padded = [](std::string text, std::size_t width, bool right) {
    const std::string blanks(text.size() < width ? width - text.size() : 0, ' ');
    return right ? blanks + text : text + blanks;
  };
  std::size_t widest = 0;
  for (const auto& item : coverage_items()) widest = std::max(widest, item.size());
  std::string out;
  std::string head(widest, ' ');
  for (std::size_t i = 0; i < families.size(); ++i) {
    const auto& family = families[i];
    const auto number = std::to_string(i + 1);
    out += padded(number, column, true) + "  " + family.template_name + (family.custom ? " (custom)" : "") + ": " +
           std::to_string(family.models.size()) + (family.models.size() == 1 ? " model\n" : " models\n");
    head += padded(number, column, true);
  }
  out += "\n" + head + "\n";
  for (const auto& item : coverage_items()) {
    out += padded(item, widest, false);
    for (const auto& family : families) out += padded(family.coverage->reaches(item) ? "+" : ".", column, true);
    out += "\n";
  }
  return out;
}

}  // namespace strowger::provisioning
