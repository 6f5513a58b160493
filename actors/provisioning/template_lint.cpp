#include "actors/provisioning/template_lint.hpp"

#include "events/nearest.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include <boost/json/value.hpp>

namespace strowger::provisioning {
namespace {

constexpr std::size_t kMaxTemplate = 256 * 1024;

std::string_view trimmed_tag(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// In files of lines a value stands behind its key, or in a line that is a comment as a whole.
bool has_a_key(Format format, std::string_view text, std::size_t tag) {
  const auto start = text.rfind('\n', tag) + 1;  // npos + 1 is the first line
  return is_value_behind(format, text.substr(start, tag - start));
}

std::string_view key_of(Format format) {
  return format == Format::set ? "`SET NAME`" : format == Format::colon ? "`key:`" : "`key =`";
}

std::string unknown_name(std::string_view name, const Vocabulary& known) {
  const auto near = nearest(name, known.names());
  return "placeholder {{" + std::string(name.substr(0, 64)) + "}} is not known here; did you mean " + listed(near) +
         "?";
}

struct Tag {
  std::size_t at = 0;
  char kind = ' ';  // one of # ^ / & > = ! { or a space for a plain name
  std::string_view name;
};

std::string fault_in(const Tag& tag, Format format, std::string_view text, const Vocabulary& known,
                     std::span<const std::string_view> open) {
  switch (tag.kind) {
    case '{':
    case '&':
      return "unescaped output is not allowed; write {{" + std::string(tag.name) + "}}";
    case '>':
      return "partials are for the built-in templates; write the text out";
    case '=':
      return "the delimiters {{ and }} cannot be changed";
    case '!':
    case '/':
      return {};
    default:
      break;
  }
  const std::string name(tag.name);
  const auto* word = known.find(tag.name);
  if (word == nullptr) return unknown_name(tag.name, known);
  if (!Vocabulary::is_known(*word, open))
    return "{{" + name + "}} is known only inside {{#" + std::string(word->within.front()) + "}}…{{/" +
           std::string(word->within.front()) + "}}";
  if (tag.kind != ' ') return {};
  if (word->kind == Word::Kind::list) return "a list; write {{#" + name + "}}…{{/" + name + "}}";
  if (word->kind != Word::Kind::code && !has_a_key(format, text, tag.at))
    return "a value has to follow " + std::string(key_of(format)) + " on its line";
  return {};
}

}  // namespace

std::size_t line_of(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return static_cast<std::size_t>(std::count(text.begin(), end, '\n')) + 1;
}

std::size_t column_of(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const auto start = offset == 0 ? 0 : text.rfind('\n', offset - 1) + 1;  // npos + 1 is the first line
  return offset - start + 1;
}

Error template_fault(const std::string& name, std::size_t line, const std::string& what) {
  return unacceptable("bad_template", name + ":" + std::to_string(line) + ": " + what)
      .with("template", boost::json::value(name))
      .with("line", line);
}

Error template_fault(const std::string& name, std::string_view text, std::size_t offset, const std::string& what) {
  const auto line = line_of(text, offset);
  const auto column = column_of(text, offset);
  return unacceptable("bad_template", name + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + what)
      .with("template", boost::json::value(name))
      .with("line", line)
      .with("column", column);
}

Result<void> lint_template(const std::string& name, Format format, std::string_view text, const Vocabulary& known) {
  if (text.size() > kMaxTemplate) return template_fault(name, 1, "longer than 256 KiB");
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    return template_fault(name, text, nul, "holds a NUL byte; templates are UTF-8 text");
  if (const auto at = text.find('\x1E'); at != std::string_view::npos)
    return template_fault(name, text, at, "holds a control character");
  if (const auto at = text.find("<![CDATA["); format == Format::xml && at != std::string_view::npos)
    return template_fault(name, text, at, "CDATA would show escaped values as they are written; leave it out");

  std::vector<std::string_view> open;  // sections
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at)) {
    const auto end = text.find("}}", at + 2);
    if (end == std::string_view::npos) return template_fault(name, text, at, "{{ without }}");
    const auto inner = trimmed_tag(text.substr(at + 2, end - at - 2));
    if (inner.empty()) return template_fault(name, text, at, "{{}} names nothing");
    const bool plain = std::string_view("#^/&>=!{").find(inner.front()) == std::string_view::npos;
    const Tag tag{at, plain ? ' ' : inner.front(), plain ? inner : trimmed_tag(inner.substr(1))};
    if (const auto fault = fault_in(tag, format, text, known, open); !fault.empty())
      return template_fault(name, text, at, fault);
    if (tag.kind == '#' || tag.kind == '^') {
      open.push_back(tag.name);
    } else if (tag.kind == '/') {
      if (open.empty() || open.back() != tag.name)
        return template_fault(name, text, at,
                              open.empty()
                                  ? "{{/" + std::string(tag.name) + "}} closes no section"
                                  : "{{/" + std::string(tag.name) + "}} closes {{#" + std::string(open.back()) + "}}");
      open.pop_back();
    }
    at = end + 2;
  }
  return {};
}

}  // namespace strowger::provisioning
