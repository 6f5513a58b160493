// Text as people, spreadsheets and directories leave it, in the one form in which it is compared and kept.
//
// **Threads**: any. **Complexity**: O(text). **Source**: Unicode UAX #15 (normalisation), by ICU.
#pragma once

#include <string>
#include <string_view>

namespace strowger {

// Normalisation Form C: the same letters in the same bytes, so that `é` typed on one system is the `é` of another. Text
// that is no UTF-8 stays as it is.
std::string normal_form(std::string_view text);

// A name or a number without what is not seen: in normal form, without control and invisible characters (controls.hpp),
// each kind of blank (no-break, thin, ideographic …) a space, and none at its ends. Text that is no UTF-8 stays so:
// whoever takes it checks.
std::string plain_text(std::string_view text);

}  // namespace strowger
