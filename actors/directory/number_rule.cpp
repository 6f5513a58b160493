#include "actors/directory/number_rule.hpp"

#include <algorithm>
#include <charconv>

namespace strowger::directory {
namespace {

// Longer values are no telephone numbers, and a regular expression's time grows with its input.
constexpr std::size_t longest_value = 64;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trimmed_rule(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What people write between digits goes.
std::string without_separators(std::string_view value) {
  std::string out;
  for (const char c : value)
    if (std::string_view(" \t-./()").find(c) == std::string_view::npos) out.push_back(c);
  return out;
}

std::string digits_of(std::string_view value) {
  std::string out;
  std::copy_if(value.begin(), value.end(), std::back_inserter(out), is_digit);
  return out;
}

// What follows the last x, X, ext or ext.
std::string_view after_last_x(std::string_view value) {
  const auto x = value.find_last_of("xX");
  if (x == std::string_view::npos) return {};
  auto rest = value.substr(x + 1);
  if (!rest.empty() && (rest.front() == 't' || rest.front() == 'T')) rest.remove_prefix(1);
  while (!rest.empty() && (rest.front() == '.' || rest.front() == ':' || rest.front() == ' ')) rest.remove_prefix(1);
  return rest;
}

Error bad_rule(std::string_view text, const std::string& why) {
  return unacceptable("bad_number_rule", "the number rule '" + std::string(text.substr(0, 128)) + "' " + why +
                                             "; there are 'last 4' (the last four digits), 'x' (what follows an x) and "
                                             "'regex: …' with one group");
}

}  // namespace

Result<NumberRule> NumberRule::parse(std::string_view given) {
  const auto text = trimmed_rule(given);
  NumberRule rule;
  rule.text_ = std::string(text);
  if (text.empty()) return rule;
  if (text.starts_with("regex:")) {
    rule.kind_ = Kind::regex;
    const std::string expression(trimmed_rule(text.substr(6)));
    try {
      rule.regex_ = std::make_shared<const std::regex>(expression, std::regex::ECMAScript | std::regex::optimize);
    } catch (const std::regex_error& fault) {
      return bad_rule(text, std::string("is no regular expression (") + fault.what() + ")");
    }
    if (expression.empty()) return bad_rule(text, "has no expression");
    if (rule.regex_->mark_count() > 1) return bad_rule(text, "has more than one group");
    return rule;
  }
  if (text.front() == 'x' || text.front() == 'X') {
    if (!std::all_of(text.begin() + 1, text.end(), is_digit)) return bad_rule(text, "is not known");
    rule.kind_ = Kind::after_x;
    return rule;
  }
  if (text.starts_with("last")) {
    auto count = trimmed_rule(text.substr(4));
    const auto [end, failed] = std::from_chars(count.data(), count.data() + count.size(), rule.digits_);
    const auto rest = trimmed_rule(count.substr(static_cast<std::size_t>(end - count.data())));
    if (failed != std::errc() || (!rest.empty() && rest != "digits") || rule.digits_ < 1 || rule.digits_ > 20)
      return bad_rule(text, "does not say how many digits, 1 to 20");
    rule.kind_ = Kind::last;
    return rule;
  }
  return bad_rule(text, "is not known");
}

Result<ExtensionNumber> NumberRule::apply(std::string_view given) const {
  const auto value = trimmed_rule(given);
  const auto missed = [&](const std::string& what) {
    return unacceptable("no_number", "'" + std::string(value.substr(0, longest_value)) + "' " + what);
  };
  if (value.size() > longest_value)
    return missed("… is longer than a telephone number (" + std::to_string(value.size()) + " characters)");
  std::string number;
  switch (kind_) {
    case Kind::whole:
      number = without_separators(value);
      break;
    case Kind::last: {
      const auto digits = digits_of(value);
      if (digits.size() < digits_) return missed("has fewer than " + std::to_string(digits_) + " digits");
      number = digits.substr(digits.size() - digits_);
      break;
    }
    case Kind::after_x:
      number = without_separators(after_last_x(value));
      if (number.empty()) return missed("has no x with a number behind it");
      break;
    case Kind::regex: {
      std::match_results<std::string_view::const_iterator> found;
      try {
        if (!std::regex_search(value.begin(), value.end(), found, *regex_))
          return missed("is not matched by '" + text_ + "'");
      } catch (const std::regex_error& fault) {
        return missed("could not be matched by '" + text_ + "': " + fault.what());
      }
      number = without_separators(found[regex_->mark_count()].str());
      break;
    }
  }
  auto parsed = ExtensionNumber::parse(number);
  if (!parsed) return missed("gives no extension number (1 to 20 digits, with an optional leading + or *)");
  return parsed;
}

}  // namespace strowger::directory
