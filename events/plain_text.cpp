#include "events/plain_text.hpp"

#include "events/controls.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <stdexcept>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

namespace strowger {
namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// ICU's data is a part of the library: where it is not there, nothing of ICU works.
const icu::Normalizer2& composer() {
  static const icu::Normalizer2& instance = []() -> const icu::Normalizer2& {
    UErrorCode fault = U_ZERO_ERROR;
    const auto* made = icu::Normalizer2::getNFCInstance(fault);
    if (U_FAILURE(fault)) throw std::runtime_error(std::string("ICU: ") + u_errorName(fault));
    return *made;
  }();
  return instance;
}

bool is_blank(char32_t code) {
  return u_charType(static_cast<UChar32>(code)) == U_SPACE_SEPARATOR;
}

std::string with_plain_blanks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto character = utf8::character_at(text, at);
    if (character.valid && is_blank(character.code))
      out.push_back(' ');
    else
      out += text.substr(at, character.size);
    at += character.size;
  }
  return out;
}

}  // namespace

std::string normal_form(std::string_view text) {
  std::string out;
  if (is_ascii(text) || !utf8::is_valid(text)) return std::string(text);
  icu::StringByteSink<std::string> sink(&out, static_cast<int32_t>(text.size()));
  UErrorCode fault = U_ZERO_ERROR;
  composer().normalizeUTF8(0, icu::StringPiece(text.data(), static_cast<int32_t>(text.size())), sink, nullptr, fault);
  return U_FAILURE(fault) ? std::string(text) : out;
}

std::string plain_text(std::string_view text) {
  auto out = without_controls(text);
  if (!is_ascii(out)) out = normal_form(with_plain_blanks(out));
  const auto first = out.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

}  // namespace strowger
