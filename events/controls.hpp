// Characters that are not seen but change what is around them: control characters (Unicode Cc), line and paragraph
// separators, those that change the direction of text (the property Bidi_Control of Unicode's UAX #9), and those that
// take no room: soft hyphen, zero width space, word joiner, byte order mark and their like. In a name they forge lines
// of logs and of phones' files, or show another name than is stored; in a number they keep it from being one. Joiners
// (U+200C, U+200D), which Persian and Indic names and emoji need, are none of them.
//
// Pure functions on UTF-8. Bytes that are no UTF-8 are none of these characters. **Complexity**: O(text).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace strowger {

struct ControlCharacter {
  std::size_t at = 0;    // byte
  std::size_t size = 1;  // in bytes
  char32_t code = 0;
};

// The first at or behind `from`.
std::optional<ControlCharacter> find_control(std::string_view text, std::size_t from = 0);

// Why a name is refused, as the end of a sentence: `it holds the control character U+202E behind 3 bytes; …`. Empty
// where there is none.
std::string control_fault(std::string_view name);

// The text without them; a line break or a tab becomes a space.
std::string without_controls(std::string_view text);

// A text from outside in the sentence that refuses it: in single quotes, at most `most` bytes of it, with escapes
// (\u202A) in place of these characters and of the no-break space, which is seen as another one. UTF-8.
std::string quoted(std::string_view text, std::size_t most = 64);

}  // namespace strowger
