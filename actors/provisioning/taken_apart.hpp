// A phone's file taken apart: its keys and values, which of them are secrets, and where in the template each came from.
#pragma once

#include "actors/provisioning/config_entries.hpp"
#include "actors/provisioning/renderer.hpp"

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

// Fails as render_from() does, and with `not_traceable` where a template of one's own cannot be followed.
Result<TakenApart> take_apart(const TemplateInForce& source, const DeviceValues& values);

// Whether a finished file shows something that is a secret by its name: what somebody typed into a template of their
// own.
bool tells_secret(Format format, std::string_view bytes);

// The sections ({{#NAME}}, {{^NAME}}) that decide about a line of a template, in order, each once.
std::vector<std::string> conditions_of(std::string_view template_text, std::size_t line);

}  // namespace strowger::provisioning
