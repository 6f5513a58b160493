#include "actors/provisioning/dialled.hpp"

#include "events/plain_text.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <array>

#include <unicode/uchar.h>

namespace strowger::provisioning {
namespace {

// Of countries whose national numbers begin with a zero that is dialled from abroad too: Italy with San Marino and the
// Vatican, Côte d'Ivoire, Gabon, the Congo.
constexpr std::array<std::string_view, 6> zero_is_dialled{"39", "378", "379", "225", "241", "242"};

bool is_digit_of_phone(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter_of_phone(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char small_letter(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// RFC 3986 section 3.1: sip:, sips:, im:; not "555-1234, Extn: 12".
bool begins_with_scheme(std::string_view text) {
  const auto scheme = text.substr(0, text.find(':'));
  return scheme.size() < text.size() && !scheme.empty() && is_letter_of_phone(scheme.front()) &&
         std::ranges::all_of(
             scheme,
             [](char c) { return is_letter_of_phone(c) || is_digit_of_phone(c) || c == '+' || c == '-' || c == '.'; });
}

std::string in_ascii(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = utf8::character_at(text, at);
    const auto code = static_cast<UChar32>(character.code);
    if (character.size == 1) {
      out.push_back(text[at]);
    } else if (const auto digit = u_charDigitValue(code); character.valid && digit >= 0) {
      out.push_back(static_cast<char>('0' + digit));
    } else if (character.valid && (u_charType(code) == U_DASH_PUNCTUATION || code == 0x2212)) {
      out.push_back('-');
    } else if (code == 0xFF0B) {  // the wide plus
      out.push_back('+');
    } else if (code == 0xFF08 || code == 0xFF09) {
      out.push_back(code == 0xFF08 ? '(' : ')');
    } else if (code == 0xB7 || code == 0x2022 || code == 0xFF0F || code == 0x2044 || code == 0xFF0E) {
      out.push_back('.');
    } else {
      out += text.substr(at, character.size);
    }
    at += character.size;
  }
  return out;
}

// The country code that a number in brackets follows: the digits between its + or 00 and there.
std::string country_code(std::string_view before) {
  if (!before.empty() && before.front() == '+')
    before.remove_prefix(1);
  else if (before.starts_with("00"))
    before.remove_prefix(2);
  else
    return {};
  std::string out;
  for (const char c : before) {
    if (is_digit_of_phone(c))
      out.push_back(c);
    else if (std::string_view(" -./").find(c) == std::string_view::npos)
      return {};
  }
  return out.size() <= 3 ? out : std::string();
}

// (0) behind a country code.
void drop_trunk_zero(std::string& number) {
  const auto open = number.find('(');
  if (open == std::string::npos) return;
  const auto close = number.find(')', open);
  if (close == std::string::npos) return;
  std::string inside = number.substr(open + 1, close - open - 1);
  std::erase(inside, ' ');
  const auto code = country_code(std::string_view(number).substr(0, open));
  if (inside != "0" || code.empty() || std::ranges::find(zero_is_dialled, code) != zero_is_dialled.end()) return;
  number.erase(open, close - open + 1);
}

// Where `ext. 12`, `x12`, `Extn 12` or `;ext=12` begins behind a number; its size where there is none.
std::size_t extension_begins(std::string_view number) {
  constexpr std::array<std::string_view, 5> words{"extension", "extn", "ext", "xt", "x"};
  bool digits = false;
  for (std::size_t at = 0; at < number.size(); ++at) {
    digits = digits || is_digit_of_phone(number[at]);
    if (!digits || !is_letter_of_phone(number[at])) continue;
    for (const auto word : words) {
      if (number.size() - at <= word.size() ||
          !std::ranges::equal(number.substr(at, word.size()), word, {}, small_letter))
        continue;
      auto rest = number.substr(at + word.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(" .:=#-"), rest.size()));
      const bool number_follows = !rest.empty() && std::ranges::all_of(rest, [](char c) {
        return is_digit_of_phone(c) || std::string_view(" -.").find(c) != std::string_view::npos;
      });
      if (!number_follows) continue;
      auto begin = at;
      while (begin > 0 && std::string_view(" ;,").find(number[begin - 1]) != std::string_view::npos) --begin;
      return begin;
    }
    return number.size();  // a word that is none of these
  }
  return number.size();
}

}  // namespace

std::string ascii_number(std::string_view written) {
  return in_ascii(plain_text(written));
}

std::string dialled(std::string_view written) {
  auto number = ascii_number(written);
  while (number.size() > 4 &&
         std::ranges::equal(std::string_view(number).substr(0, 4), std::string_view("tel:"), {}, small_letter)) {
    number.erase(0, 4);
    number.resize(std::min(number.find(';'), number.size()));
  }
  if (number.find('@') != std::string::npos || begins_with_scheme(number)) return number;
  number.resize(extension_begins(number));
  drop_trunk_zero(number);
  if (std::ranges::any_of(number, is_letter_of_phone)) return number;
  std::erase_if(number, [](char c) { return std::string_view(" ()-./_[]").find(c) != std::string_view::npos; });
  return number;
}

}  // namespace strowger::provisioning
