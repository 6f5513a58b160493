#include "actors/bulk/spreadsheet.hpp"

#include "events/controls.hpp"

#include <algorithm>
#include <array>

namespace strowger::bulk {
namespace {

bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}

std::string_view take_decimals(std::string_view& text) {
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(text, is_decimal) - text.begin());
  const auto taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

// 1.565E+11, 1,565E11: a mantissa with an exponent. 156511E12345 is none: it may be hex digits.
bool is_exponent(std::string_view text) {
  if (take_decimals(text).empty()) return false;
  const bool fraction = !text.empty() && (text.front() == '.' || text.front() == ',');
  if (fraction) {
    text.remove_prefix(1);
    take_decimals(text);
  }
  if (text.empty() || (text.front() != 'E' && text.front() != 'e')) return false;
  text.remove_prefix(1);
  const bool sign = !text.empty() && (text.front() == '+' || text.front() == '-');
  if (sign) text.remove_prefix(1);
  return !take_decimals(text).empty() && text.empty() && (fraction || sign);
}

// 1001.0, 1001,00
bool has_zero_fraction(std::string_view text) {
  if (take_decimals(text).empty() || text.size() < 2 || (text.front() != '.' && text.front() != ',')) return false;
  return std::ranges::all_of(text.substr(1), [](char c) { return c == '0'; });
}

struct Word {
  std::string_view text;
  bool meaning;
};
// English, German, French, Spanish and Portuguese, Italian, Dutch.
constexpr std::array<Word, 20> truths{{
    {"true", true}, {"false", false}, {"yes", true},     {"no", false},       {"1", true},
    {"0", false},   {"on", true},     {"off", false},    {"wahr", true},      {"falsch", false},
    {"vrai", true}, {"faux", false},  {"falso", false},  {"verdadero", true}, {"verdadeiro", true},
    {"vero", true}, {"waar", true},   {"onwaar", false}, {"ja", true},        {"nein", false},
}};

}  // namespace

std::optional<std::string> formula_text(std::string_view cell) {
  if (cell.size() < 3 || !cell.starts_with("=\"") || !cell.ends_with('"')) return std::nullopt;
  const auto inner = cell.substr(2, cell.size() - 3);
  std::string out;
  for (std::size_t at = 0; at < inner.size(); ++at) {
    if (inner[at] == '"' && (at + 1 == inner.size() || inner[++at] != '"')) return std::nullopt;
    out.push_back(inner[at]);
  }
  return out;
}

std::string as_formula_text(std::string_view text) {
  std::string out = "=\"";
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  return out + "\"";
}

bool is_formula(std::string_view text) {
  if (text.empty()) return false;
  if (text.front() == '=' || text.front() == '@' || text.front() == '\t' || text.front() == '\r') return true;
  if (text.front() != '+' && text.front() != '-') return false;
  return !std::ranges::all_of(
      text, [](char c) { return is_decimal(c) || std::string_view("+- ()./").find(c) != std::string_view::npos; });
}

std::string spreadsheet_trace(std::string_view text, std::size_t digits) {
  if (is_exponent(text) || has_zero_fraction(text))
    return quoted(text) +
           " is a number as a spreadsheet writes it: it took the text for a number, and its digits are lost.";
  const bool plain = !text.empty() && std::ranges::all_of(text, is_decimal);
  if (digits > 0 && plain && text.size() < digits)
    return quoted(text) + " has " + std::to_string(text.size()) + " of " + std::to_string(digits) +
           " digits: a spreadsheet that takes it for a number drops the zeros in front.";
  return {};
}

std::string_view spreadsheet_remedy() {
  return "Format the column as text before its values are filled in (in Excel: Home, Number, Text; for a file: Data, "
         "From "
         "Text/CSV, with this column as Text), then save as CSV UTF-8";
}

std::optional<bool> truth_of(std::string_view text) {
  std::string small(text.substr(0, 16));
  for (auto& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto* const found = std::ranges::find(truths, std::string_view(small), &Word::text);
  if (found == truths.end()) return std::nullopt;
  return found->meaning;
}

}  // namespace strowger::bulk
