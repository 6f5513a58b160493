// The number that a phone dials, of a number as people write it. The one place where that is decided: phone books and
// keys of every vendor's phones have it from here, while what is shown stays as it was written.
//
//   written                          dialled
//   +49 (0)30 1234-567               +49301234567     the zero in brackets is for callers within the country
//   +39 (0)6 1234                    +39061234        where numbers begin with a zero it is a part of them
//   (030) 1234/567                   0301234567
//   +49 30 123-45 ext. 12            +493012345       a phone cannot dial an extension behind a number with it
//   tel:+1-555-1234;ext=9            +15551234        RFC 3966
//   *98, #31#                        as they are: service codes
//   sip:ann@example.com, ann         as they are: addresses and names
//
// Blanks, dashes, slashes, dots and brackets of all kinds go, and so do characters that are not seen (controls.hpp). A
// digit of another script is its ASCII digit.
//
// **Threads**: any. **Complexity**: O(text). **Source**: ITU-T E.123 (notation), E.164 (country codes), RFC 3966.
#pragma once

#include <string>
#include <string_view>

namespace strowger::provisioning {

std::string dialled(std::string_view written);

// The number as it was written, in the characters that rules and phones know: digits, blanks, plus and dash in ASCII,
// nothing that is not seen.
std::string ascii_number(std::string_view written);

}  // namespace strowger::provisioning
