#include "config/schema.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace strowger::config {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const auto dot = std::min(path.find('.', at), path.size());
    parts.emplace_back(path.substr(at, dot - at));
    at = dot + 1;
  }
  return parts;
}

std::string indent(std::size_t depth) {
  return std::string(2 * depth, ' ');
}

}  // namespace

std::string sample() {
  const Settings defaults;
  std::string out =
      "# Strowger's settings. Every key is here with its default; leave out what should stay as it is.\n"
      "# ${NAME} and ${NAME:-default} read the environment, ${credential:NAME} a systemd credential.\n";
  std::vector<std::string> open;  // the sections that the last key lies in
  for (const auto& key : keys()) {
    const auto parts = parts_of(key.path);
    std::size_t depth = 0;
    while (depth + 1 < parts.size() && depth < open.size() && open[depth] == parts[depth]) ++depth;
    if (depth == 0) out += "\n";
    for (; depth + 1 < parts.size(); ++depth) out += indent(depth) + parts[depth] + ":\n";
    open.assign(parts.begin(), parts.end() - 1);

    if (!key.help.empty()) out += indent(depth) + "# " + std::string(key.help) + "\n";
    out += indent(depth) + parts.back() + ": " + key.show(defaults) + "\n";
    if (!key.example.empty()) out += indent(depth + 1) + "# " + std::string(key.example) + "\n";
  }
  return out;
}

}  // namespace strowger::config
