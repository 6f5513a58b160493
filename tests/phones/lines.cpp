#include "tests/phones/lines.hpp"

#include <algorithm>

namespace strowger::phones {
namespace {

std::string_view without_spaces(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Calls `take` for each line.
template <class Take>
void each_line(std::string_view bytes, Take take) {
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    take(without_spaces(bytes.substr(0, end)));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
}

}  // namespace

TextLines colon_lines(std::string_view bytes) {
  TextLines out;
  each_line(bytes, [&](std::string_view line) {
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) return;
    const auto key = std::string(without_spaces(line.substr(0, colon)));
    auto value = without_spaces(line.substr(colon + 1));
    if (value.starts_with('"') && value.find('"', 1) != std::string_view::npos)
      value = value.substr(1, value.find('"', 1) - 1);
    else
      value = without_spaces(value.substr(0, value.find('#')));
    out[key] = value;
  });
  return out;
}

std::vector<std::pair<std::string, std::string>> set_lines(std::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> out;
  each_line(bytes, [&](std::string_view line) {
    if (!line.starts_with("SET ")) return;
    line.remove_prefix(4);
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return;
    auto value = without_spaces(line.substr(space));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (value.find('"') == std::string_view::npos) out.emplace_back(line.substr(0, space), value);
  });
  return out;
}

std::vector<std::string> split_text(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

TextLines parts_of(std::string_view text, char separator) {
  TextLines out;
  for (const auto& part : split_text(text, separator)) {
    const auto equals = std::min(part.find('='), part.size());
    out[part.substr(0, equals)] = part.substr(std::min(equals + 1, part.size()));
  }
  return out;
}

std::string codec_names(const std::vector<std::string>& codes,
                        const std::map<std::string_view, std::string_view>& names) {
  std::string out;
  std::string_view last;
  for (const auto& code : codes) {
    const auto found = names.find(code);
    if (found == names.end() || found->second == last) continue;  // a choice that is filled with the one before it
    last = found->second;
    out += (out.empty() ? "" : ",") + std::string(last);
  }
  return out;
}

bool fits_keys(std::string_view pattern, std::string_view number, char any_digit) {
  while (!pattern.empty()) {
    if (number.empty()) return false;
    const bool digit = number.front() >= '0' && number.front() <= '9';
    std::size_t size = 1;
    bool fits = pattern.front() == any_digit ? digit : pattern.front() == number.front();
    if (pattern.front() == '[') {
      const auto end = pattern.find(']');
      if (end == std::string_view::npos) return false;
      const auto one_of = pattern.substr(1, end - 1);
      fits = one_of.find(number.front()) != std::string_view::npos ||
             (digit && one_of.find(any_digit) != std::string_view::npos);
      if (const auto dash = one_of.find('-'); dash == 1 && one_of.size() == 3)
        fits = number.front() >= one_of[0] && number.front() <= one_of[2];
      size = end + 1;
    }
    if (!fits) return false;
    pattern.remove_prefix(size);
    number.remove_prefix(1);
  }
  return number.empty();
}

void put_settings(PhoneAsConfigured& phone, std::initializer_list<std::pair<const char*, std::string>> settings) {
  for (const auto& [name, value] : settings)
    if (!value.empty()) phone.settings[name] = value;
}

}  // namespace strowger::phones
