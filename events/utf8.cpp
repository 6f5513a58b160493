#include "events/utf8.hpp"

namespace strowger::utf8 {
namespace {

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// Where the first ill-formed sequence begins; the size where there is none.
std::size_t first_ill_formed(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto character = character_at(text, at);
    if (!character.valid) return at;
    at += character.size;
  }
  return text.size();
}

}  // namespace

Character character_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t code = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (at + i >= text.size() || !is_continuation(text[at + i])) return {0xFFFD, i, false};
    const auto byte = static_cast<unsigned char>(text[at + i]);
    // Overlong forms, surrogates, and what lies beyond U+10FFFF.
    if (i == 1 && ((lead == 0xE0 && byte < 0xA0) || (lead == 0xED && byte > 0x9F) || (lead == 0xF0 && byte < 0x90) ||
                   (lead == 0xF4 && byte > 0x8F)))
      return {};
    code = code << 6 | (byte & 0x3FU);
  }
  return {code, size, true};
}

bool is_valid(std::string_view text) {
  return first_ill_formed(text) == text.size();
}

std::string valid(std::string_view text) {
  auto at = first_ill_formed(text);
  std::string out(text.substr(0, at));
  while (at < text.size()) {
    const auto character = character_at(text, at);
    out += character.valid ? text.substr(at, character.size) : replacement;
    at += character.size;
  }
  return out;
}

void mend(std::string& text) {
  if (!is_valid(text)) text = valid(text);
}

std::string_view prefix(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  // A character has at most four bytes: more continuations than three are not UTF-8 and may be cut anywhere.
  auto end = most;
  while (end > 0 && most - end < 3 && is_continuation(text[end])) --end;
  return text.substr(0, is_continuation(text[end]) ? most : end);
}

std::string clip(std::string_view text, std::size_t most) {
  std::string out = valid(prefix(text, most));
  out.resize(prefix(out, most).size());  // U+FFFD takes more bytes than what it stands for
  return out;
}

}  // namespace strowger::utf8
