// Which settings, and which fields of lines and keys, reach the file of a phone: told by the placeholders that its
// template names and by the words that its vendor has for them. A setting that reaches no placeholder changes nothing
// in the file, and whoever sets it is to be told.
#pragma once

#include "actors/provisioning/vendor_values.hpp"

#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

// All that can reach a file: the settings by name, then lines, lines.label, keys, keys.value, keys.label, keys.line and
// keys.pickup. Settings that only the server reads (firmware_version) are not among them.
std::span<const std::string> coverage_items();
// Whether the setting is for the phone's file. False: only the server reads it.
bool is_for_files(std::string_view setting);

// Immutable; any thread.
class Coverage {
 public:
  // Nothing reaches it.
  Coverage() = default;
  // `names`: those that the template's tags name, also in sections (TemplateText::names()).
  // Complexity: O(names × settings). Made once a template, when a renderer is made.
  Coverage(std::span<const std::string> names, const VendorValues& values);

  // `item` of coverage_items(). Complexity: O(log items).
  bool reaches(std::string_view item) const { return reached_.contains(item); }

 private:
  void read(std::string_view name, const VendorValues& values);

  std::set<std::string, std::less<>> reached_;
};

// A template with the models whose files it makes.
struct FamilyCoverage {
  std::string vendor;
  std::string template_name;  // yealink/t46s.template, or the custom file's name
  bool custom = false;
  std::vector<std::string> models;  // sorted
  std::shared_ptr<const Coverage> coverage;
};

// Why a setting does not get into a file.
std::string not_written(std::string_view template_name);

// For people: the families with a number each, then a row for each item with + under each family that it reaches.
std::string coverage_table(std::span<const FamilyCoverage> families);

}  // namespace strowger::provisioning
