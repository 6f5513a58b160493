#include "adapters/sip/fields.hpp"

#include <algorithm>

namespace strowger::sip {

bool same_token(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

std::optional<std::string_view> parameter(const msg_param_t* parameters, std::string_view name) {
  if (!parameters) return std::nullopt;
  for (; *parameters; ++parameters) {
    const std::string_view item = *parameters;
    const auto equals = item.find('=');
    if (!same_token(item.substr(0, equals), name)) continue;
    return equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
  }
  return std::nullopt;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out.push_back(text[i]);
  }
  return out;
}

std::string url_text(const url_t* url) {
  if (!url) return {};
  char stack[512];
  const auto length = url_e(stack, sizeof stack, url);
  if (length < 0) return {};
  const auto needed = static_cast<std::size_t>(length);
  if (needed < sizeof stack) return {stack, needed};
  std::string text(needed + 1, '\0');
  url_e(text.data(), static_cast<isize_t>(text.size()), url);
  text.resize(needed);
  return text;
}

bool lists(const msg_list_t* header, std::string_view token) {
  for (; header; header = header->k_next) {
    if (!header->k_items) continue;
    for (const msg_param_t* item = header->k_items; *item; ++item)
      if (same_token(*item, token)) return true;
  }
  return false;
}

}  // namespace strowger::sip
