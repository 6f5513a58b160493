// A phone's file taken apart: its keys and values, which of them are secrets, and where in the template each came from.
#pragma once

#include "actors/provisioning/config_entries.hpp"
#include "actors/provisioning/renderer.hpp"

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strowger::provisioning {

inline constexpr std::string_view mask = "********";

struct ConfigKey : ConfigEntry {
  // It holds an extension's password or a secret setting, or its name says that it is one (an administrator's password
  // that was typed into a template).
  bool secret = false;
  std::size_t template_line = 0;          // from 1
  std::vector<std::string> placeholders;  // in the value, in order, each once: NTP_SERVER, KEYS[5].KEY_VALUE
};

struct TakenApart {
  std::string bytes;  // as the phone gets them
  std::vector<ConfigKey> keys;
  // What must not be shown to whoever may not read secrets: in order, none overlaps.
  std::vector<std::pair<std::size_t, std::size_t>> secret_ranges;

  std::string masked() const;  // the bytes with `mask` in place of each secret
};

// Fails as render_from() and config_entries() do. Complexity: O(n log n) of the file's bytes.
Result<TakenApart> take_apart(const TemplateInForce& source, const DeviceValues& values,
                              const std::stop_token& stop = {});

// Whether a finished file shows something that is a secret by its name: what somebody typed into a template of their
// own.
bool tells_secret(Format format, std::string_view bytes, const std::stop_token& stop = {});

// The sections ({{#NAME}}, {{^NAME}}) that decide about the lines of a template. The text, which was parsed, outlives
// this. Complexity: O(text) to make, O(log n) to ask.
class LineConditions {
 public:
  explicit LineConditions(std::string_view template_text);
  // In order, each once. Lines count from 1.
  std::vector<std::string> of(std::size_t line) const;

 private:
  using Names = std::vector<std::string_view>;
  struct Line {
    std::size_t number = 0;
    Names open;    // at its first tag, and opened on it
    Names behind;  // open at its end
  };
  std::vector<Line> lines_;  // those with tags of sections
};

}  // namespace strowger::provisioning
