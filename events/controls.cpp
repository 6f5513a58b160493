#include "events/controls.hpp"

#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace strowger {
namespace {

struct CodeRange {
  char32_t first, last;
};
constexpr std::array<CodeRange, 16> controls{{
    {0x00, 0x1F},      // C0
    {0x7F, 0x9F},      // delete, C1
    {0xAD, 0xAD},      // soft hyphen
    {0x61C, 0x61C},    // Arabic letter mark
    {0x180E, 0x180E},  // Mongolian vowel separator
    {0x200B, 0x200B},  // zero width space
    {0x200E, 0x200F},  // marks of direction
    {0x2028, 0x2029},  // line and paragraph separator
    {0x202A, 0x202E},  // embeddings and overrides of direction
    {0x2060, 0x2064},  // word joiner, invisible operators
    {0x2066, 0x2069},  // isolates
    {0x206A, 0x206F},  // deprecated controls of form
    {0xFEFF, 0xFEFF},  // byte order mark
    {0xFFF9, 0xFFFB},  // interlinear annotation
    {0x1D173, 0x1D17A},
    {0xE0001, 0xE0001},  // language tag
}};
constexpr char32_t no_break_space = 0xA0;

bool is_control(char32_t code) {
  const auto range = std::ranges::lower_bound(controls, code, {}, &CodeRange::last);
  return range != controls.end() && code >= range->first;
}

bool separates(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0x2028 || code == 0x2029;
}

std::string hex_of(const char* format, char32_t code) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), format, static_cast<unsigned>(code));
  return out.data();
}

}  // namespace

std::optional<ControlCharacter> find_control(std::string_view text, std::size_t from) {
  for (auto at = from; at < text.size();) {
    const auto character = utf8::character_at(text, at);
    if (character.valid && is_control(character.code)) return ControlCharacter{at, character.size, character.code};
    at += character.size;
  }
  return std::nullopt;
}

std::string control_fault(std::string_view name) {
  const auto found = find_control(name);
  if (!found) return {};
  return "it holds the control character " + hex_of("U+%04X", found->code) + " behind " + std::to_string(found->at) +
         " bytes; line breaks, control characters, those that change the direction of text and those that are not seen "
         "cannot be in it";
}

std::string without_controls(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  for (auto found = find_control(text); found; found = find_control(text, at)) {
    out += text.substr(at, found->at - at);
    if (separates(found->code)) out += ' ';
    at = found->at + found->size;
  }
  out += text.substr(at);
  return out;
}

std::string quoted(std::string_view text, std::size_t most) {
  const auto clipped = utf8::clip(text, most);
  std::string out = "'";
  for (std::size_t at = 0; at < clipped.size();) {
    const auto character = utf8::character_at(clipped, at);
    if (is_control(character.code) || character.code == no_break_space)
      out += hex_of("\\u%04X", character.code);
    else
      out += std::string_view(clipped).substr(at, character.size);
    at += character.size;
  }
  return out + "'";
}

}  // namespace strowger
