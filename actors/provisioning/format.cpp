#include "actors/provisioning/format.hpp"

#include <cstddef>

namespace strowger::provisioning {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

struct Decoded {
  char32_t code = kReplacement;
  std::size_t size = 1;
};

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

// The character at `at`; a wrong sequence gives U+FFFD for as many bytes as could have belonged to it (Unicode 15,
// section 3.9, "maximal subparts"), so that decoding always gets on.
Decoded decode(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const std::size_t want = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = lead & (0x7FU >> want);
  for (std::size_t i = 1; i < want; ++i) {
    if (!continues(text, at + i)) return {kReplacement, i};
    const auto byte = static_cast<unsigned char>(text[at + i]);
    const bool overlong = i == 1 && ((lead == 0xE0 && byte < 0xA0) || (lead == 0xF0 && byte < 0x90));
    const bool outside = i == 1 && ((lead == 0xED && byte > 0x9F) || (lead == 0xF4 && byte > 0x8F));
    if (overlong || outside) return {kReplacement, 1};
    code = code << 6 | (byte & 0x3FU);
  }
  return {code, want};
}

// What some reader takes for the end of a line or for white space that it may swallow.
bool breaks_line(char32_t code) {
  return code == '\n' || code == '\r' || code == '\t' || code == 0x0B || code == 0x0C || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
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

bool is_replaced(Decoded decoded, std::string_view text, std::size_t at) {
  return decoded.code == kReplacement && text.substr(at, decoded.size) != "\xEF\xBF\xBD";
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
    const auto decoded = decode(value, at);
    const auto [code, size] = decoded;
    if (is_replaced(decoded, value, at)) {
      out += "\xEF\xBF\xBD";
    } else if (code < 0x80 || breaks_line(code) || is_control(code) || is_noncharacter(code)) {
      append_special(out, format, code);
    } else {
      out.append(value, at, size);
    }
    at += size;
  }
  return format == Format::xml ? out : without_outer_blanks(std::move(out));
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto decoded = decode(text, at);
    out += is_replaced(decoded, text, at) ? "\xEF\xBF\xBD" : text.substr(at, decoded.size);
    at += decoded.size;
  }
  return out;
}

}  // namespace strowger::provisioning
