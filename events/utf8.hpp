// UTF-8 (RFC 3629): what every text in an event, a stored value, an answer or a log line is made of.
//
// Text from outside may be any bytes. It is made UTF-8 where it enters (json::write_string does it for all that is
// written as JSON), and it is cut between characters, never within one.
//
// Threads: any. Complexity: O(bytes looked at), no allocation but for what is returned.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace strowger::utf8 {

inline constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Character {
  char32_t code = 0xFFFD;
  std::size_t size = 1;  // bytes; at least 1
  bool valid = false;    // false: these bytes are not UTF-8, and U+FFFD stands for them
};

// The character at `at`, which lies within the text. An ill-formed sequence is as long as its "maximal subpart"
// (Unicode 15, section 3.9), so that reading always gets on.
Character character_at(std::string_view text, std::size_t at);

bool is_valid(std::string_view text);
// The text with U+FFFD in place of each ill-formed sequence, and nothing else changed.
std::string valid(std::string_view text);
// The same in place: nothing is copied where nothing has to be replaced.
void mend(std::string& text);

// The longest beginning of at most `most` bytes that ends between two characters.
std::string_view prefix(std::string_view text, std::size_t most);
// Valid text of at most `most` bytes, cut between characters: for what a stranger sends.
std::string clip(std::string_view text, std::size_t most);

}  // namespace strowger::utf8
