#include "actors/provisioning/format.hpp"

#include "events/utf8.hpp"

#include <algorithm>
#include <cstddef>

namespace strowger::provisioning {
namespace {

// What some reader takes for the end of a line or for white space that it may swallow.
bool breaks_line(char32_t code) {
  return code == '\n' || code == '\r' || code == '\t' || code == 0x0B || code == 0x0C || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

// The property Bidi_Control of Unicode's UAX #9; without width, so nothing takes its place.
bool changes_direction(char32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool is_noncharacter(char32_t code) {
  return (code & 0xFFFE) == 0xFFFE;
}

void append_special(std::string& out, Format format, char32_t code) {
  if (breaks_line(code)) {
    out.push_back(' ');
    return;
  }
  if (is_control(code) || is_noncharacter(code)) {
    if (format != Format::xml) out.push_back(' ');
    return;
  }
  if (changes_direction(code)) return;
  if (format == Format::set && code == '"') {
    out.push_back('\'');
    return;
  }
  if (format == Format::xml) {
    switch (code) {
      case '&':
        out += "&amp;";
        return;
      case '<':
        out += "&lt;";
        return;
      case '>':
        out += "&gt;";
        return;
      case '"':
        out += "&quot;";
        return;
      case '\'':
        out += "&apos;";
        return;
      default:
        break;
    }
  }
  out.push_back(static_cast<char>(code));  // plain ASCII: all else is copied as it came
}

std::string without_outer_blanks(std::string value) {
  const auto first = value.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  const auto last = value.find_last_not_of(' ');
  return value.substr(first, last - first + 1);
}

}  // namespace

bool is_value_behind(Format format, std::string_view before) {
  const auto first = before.find_first_not_of(" \t\r");
  if (format == Format::xml) return true;
  if (first == std::string_view::npos) return false;
  before.remove_prefix(first);
  if (before.front() == '#') return true;
  switch (format) {
    case Format::colon:
      return before.find(':', 1) != std::string_view::npos;
    case Format::set: {
      const auto space = before.find(' ', 4);  // SET NAME, and a space
      return before.starts_with("SET ") && space != std::string_view::npos && space > 4;
    }
    default:
      return before.find('=', 1) != std::string_view::npos;
  }
}

std::string escape(Format format, std::string_view value) {
  std::string out;
  out.reserve(value.size() + 16);
  for (std::size_t at = 0; at < value.size();) {
    const auto [code, size, valid] = utf8::character_at(value, at);
    if (!valid) {
      out += utf8::replacement;
    } else if (code < 0x80 || breaks_line(code) || is_control(code) || is_noncharacter(code) ||
               changes_direction(code)) {
      append_special(out, format, code);
    } else {
      out.append(value, at, size);
    }
    at += size;
  }
  return format == Format::xml ? out : without_outer_blanks(std::move(out));
}

std::string written_value(Format format, std::string_view value, std::string_view before) {
  auto out = escape(format, value);
  if (format != Format::colon) return out;
  const bool in_quotes = before.ends_with('"');
  if (!in_quotes && out.find('#') == std::string::npos) return out;
  std::replace(out.begin(), out.end(), '"', '\'');
  return in_quotes ? out : '"' + out + '"';
}

bool can_hold(Format format, std::string_view text) {
  return format != Format::set || text.find('"') == std::string_view::npos;
}

std::string valid_utf8(std::string_view text) {
  return utf8::valid(text);
}

}  // namespace strowger::provisioning
