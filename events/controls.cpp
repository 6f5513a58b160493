#include "events/controls.hpp"

#include <array>
#include <cstdio>

namespace strowger {
namespace {

std::optional<ControlCharacter> control_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto lead = byte(0);
  if (lead < 0x20 || lead == 0x7F) return ControlCharacter{at, 1, lead};
  if (lead == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) return ControlCharacter{at, 2, byte(1)};
  if (lead == 0xD8 && byte(1) == 0x9C) return ControlCharacter{at, 2, 0x061C};
  if (lead != 0xE2) return std::nullopt;
  const char32_t code = 0x2000U | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
  const bool separator = byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9);
  const bool mark = byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F);
  const bool embedding = byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE;
  const bool isolate = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
  if (separator || mark || embedding || isolate) return ControlCharacter{at, 3, code};
  return std::nullopt;
}

bool separates(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0x2028 || code == 0x2029;
}

}  // namespace

std::optional<ControlCharacter> find_control(std::string_view text, std::size_t from) {
  for (auto at = from; at < text.size(); ++at)
    if (const auto found = control_at(text, at)) return found;
  return std::nullopt;
}

std::string control_fault(std::string_view name) {
  const auto found = find_control(name);
  if (!found) return {};
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), "U+%04X", static_cast<unsigned>(found->code));
  return "it holds the control character " + std::string(code.data()) + " behind " + std::to_string(found->at) +
         " bytes; line breaks, control characters and those that change the direction of text cannot be in it";
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

}  // namespace strowger
