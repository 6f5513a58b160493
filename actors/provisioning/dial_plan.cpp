#include "actors/provisioning/dial_plan.hpp"

#include "events/utf8.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/value.hpp>

namespace strowger::provisioning {
namespace {

constexpr std::string_view all_digits = "0123456789";
constexpr std::size_t longest_pattern = 32;             // keys
constexpr std::size_t most_patterns = most_dial_rules;  // a Polycom map has no more segments either

Error bad_plan(std::string_view pattern, const std::string& what) {
  return unacceptable("bad_dial_plan", "Pattern '" + utf8::clip(pattern, 64) + "' of the dial plan: " + what)
      .with("pattern", boost::json::value(utf8::clip(pattern, 64)));
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The digits of 2-46; empty: it is no such class.
std::string digits_of_class(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool range = text.size() > 2 && text[1] == '-';
    const char first = text.front();
    const char last = range ? text[2] : first;
    if (!is_digit(first) || !is_digit(last) || last < first) return {};
    for (char c = first; c <= last; ++c)
      if (out.find(c) == std::string::npos) out.push_back(c);
    text.remove_prefix(range ? 3 : 1);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<DialPattern> pattern_from(std::string_view text) {
  DialPattern out;
  auto rest = text;
  if (rest.ends_with('!')) {
    out.at_once = true;
    rest.remove_suffix(1);
  }
  if (rest.ends_with('.')) {
    out.open = true;
    rest.remove_suffix(1);
  }
  if (out.open && out.at_once) return bad_plan(text, "after a dot nothing is complete, so it cannot be sent at once");
  while (!rest.empty()) {
    const char c = rest.front();
    if (c == '[') {
      const auto end = rest.find(']');
      const auto digits = end == std::string_view::npos ? std::string() : digits_of_class(rest.substr(1, end - 1));
      if (digits.empty()) return bad_plan(text, "a class holds digits, such as [2-46]");
      out.keys.push_back(digits);
      rest.remove_prefix(end + 1);
      continue;
    }
    if (c == 'x' || c == 'X')
      out.keys.emplace_back(all_digits);
    else if (is_digit(c) || c == '*' || c == '#' || c == '+')
      out.keys.emplace_back(1, c);
    else
      return bad_plan(text, "it takes digits, * # + x, classes such as [2-9], and at its end . or !");
    rest.remove_prefix(1);
  }
  if (out.keys.empty() && !out.open) return bad_plan(text, "it is empty");
  if (out.keys.size() > longest_pattern)
    return bad_plan(text, "it takes at most " + std::to_string(longest_pattern) + " keys");
  return out;
}

// One key in a grammar that writes any digit as `any` and a class in brackets.
std::string key_text(const std::string& key, std::string_view any) {
  if (key.size() == 1 || key.front() == '\\') return key;
  return key == all_digits ? std::string(any) : "[" + key + "]";
}

std::string keys_text(const DialPattern& pattern, std::string_view any) {
  std::string out;
  for (const auto& key : pattern.keys) out += key_text(key, any);
  return out;
}

void append(WrittenDialPlan& plan, const std::string& segment, std::string_view separator) {
  if (!plan.text.empty()) {
    plan.text += separator;
    ++plan.segments;
  }
  plan.text += segment;
}

// Patterns that are sent at once first: a phone takes the first that fits.
std::vector<DialPattern> in_order(std::vector<DialPattern> plan) {
  std::stable_partition(plan.begin(), plan.end(), [](const DialPattern& pattern) { return pattern.at_once; });
  return plan;
}

// A dot repeats the element before it, none or more times; S0 is a timer of no seconds.
WrittenDialPlan cisco(const std::vector<DialPattern>& plan) {
  WrittenDialPlan out;
  for (const auto& pattern : plan)
    append(out, keys_text(pattern, "x") + (pattern.open ? "[x*+]." : "") + (pattern.at_once ? "S0" : ""), "|");
  out.text = "(" + out.text + ")";
  return out;
}

// The same dot; T waits. Plus stands for itself at the beginning only, and not in a class.
WrittenDialPlan polycom(const std::vector<DialPattern>& plan) {
  constexpr std::string_view any_key = "[0123456789*#].";
  WrittenDialPlan out;
  for (const auto& pattern : plan) {
    const std::string end = pattern.at_once ? "" : "T";
    if (pattern.keys.empty()) append(out, "+x." + end, "|");
    append(out, keys_text(pattern, "x") + (pattern.open ? std::string(any_key) : "") + end, "|");
  }
  return out;
}

// The patterns that are sent at once, of a grammar that has no need of the others.
WrittenDialPlan only_at_once(const std::vector<DialPattern>& plan, std::string_view separator, std::string_view before,
                             std::string_view any, std::string_view behind) {
  WrittenDialPlan out;
  for (const auto& pattern : plan) {
    if (!pattern.at_once) continue;
    append(out, std::string(before).append(keys_text(pattern, any)).append(behind), separator);
  }
  return out;
}

// A regular expression: * and + mean themselves only behind a backslash.
WrittenDialPlan snom(std::vector<DialPattern> plan) {
  for (auto& pattern : plan)
    for (auto& key : pattern.keys)
      if (key == "*" || key == "+") key.insert(0, "\\");
  return only_at_once(plan, " ", "|(^", "[0-9]", "$)|sip:\\1@\\d|d");
}

// Whatever is not in the plan goes out after the timer, or with # at its end.
WrittenDialPlan mitel(const std::vector<DialPattern>& plan) {
  auto out = only_at_once(plan, "|", "", "X", "");
  append(out, "X+#", "|");
  append(out, "XX+*", "|");
  return out;
}

// A plus repeats the element before it, once or more times; behind a backslash it is the key.
WrittenDialPlan grandstream(std::vector<DialPattern> plan) {
  constexpr std::string_view any_keys = "[*x]+";
  WrittenDialPlan out;
  for (auto& pattern : plan) {
    for (auto& key : pattern.keys)
      if (key == "+") key.insert(0, "\\");
    append(out, keys_text(pattern, "x").append(pattern.open ? any_keys : ""), " | ");
    if (pattern.open && pattern.keys.empty()) append(out, "\\+x+", " | ");
  }
  out.text = "{ " + out.text + " }";
  return out;
}

WrittenDialPlan yealink(const std::vector<DialPattern>& plan) {
  WrittenDialPlan out;
  for (const auto& pattern : plan)
    if (pattern.at_once) out.rules.push_back(keys_text(pattern, "x"));
  return out;
}

WrittenDialPlan htek(const std::vector<DialPattern>& plan) {
  WrittenDialPlan out;
  for (const auto& pattern : plan) append(out, keys_text(pattern, "x") + (pattern.open ? "[x*]+" : ""), "|");
  out.text = "{" + out.text + "}";
  return out;
}

}  // namespace

Result<std::vector<DialPattern>> parse_dial_plan(std::string_view text) {
  std::vector<DialPattern> out;
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    auto pattern = pattern_from(trimmed(text.substr(0, comma)));
    if (!pattern) return pattern.error();
    out.push_back(std::move(*pattern));
    if (out.size() > most_patterns)
      return bad_plan(text, "there are more than " + std::to_string(most_patterns) + " patterns");
    if (comma == text.size()) return out;
    text.remove_prefix(comma + 1);
  }
}

std::optional<DialGrammar> dial_grammar(std::string_view name) {
  using enum DialGrammar;
  constexpr std::pair<std::string_view, DialGrammar> names[] = {
      {"cisco", cisco}, {"polycom", polycom},         {"snom", snom},      {"mitel", mitel}, {"avaya", avaya},
      {"htek", htek},   {"grandstream", grandstream}, {"yealink", yealink}};
  for (const auto& [known, grammar] : names)
    if (known == name) return grammar;
  return std::nullopt;
}

WrittenDialPlan written(DialGrammar grammar, const std::vector<DialPattern>& given) {
  const auto plan = in_order(given);
  switch (grammar) {
    case DialGrammar::cisco:
      return cisco(plan);
    case DialGrammar::polycom:
      return polycom(plan);
    case DialGrammar::snom:
      return snom(plan);
    case DialGrammar::mitel:
      return mitel(plan);
    case DialGrammar::avaya:
      return only_at_once(plan, "|", "", "X", "");
    case DialGrammar::grandstream:
      return grandstream(plan);
    case DialGrammar::yealink:
      return yealink(plan);
    case DialGrammar::htek:
      break;
  }
  return htek(plan);
}

}  // namespace strowger::provisioning
