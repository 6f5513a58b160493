#include "actors/provisioning/taken_apart.hpp"

#include "actors/provisioning/value_set.hpp"
#include "events/stopped.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace strowger::provisioning {
namespace {

using Range = std::pair<std::size_t, std::size_t>;

// Comments with a secret's word in them: in a template of one's own they may keep an old password.
std::vector<Range> secret_comments(Format format, std::string_view bytes) {
  std::vector<Range> out;
  if (format == Format::xml) {
    constexpr std::string_view opens = "<!--";
    for (auto at = bytes.find(opens); at != std::string_view::npos; at = bytes.find(opens, at)) {
      const auto begin = at + opens.size();
      at = std::min(bytes.find("-->", begin), bytes.size());
      if (may_tell_secret(bytes.substr(begin, at - begin))) out.emplace_back(begin, at);
    }
    return out;
  }
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = std::min(bytes.find('\n', at), bytes.size());
    const auto first = std::min(bytes.find_first_not_of(" \t", at), end);
    if (first < end && bytes[first] == '#' && may_tell_secret(bytes.substr(first + 1, end - first - 1)))
      out.emplace_back(first + 1, end);
    at = end + 1;
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

// An empty value, or Yealink's for one that is set back: what stands under a secret's name is none.
bool takes_away(std::string_view value) {
  return value.empty() || value == "%NULL%";
}

// Which placeholders of a file are secrets. Asked for each value, of which there are many more than names.
class SecretNames {
 public:
  bool contains(const std::string& placeholder) {
    const auto dot = placeholder.rfind('.');  // npos + 1: all of it
    const auto [found, fresh] = known_.try_emplace(placeholder.substr(dot + 1), false);
    if (fresh) found->second = is_secret_placeholder(placeholder);
    return found->second;
  }

 private:
  std::unordered_map<std::string, bool> known_;
};

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

Result<TakenApart> take_apart(const TemplateInForce& source, const DeviceValues& device, const std::stop_token& stop) {
  const auto known = Vocabulary::device(*source.kind.values);
  const auto text = TemplateText::parse(source.name, source.format, source.text, known, stop);
  if (!text) return text.error();
  ValueSet values(device.server, device.config_url, source.model_name);
  values.add_device(device, source.kind);
  auto traced = text->trace(values.values(), stop);
  if (!traced) return traced.error();
  auto entries = config_entries(source.format, traced->bytes, stop);
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
  SecretNames secret_names;
  for (const auto& piece : traced->pieces)
    if (secret_names.contains(piece.placeholder)) secrets.emplace_back(piece.begin, piece.end);
  out.keys.reserve(entries->size());
  StopCheck stop_check(stop);
  for (auto& entry : *entries) {
    ConfigKey key{std::move(entry), false, 0, {}};
    key.secret = (names_secret(key.key) && !takes_away(key.value)) || holds_token(key.value);
    key.template_line = template_line(*traced, key.key_at);
    std::unordered_set<std::string_view> named;
    auto piece = std::lower_bound(traced->pieces.begin(), traced->pieces.end(), key.begin,
                                  [](const auto& one, std::size_t at) { return one.begin < at; });
    for (; piece != traced->pieces.end() && piece->end <= key.end; ++piece) {
      if (stop_check.requested()) return stopped();
      key.secret = key.secret || secret_names.contains(piece->placeholder);
      if (named.insert(piece->placeholder).second) key.placeholders.push_back(piece->placeholder);
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

bool tells_secret(Format format, std::string_view bytes, const std::stop_token& stop) {
  const auto entries = config_entries(format, bytes, stop);
  if (!entries) return true;  // who can tell
  return std::any_of(entries->begin(), entries->end(),
                     [](const ConfigEntry& entry) { return !takes_away(entry.value) && names_secret(entry.key); }) ||
         !secret_comments(format, bytes).empty();
}

LineConditions::LineConditions(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  Names open;
  std::size_t line = 1;
  std::size_t counted = 0;
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const auto begin = text.begin();
    line += static_cast<std::size_t>(
        std::count(begin + static_cast<std::ptrdiff_t>(counted), begin + static_cast<std::ptrdiff_t>(at), '\n'));
    counted = at;
    const auto end = std::min(text.find("}}", at + 2), text.size());
    auto inner = text.substr(at + 2, end - at - 2);
    at = std::min(end + 2, text.size());
    inner.remove_prefix(std::min(inner.find_first_not_of(blanks), inner.size()));
    if (inner.empty() || std::string_view("#^/").find(inner.front()) == std::string_view::npos) continue;
    const char kind = inner.front();
    inner.remove_prefix(1);
    const auto first = std::min(inner.find_first_not_of(blanks), inner.size());
    const auto name = inner.substr(first, inner.find_last_not_of(blanks) + 1 - first);
    if (lines_.empty() || lines_.back().number != line) lines_.push_back({line, open, open});
    auto& here = lines_.back();
    if (kind == '/') {
      if (!open.empty()) open.pop_back();
    } else {
      open.push_back(name);
      if (here.open.empty() || here.open.back() != name) here.open.push_back(name);
    }
    here.behind = open;
  }
}

std::vector<std::string> LineConditions::of(std::size_t line) const {
  const auto next = std::upper_bound(lines_.begin(), lines_.end(), line,
                                     [](std::size_t number, const Line& one) { return number < one.number; });
  std::vector<std::string> out;
  if (next == lines_.begin()) return out;
  const auto& found = *std::prev(next);
  std::unordered_set<std::string_view> told;
  for (const auto name : found.number == line ? found.open : found.behind)
    if (told.insert(name).second) out.emplace_back(name);
  return out;
}

}  // namespace strowger::provisioning
