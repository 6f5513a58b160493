#include "actors/provisioning/taken_apart.hpp"

#include "actors/provisioning/template_lint.hpp"
#include "actors/provisioning/value_set.hpp"

#include <algorithm>

namespace strowger::provisioning {
namespace {

using Range = std::pair<std::size_t, std::size_t>;

// Comments with a secret's word in them: in a template of one's own they may keep an old password.
std::vector<Range> secret_comments(Format format, std::string_view bytes) {
  std::vector<Range> out;
  const std::string_view opens = format == Format::xml ? "<!--" : "#";
  const std::string_view closes = format == Format::xml ? "-->" : "\n";
  for (auto at = bytes.find(opens); at != std::string_view::npos; at = bytes.find(opens, at)) {
    const auto begin = at + opens.size();
    const auto end = std::min(bytes.find(closes, begin), bytes.size());
    const auto line = bytes.rfind('\n', at) + 1;  // npos + 1: the first
    const bool comment =
        format == Format::xml || bytes.substr(line, at - line).find_first_not_of(" \t") == std::string_view::npos;
    const auto text = bytes.substr(begin, end - begin);
    if (comment && may_tell_secret(text)) out.emplace_back(begin, end);
    at = comment ? end : begin;
  }
  return out;
}

// In order, those that touch made one.
std::vector<Range> united(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<Range> out;
  for (const auto& range : ranges) {
    if (range.first == range.second) continue;
    if (!out.empty() && range.first < out.back().second)
      out.back().second = std::max(out.back().second, range.second);
    else
      out.push_back(range);
  }
  return out;
}

std::size_t template_line(const TemplateText::Traced& traced, std::size_t at) {
  auto found = std::upper_bound(traced.lines.begin(), traced.lines.end(), at,
                                [](std::size_t offset, const auto& line) { return offset < line.begin; });
  return found == traced.lines.begin() ? 0 : std::prev(found)->of_template;
}

}  // namespace

std::string TakenApart::masked() const {
  std::string out;
  std::size_t at = 0;
  for (const auto& [begin, end] : secret_ranges) {
    out.append(bytes, at, begin - at);
    out += mask;
    at = end;
  }
  return out.append(bytes, at);
}

Result<TakenApart> take_apart(const TemplateInForce& source, const DeviceValues& device) {
  const auto known = Vocabulary::device(*source.kind.values);
  const auto text = TemplateText::parse(source.name, source.format, source.text, known);
  if (!text) return text.error();
  ValueSet values(device.server, device.config_url, source.model_name);
  values.add_device(device, source.kind);
  auto traced = text->trace(values.values());
  if (!traced) return traced.error();
  auto entries = config_entries(source.format, traced->bytes);
  if (!entries) return entries.error();

  TakenApart out;
  std::vector<Range> secrets;
  const auto holds_token = [&](std::string_view value) {
    return !device.token.empty() && value.find(device.token) != std::string_view::npos;
  };
  if (!device.token.empty())
    for (auto at = traced->bytes.find(device.token); at != std::string::npos;
         at = traced->bytes.find(device.token, at + device.token.size()))
      secrets.emplace_back(at, at + device.token.size());
  for (const auto& piece : traced->pieces)
    if (is_secret_placeholder(piece.placeholder)) secrets.emplace_back(piece.begin, piece.end);
  for (auto& entry : *entries) {
    ConfigKey key{std::move(entry), false, 0, {}};
    key.secret = names_secret(key.key) || holds_token(key.value);
    key.template_line = template_line(*traced, key.key_at);
    for (const auto& piece : traced->pieces) {
      if (piece.begin < key.begin || piece.end > key.end) continue;
      key.secret = key.secret || is_secret_placeholder(piece.placeholder);
      const auto& name = piece.placeholder;
      if (std::find(key.placeholders.begin(), key.placeholders.end(), name) == key.placeholders.end())
        key.placeholders.push_back(name);
    }
    if (key.secret) secrets.emplace_back(key.begin, key.end);
    out.keys.push_back(std::move(key));
  }
  if (source.custom)
    for (const auto& range : secret_comments(source.format, traced->bytes)) secrets.push_back(range);
  out.secret_ranges = united(std::move(secrets));
  out.bytes = std::move(traced->bytes);
  return out;
}

bool tells_secret(Format format, std::string_view bytes) {
  const auto entries = config_entries(format, bytes);
  if (!entries) return true;  // who can tell
  return std::any_of(entries->begin(), entries->end(),
                     [](const ConfigEntry& entry) { return !entry.value.empty() && names_secret(entry.key); }) ||
         !secret_comments(format, bytes).empty();
}

std::vector<std::string> conditions_of(std::string_view text, std::size_t line) {
  std::vector<std::string> open;
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  bool inside = false;  // the line was reached
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const auto end = text.find("}}", at);
    const auto of = line_of(text, at);
    if (of > line) break;
    if (of == line && !std::exchange(inside, true))
      for (const auto& name : open) add(name);
    auto inner = text.substr(at + 2, end - at - 2);
    at = end + 2;
    inner.remove_prefix(std::min(inner.find_first_not_of(" \t\r\n"), inner.size()));
    if (inner.empty() || std::string_view("#^/").find(inner.front()) == std::string_view::npos) continue;
    const char kind = inner.front();
    inner.remove_prefix(1);
    const auto first = std::min(inner.find_first_not_of(" \t\r\n"), inner.size());
    const std::string name(inner.substr(first, inner.find_last_not_of(" \t\r\n") + 1 - first));
    if (kind == '/') {
      if (!open.empty()) open.pop_back();
    } else {
      open.push_back(name);
      if (of == line) add(name);
    }
  }
  if (!inside)
    for (const auto& name : open) add(name);
  return out;
}

}  // namespace strowger::provisioning
