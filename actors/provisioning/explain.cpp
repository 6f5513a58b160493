#include "actors/provisioning/explain.hpp"

#include "events/stopped.hpp"

#include <algorithm>
#include <array>

namespace strowger::provisioning {
namespace {

std::vector<std::string_view> template_lines(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

void add_sources(const Past& past, const std::string& placeholder, std::vector<Source>& to) {
  for (auto& source : sources_of(past, placeholder)) {
    const bool known = std::any_of(to.begin(), to.end(), [&](const auto& other) { return other.what == source.what; });
    if (!known) to.push_back(std::move(source));
  }
}

// Of what the value is made of, the most particular; of settings of phones, which of their levels.
std::string level_of(const std::vector<Source>& sources, bool custom) {
  const auto from = [&](std::string_view what) -> const Source* {
    for (const auto& source : sources)
      if (source.what.starts_with(what)) return &source;
    return nullptr;
  };
  for (const std::string_view level : {"device", "model", "vendor", "site", "global"})
    if (from("phone_settings." + std::string(level) + ".") != nullptr) return "phone_settings." + std::string(level);
  for (const std::string_view level : {"device", "extension", "settings"})
    if (from(std::string(level) + ".") != nullptr) return std::string(level);
  if (from("template.values") != nullptr) return "default";
  return custom ? "custom_template" : "built_in_template";
}

}  // namespace

Result<std::vector<ExplainedKey>> explain(const Past& past, const TakenApart& file, const std::stop_token& stop) {
  const auto& source = past.source;
  const auto lines = template_lines(source.text);
  const LineConditions conditions(source.text);
  std::vector<ExplainedKey> out;
  StopCheck stop_check(stop);
  for (const auto& key : file.keys) {
    if (stop_check.requested()) return stopped();
    ExplainedKey explained;
    explained.key = key.key;
    explained.value = key.secret && !key.value.empty() ? std::string(mask) : key.value;
    explained.secret = key.secret;
    explained.line = key.line;
    explained.template_line = key.template_line;
    explained.placeholders = key.placeholders;
    const auto line = std::min(std::max<std::size_t>(key.template_line, 1), lines.size());
    const auto text = lines[line - 1];
    // What was built in is public; a line of one's own may hold what was typed into it.
    explained.template_text = source.custom && may_tell_secret(text) ? mask : text;
    explained.conditions = conditions.of(key.template_line);
    for (const auto& name : key.placeholders) add_sources(past, name, explained.sources);
    const bool literal = explained.placeholders.empty();
    if (!literal) explained.level = level_of(explained.sources, source.custom);
    for (const auto& name : explained.conditions) add_sources(past, name, explained.sources);
    if (literal) explained.level = level_of(explained.sources, source.custom);
    explained.sources.push_back({"template.text", past.published.origin});
    out.push_back(std::move(explained));
  }
  return out;
}

}  // namespace strowger::provisioning
