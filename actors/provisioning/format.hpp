// The file grammars that phones read, and how a value is written into one so that it arrives as it is and can never
// become a key, a tag or a line of its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace strowger::provisioning {

enum class Format : std::uint8_t {
  text,   // `key = value` lines (Yealink, Zultys); a comment is a whole line that starts with #
  xml,    // XML 1.0: attributes (Polycom), a flat profile (Cisco), P-codes (Grandstream), elements (Snom, Fanvil)
  colon,  // `key: value` lines (Mitel, Aastra); a comment is a whole line that starts with #
  set,    // a script of `SET NAME "value"` and `GET file` lines (Avaya); a comment is a whole line that starts with #
};

// In a file of lines: whether what stands before a value on its line makes it the value of some key, or is a comment.
bool is_value_behind(Format format, std::string_view before);

// text, colon and set: every line break and control character becomes a space, and outer spaces go, because phones trim
// them anyway. set: a double quote, which the grammar has no way to write, becomes a single one. xml: & < > " and '
// become the five entities, which hold in element text and in attributes of either quote; line breaks and tabs become
// spaces (an attribute would lose them), the characters that XML 1.0 forbids are dropped. All: what is not UTF-8
// becomes U+FFFD, a byte sequence each; characters that change the direction of text (UAX #9) are dropped.
std::string escape(Format format, std::string_view value);

// The same as it stands behind `before`, which is what the file holds already. colon: phones take # for the beginning
// of a comment unless the value is in quotes (Aastra SIP administrator guide, `sip dial plan`), so a value with one is
// given quotes where the template has none; a double quote inside of quotes becomes a single one.
std::string written_value(Format format, std::string_view value, std::string_view before);

// Whether files of this grammar can hold the text as it is: a script has no way to write a double quote.
bool can_hold(Format format, std::string_view text);

// The text with U+FFFD for each byte sequence that is not UTF-8, and nothing else changed.
std::string valid_utf8(std::string_view text);

}  // namespace strowger::provisioning
