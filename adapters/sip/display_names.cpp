#include "adapters/sip/display_names.hpp"

#include "adapters/digest/digest.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace strowger::sip {
namespace {

constexpr std::array<std::string_view, 6> name_addr_headers{"from", "f", "to", "t", "contact", "m"};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool is_token_char(char c) {
  constexpr std::string_view marks = "-.!%*_+`'~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}

// Where the string in quotes that begins at `at` ends, behind its quote; npos: nowhere.
std::size_t behind_quotes(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return std::string_view::npos;
}

// Nothing, tokens, or one string in quotes.
bool is_display_name(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  if (text.starts_with('"')) return behind_quotes(text, 0) == text.size();
  return std::ranges::all_of(text, [](char c) { return is_token_char(c) || is_blank(c); });
}

// The header's value, folded lines and all: `Name <uri>;params`, and more of them behind commas.
std::size_t blank_in_value(std::span<char> value) {
  const std::string_view text(value.data(), value.size());
  std::size_t blanked = 0;
  std::size_t begin = 0;  // of the element
  while (begin < text.size()) {
    // A quote that is never closed hides nothing.
    auto open = begin;
    while (open < text.size() && text[open] != '<') {
      const auto behind = text[open] == '"' ? behind_quotes(text, open) : open + 1;
      open = behind == std::string_view::npos ? open + 1 : behind;
    }
    if (open == text.size()) return blanked;  // a bare URI
    auto name = begin;
    // A bare URI before it is another element.
    const auto before = text.substr(begin, open - begin);
    if (const auto comma = before.rfind(','); comma != std::string_view::npos && !before.starts_with('"') &&
                                              before.substr(0, comma).find(':') != std::string_view::npos)
      name = begin + comma + 1;
    if (!is_display_name(text.substr(name, open - name))) {
      ++blanked;
      for (auto at = name; at < open; ++at)
        if (!is_blank(value[at])) value[at] = ' ';
    }
    auto at = text.find('>', open);
    while (at < text.size() && text[at] != ',') {
      const auto behind = text[at] == '"' ? behind_quotes(text, at) : at + 1;
      at = behind == std::string_view::npos ? at + 1 : behind;
    }
    if (at >= text.size()) return blanked;
    begin = at + 1;
  }
  return blanked;
}

}  // namespace

std::size_t blank_bad_names(std::span<char> message) {
  const std::string_view text(message.data(), message.size());
  std::size_t blanked = 0;
  auto line = text.find('\n');  // behind the first line
  while (line != std::string_view::npos && ++line < text.size()) {
    auto end = text.find('\n', line);
    if (end == std::string_view::npos) end = text.size();
    if (text[line] == '\r' || text[line] == '\n') break;  // the empty one
    // Most headers are none of these: their first letter tells.
    constexpr std::string_view firsts = "fFtTcCmM";
    if (firsts.find(text[line]) == std::string_view::npos) {
      line = end;
      continue;
    }
    const auto colon = text.find(':', line);
    if (colon >= end) {
      line = end;
      continue;
    }
    auto name = text.substr(line, colon - line);
    while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
    const bool is_name_addr =
        std::ranges::any_of(name_addr_headers, [&](std::string_view one) { return digest::same_token(name, one); });
    // Lines that begin with a space belong to the value.
    while (is_name_addr && end + 1 < text.size() && (text[end + 1] == ' ' || text[end + 1] == '\t')) {
      end = text.find('\n', end + 1);
      if (end == std::string_view::npos) end = text.size();
    }
    if (is_name_addr) blanked += blank_in_value(message.subspan(colon + 1, end - colon - 1));
    line = end;
  }
  return blanked;
}

}  // namespace strowger::sip
