#include "config/reader.hpp"

#include "events/nearest.hpp"

#include <algorithm>

namespace strowger::config {
namespace {

std::size_t line_at(const YAML::Node& node) {
  const auto mark = node.Mark();
  return mark.is_null() ? 0 : static_cast<std::size_t>(mark.line) + 1;
}

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

const Key* find_key(std::string_view path) {
  for (const auto& key : keys())
    if (key.path == path) return &key;
  return nullptr;
}

bool is_section(const std::string& path) {
  const auto inside = path + ".";
  return std::any_of(keys().begin(), keys().end(), [&](const Key& key) { return key.path.starts_with(inside); });
}

// Every key and section: what somebody who mistyped one may have meant.
std::vector<std::string> known_paths() {
  std::vector<std::string> out;
  for (const auto& key : keys()) {
    out.emplace_back(key.path);
    for (auto dot = key.path.rfind('.'); dot != std::string_view::npos && dot > 0; dot = key.path.rfind('.', dot - 1))
      out.emplace_back(key.path.substr(0, dot));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// The nearest by the whole path; a name that is right but in the wrong place is nearer still.
std::string nearest_path(const std::string& path) {
  const auto known = known_paths();
  const auto last = path.substr(path.rfind('.') + 1);
  for (const auto& candidate : known)
    if (candidate.size() > last.size() && candidate.ends_with("." + last)) return candidate;
  const auto near = nearest(path, known, 1);
  return near.empty() ? std::string() : near.front();
}

std::string kind_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a section";
    case YAML::NodeType::Scalar:
      return "a value";
    case YAML::NodeType::Null:
      return "nothing";
    case YAML::NodeType::Undefined:
      break;
  }
  return "nothing";
}

std::string expected_but(std::string_view expected, const std::string& found) {
  return "expected " + std::string(expected) + ", found " + found;
}

}  // namespace

void Reader::read(const YAML::Node& document) {
  if (!document.IsDefined() || document.IsNull()) {
    faults_.add(0, "",
                "sets nothing: is it empty, cut off, or being written? Write `{}` where the defaults are meant, or "
                "start without --config");
    return;
  }
  if (!document.IsMap()) {
    faults_.add(line_at(document), "", expected_but("sections such as `server:`", kind_of(document)));
    return;
  }
  read_section(document, "");
}

std::size_t Reader::line_of(std::string_view key) const {
  const auto found = lines_.find(key);
  return found == lines_.end() ? 0 : found->second;
}

void Reader::read_section(const YAML::Node& node, const std::string& prefix) {
  for (const auto& [name, value] : entries_of(node, prefix)) {
    const auto path = joined(prefix, name);
    if (const auto* key = find_key(path)) {
      read_key(*key, value);
    } else if (!is_section(path)) {
      unknown_key(path, line_of(path));
    } else if (value.IsMap()) {
      read_section(value, path);
    } else if (value.IsNull()) {
      faults_.add(line_of(path), path,
                  "a section with nothing in it: was the file cut off? Give its keys, or take the line away");
    } else {
      faults_.add(line_at(value), path, expected_but("a section", kind_of(value)));
    }
  }
}

void Reader::read_key(const Key& key, const YAML::Node& node) {
  switch (key.shape) {
    case Shape::value:
      read_scalar(node, std::string(key.path), key.expected, key.read);
      return;
    case Shape::values:
      read_values(key, node);
      return;
    case Shape::entries:
      read_entries(key, node);
      return;
    case Shape::pairs:
      read_pairs(key, node);
      return;
  }
}

void Reader::read_values(const Key& key, const YAML::Node& node) {
  const std::string path(key.path);
  if (!node.IsSequence()) {
    faults_.add(line_of(path), path, expected_but("a list of " + std::string(key.expected), kind_of(node)));
    return;
  }
  key.begin(settings_);
  for (std::size_t i = 0; i < node.size(); ++i)
    read_scalar(node[i], path + "[" + std::to_string(i) + "]", key.expected, key.read);
}

void Reader::read_entries(const Key& key, const YAML::Node& node) {
  const std::string path(key.path);
  if (node.IsNull()) return;
  if (!node.IsSequence()) {
    faults_.add(line_of(path), path, expected_but(key.expected, kind_of(node)));
    return;
  }
  for (std::size_t i = 0; i < node.size(); ++i) read_entry(key, node[i], path + "[" + std::to_string(i) + "]");
}

void Reader::read_entry(const Key& key, const YAML::Node& node, const std::string& path) {
  if (!node.IsMap()) {
    faults_.add(line_at(node), path, expected_but(key.expected, kind_of(node)));
    return;
  }
  key.begin(settings_);
  std::vector<std::string> given;
  for (const auto& [name, value] : entries_of(node, path)) {
    const auto field = std::find_if(key.fields.begin(), key.fields.end(),
                                    [wanted = std::string_view(name)](const Field& one) { return one.name == wanted; });
    if (field == key.fields.end()) {
      std::vector<std::string> names;
      for (const auto& one : key.fields) names.emplace_back(one.name);
      const auto near = nearest(name, names, 1);
      faults_.add(line_of(joined(path, name)), joined(path, name), "unknown key; did you mean " + listed(near) + "?");
      continue;
    }
    given.push_back(name);
    read_scalar(value, joined(path, name), field->expected, field->read);
  }
  for (const auto& field : key.fields)
    if (field.required && std::find(given.begin(), given.end(), field.name) == given.end())
      faults_.add(line_at(node), path, std::string(field.name) + " is missing; give " + std::string(field.expected));
}

void Reader::read_pairs(const Key& key, const YAML::Node& node) {
  const std::string path(key.path);
  if (node.IsNull()) return;
  if (!node.IsMap()) {
    faults_.add(line_of(path), path, expected_but(key.expected, kind_of(node)));
    return;
  }
  key.begin(settings_);
  for (const auto& [name, value] : entries_of(node, path)) {
    const auto read = [&key, pair = name](Settings& settings, const std::string& text) {
      return key.read_pair(settings, pair, text);
    };
    read_scalar(value, joined(path, name), key.expected, read);
  }
}

void Reader::read_scalar(const YAML::Node& node, const std::string& path, std::string_view expected, const Read& read) {
  const auto text = scalar(node, path, expected);
  if (!text) return;
  if (const auto wrong = read(settings_, *text); !wrong.empty()) {
    const auto line = node.IsNull() ? line_of(path) : line_at(node);  // of nothing, YAML gives the line after
    faults_.add(line, path, "expected " + std::string(expected) + ", but " + wrong);
  }
}

std::optional<std::string> Reader::scalar(const YAML::Node& node, const std::string& path, std::string_view expected) {
  if (node.IsNull()) return "";  // `key:` and nothing more; whether that will do is for the key to say
  if (!node.IsScalar()) {
    faults_.add(line_at(node), path, expected_but(expected, kind_of(node)));
    return std::nullopt;
  }
  auto text = substitute(node.Scalar(), environment_);
  if (text) return *text;
  faults_.add(line_at(node), path, text.error().message);
  return std::nullopt;
}

std::vector<std::pair<std::string, YAML::Node>> Reader::entries_of(const YAML::Node& map, const std::string& prefix) {
  std::vector<std::pair<std::string, YAML::Node>> out;
  std::map<std::string, std::size_t> seen;
  for (const auto& entry : map) {
    const auto line = line_at(entry.first);
    if (!entry.first.IsScalar()) {
      faults_.add(line, prefix, "a key has to be a name, not " + kind_of(entry.first));
      continue;
    }
    const auto name = entry.first.Scalar();
    const auto [first, fresh] = seen.emplace(name, line);
    if (!fresh) {
      faults_.add(line, joined(prefix, name), "set twice; the first is in line " + std::to_string(first->second));
      continue;
    }
    lines_[joined(prefix, name)] = line;
    out.emplace_back(name, entry.second);
  }
  return out;
}

void Reader::unknown_key(const std::string& path, std::size_t line) {
  const auto near = nearest_path(path);
  faults_.add(line, path, "unknown key; did you mean " + near + "?");
}

}  // namespace strowger::config
