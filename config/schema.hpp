// One table of all that can be set. It drives reading, checking, the defaults and the commented sample: a key that is
// not a row here does not exist.
#pragma once

#include "config/settings.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::config {

// Puts a value into the settings. Returns what is wrong with it, empty where nothing is.
using Read = std::function<std::string(Settings&, const std::string& value)>;

// A member of a list's entries: number, mac…
struct Field {
  std::string_view name;
  std::string_view expected;
  Read read;  // into the last entry of the list
  bool required = false;
};

enum class Shape : std::uint8_t {
  value,    // key: value
  values,   // key: [value, …]
  entries,  // key: [{field: value, …}, …]
  pairs,    // key: {name: value, …}
};

struct Key {
  std::string_view path;  // server.sip_port
  Shape shape = Shape::value;
  std::string_view expected;             // a port: 0 to 65535
  std::string_view help;                 // lines for the sample
  Read read;                             // value; values: appends one
  std::function<void(Settings&)> begin;  // values, pairs: empties the list. entries: appends an empty entry
  std::function<std::string(Settings&, const std::string& name, const std::string& value)> read_pair;
  std::vector<Field> fields;
  std::function<std::string(const Settings&)> show;  // the value as YAML, for the sample
  std::string_view example;                          // in the sample, commented out
};

// In the order of the sample.
std::span<const Key> keys();

// A commented file that sets every key to its default.
std::string sample();

}  // namespace strowger::config
