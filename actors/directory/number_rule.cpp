#include "actors/directory/number_rule.hpp"

#include "actors/provisioning/dialled.hpp"
#include "events/controls.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <re2/re2.h>

namespace strowger::directory {
namespace {

// Longer values are no telephone numbers.
constexpr std::size_t longest_value = 64;
constexpr std::size_t longest_expression = 256;
constexpr std::int64_t most_expression_memory = std::int64_t{1} << 20;  // (\d{1000}){1000} is short, too

RE2::Options expression_options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(most_expression_memory);
  return options;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view trimmed_rule(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has_letter(std::string_view value) {
  return std::ranges::any_of(value, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
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

char small_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// What follows the last x, ext, extn, extension or ;ext= that a number follows, whatever its case.
std::string_view after_last_x(std::string_view value) {
  constexpr std::array<std::string_view, 6> words{"extension", "exten", "extn", "ext", "xt", "x"};
  for (auto at = value.size(); at-- > 0;) {
    for (const auto word : words) {
      if (!std::ranges::equal(value.substr(at, word.size()), word, {}, small_ascii)) continue;
      auto rest = value.substr(at + word.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(" .:=#-"), rest.size()));
      if (rest.empty() || !(is_digit(rest.front()) || rest.front() == '+' || rest.front() == '*')) continue;
      return rest.substr(0, rest.find_first_of(";,"));
    }
  }
  return {};
}

Error bad_rule(std::string_view text, const std::string& why) {
  return unacceptable("bad_number_rule", "the number rule '" + utf8::clip(text, 128) + "' " + why +
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
    if (expression.empty()) return bad_rule(text, "has no expression");
    if (expression.size() > longest_expression)
      return bad_rule(text, "is longer than " + std::to_string(longest_expression) + " characters");
    rule.regex_ = std::make_shared<const RE2>(expression, expression_options());
    if (!rule.regex_->ok())
      return bad_rule(text, "is no regular expression that is taken here (" + rule.regex_->error() +
                                "; look-around and back references are not)");
    if (rule.regex_->NumberOfCapturingGroups() > 1)
      return bad_rule(text, "has more than one group; write (?:…) for those that are not the number");
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
  const auto missed = [&](const std::string& what) {
    return unacceptable("no_number", quoted(given, longest_value) + " " + what);
  };
  if (trimmed_rule(given).size() > longest_value)
    return missed("… is longer than a telephone number (" + std::to_string(given.size()) + " characters)");
  const auto value = provisioning::ascii_number(given);
  std::string number;
  switch (kind_) {
    case Kind::whole:
      number = has_letter(value) ? without_separators(value) : provisioning::dialled(value);
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
      const auto groups = regex_->NumberOfCapturingGroups();
      std::array<re2::StringPiece, 2> found;
      if (!regex_->Match(re2::StringPiece(value.data(), value.size()), 0, value.size(), RE2::UNANCHORED, found.data(),
                         groups + 1))
        return missed("is not matched by '" + text_ + "'");
      const auto& match = found.at(static_cast<std::size_t>(groups));
      number = without_separators({match.data(), match.size()});
      break;
    }
  }
  auto parsed = ExtensionNumber::parse(number);
  if (!parsed) return missed("gives no extension number (1 to 20 digits, with an optional leading + or *)");
  return parsed;
}

}  // namespace strowger::directory
