// Walks a YAML document by the table of keys.
#pragma once

#include "config/faults.hpp"
#include "config/schema.hpp"
#include "config/substitute.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <yaml-cpp/yaml.h>

namespace strowger::config {

class Reader {
 public:
  Reader(Settings& settings, Faults& faults, const Environment& environment)
      : settings_(settings), faults_(faults), environment_(environment) {}

  void read(const YAML::Node& document);
  // The line in which a key was set, or 0.
  std::size_t line_of(std::string_view key) const;

 private:
  void read_section(const YAML::Node& node, const std::string& prefix);
  void read_key(const Key& key, const YAML::Node& node);
  void read_values(const Key& key, const YAML::Node& node);
  void read_entries(const Key& key, const YAML::Node& node);
  void read_entry(const Key& key, const YAML::Node& node, const std::string& path);
  void read_pairs(const Key& key, const YAML::Node& node);
  void read_scalar(const YAML::Node& node, const std::string& path, std::string_view expected, const Read& read);

  // The text of a scalar with ${…} replaced; none, and a fault, where it is not one.
  std::optional<std::string> scalar(const YAML::Node& node, const std::string& path, std::string_view expected);
  // A map's entries, each name once; what is not so is a fault.
  std::vector<std::pair<std::string, YAML::Node>> entries_of(const YAML::Node& map, const std::string& prefix);
  void unknown_key(const std::string& path, std::size_t line);

  Settings& settings_;
  Faults& faults_;
  const Environment& environment_;
  std::map<std::string, std::size_t, std::less<>> lines_;
};

}  // namespace strowger::config
