// For each key of a phone's file: what it says, and which template line, which event and which author it came from.
#pragma once

#include "actors/provisioning/past.hpp"
#include "actors/provisioning/taken_apart.hpp"

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::provisioning {

struct ExplainedKey {
  std::string key;
  std::string value;  // masked where it is a secret
  bool secret = false;
  std::size_t line = 0;  // of the file, from 1
  // What decided it: phone_settings.device (.model, .vendor, .site, .global), device, extension, settings, default,
  // custom_template or built_in_template; where several did, the first of these. For a value without placeholders the
  // conditions count.
  std::string level;
  std::size_t template_line = 0;  // from 1
  std::string template_text;      // of that line; masked where a secret may stand in it
  std::vector<std::string> placeholders;
  std::vector<std::string> conditions;  // sections that the line depends on, or holds
  std::vector<Source> sources;          // of the placeholders and conditions; last the template itself
};

// Complexity: O(keys × what decides about one). Errors: `stopped`.
Result<std::vector<ExplainedKey>> explain(const Past& past, const TakenApart& file, const std::stop_token& stop = {});

}  // namespace strowger::provisioning
