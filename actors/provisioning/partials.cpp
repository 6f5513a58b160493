#include "actors/provisioning/partials.hpp"

#include "actors/provisioning/template_lint.hpp"

#include <algorithm>

namespace strowger::provisioning {
namespace {

constexpr std::size_t kDeepest = 8;
constexpr std::string_view kSpaces = " \t";

std::string indented(std::string_view text, std::string_view by) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const auto line = text.substr(at, end - at);
    if (line.find_first_not_of(" \t\r\n") != std::string_view::npos) out += by;
    out += line;
    at = end;
  }
  return out;
}

class Reader {
 public:
  explicit Reader(std::span<const templates::File> files) : files_(files) {}

  Result<std::string> read(const std::string& name, std::string_view text, std::size_t depth) const {
    const auto folder = name.substr(0, name.find('/') + 1);
    std::string out;
    std::size_t at = 0;
    for (auto tag = text.find("{{"); tag != std::string_view::npos; tag = text.find("{{", tag + 2)) {
      const auto kind = text.find_first_not_of(" \t\r\n", tag + 2);
      if (kind == std::string_view::npos || text[kind] != '>') continue;
      const auto end = text.find("}}", kind);
      if (end == std::string_view::npos) break;  // lint says so
      const auto file = folder + trimmed(text.substr(kind + 1, end - kind - 1)) + ".partial";
      const auto fault = [&](const std::string& what) { return template_fault(name, line_of(text, tag), what); };
      if (depth == kDeepest) return fault("partials hold each other: " + file);
      const auto found = std::find_if(files_.begin(), files_.end(), [&](const auto& f) { return f.path == file; });
      if (found == files_.end()) return fault("there is no " + file);
      const auto partial = read(file, found->content, depth + 1);
      if (!partial) return partial.error();

      const auto line = text.rfind('\n', tag) + 1;  // npos + 1: the first
      const auto before = text.substr(line, tag - line);
      const auto after = end + 2;
      const bool alone = before.find_first_not_of(kSpaces) == std::string_view::npos && line >= at &&
                         (after == text.size() || text[after] == '\n');
      if (alone) {
        out.append(text, at, line - at);
        out += indented(*partial, before);
        at = std::min(after + 1, text.size());
      } else {
        out.append(text, at, tag - at);
        out += *partial;
        at = after;
      }
    }
    return out.append(text, std::min(at, text.size()));
  }

 private:
  static std::string trimmed(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(" \t\r\n"), text.size());
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") + 1 - first));
  }

  std::span<const templates::File> files_;
};

}  // namespace

Result<std::string> with_partials(const std::string& name, std::string_view text,
                                  std::span<const templates::File> files) {
  return Reader(files).read(name, text, 0);
}

}  // namespace strowger::provisioning
