#include "adapters/sip/fields.hpp"

namespace strowger::sip {

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
