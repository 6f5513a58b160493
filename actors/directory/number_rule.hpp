// How a telephone number of a directory becomes an extension.
//
//   (empty)        as a phone dials it (dialled.hpp): +49 (0)30 1234-567 is +49301234567
//   last 4         its last four digits: +43 1 234 1007 is 1007
//   x              what follows the last x, ext, extn, extension or ;ext=: +43 1 234-0 x1007 is 1007 (`x1007` is the
//                  same rule)
//   regex: …       the first group of a regular expression (RE2's syntax), or all that it matches where it has no group
//
// Before a rule is applied, digits, blanks and dashes of all kinds are made those of ASCII, and what is not seen goes.
//
// A regular expression takes time proportional to the value, whatever it is. So RE2 knows no look-around and no back
// references; a rule that holds one is refused.
#pragma once

#include "events/ids.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace strowger::directory {

class NumberRule {
 public:
  // Fails with `bad_number_rule` on text that is none of the above, saying what is wrong in it.
  static Result<NumberRule> parse(std::string_view text);

  // Fails with `no_number`, saying what the rule missed in the value.
  Result<ExtensionNumber> apply(std::string_view value) const;
  const std::string& text() const { return text_; }

 private:
  enum class Kind : std::uint8_t { whole, last, after_x, regex };
  std::string text_;
  Kind kind_ = Kind::whole;
  std::size_t digits_ = 0;
  std::shared_ptr<const re2::RE2> regex_;
};

}  // namespace strowger::directory
