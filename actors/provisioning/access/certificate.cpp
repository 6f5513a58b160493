#include "actors/provisioning/access/certificate.hpp"

#include <algorithm>
#include <utility>

namespace strowger::provisioning::access {
namespace {

constexpr std::size_t digits_of_a_mac = 12;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// How far a MAC in groups of `group` digits reaches from `at`; 0: there is none.
std::size_t grouped(std::string_view text, std::size_t at, std::size_t group, char separator) {
  std::size_t digits = 0;
  std::size_t end = at;
  while (digits < digits_of_a_mac) {
    if (digits > 0 && digits % group == 0) {
      if (end >= text.size() || text[end] != separator) return 0;
      ++end;
    }
    if (end >= text.size() || !is_hex(text[end])) return 0;
    ++end;
    ++digits;
  }
  return end - at;
}

struct Found {
  std::size_t size = 0;  // 0: nothing is here
  bool is_mac = false;   // else it goes on: a serial number, of which no part is a MAC
};

Found mac_at(std::string_view text, std::size_t at) {
  if (at > 0 && is_hex(text[at - 1])) return {};
  constexpr std::pair<std::size_t, char> forms[] = {{digits_of_a_mac, '\0'}, {2, ':'}, {2, '-'}, {4, '.'}};
  for (const auto& [group, separator] : forms) {
    const auto size = grouped(text, at, group, separator);
    if (size == 0) continue;
    const auto rest = text.substr(at + size);
    const bool goes_on =
        !rest.empty() && (is_hex(rest[0]) || (rest[0] == separator && rest.size() > 1 && is_hex(rest[1])));
    return {size, !goes_on};
  }
  return {};
}

}  // namespace

std::optional<MacAddress> mac_in_name(std::string_view name) {
  std::optional<MacAddress> found;
  for (std::size_t at = 0; at < name.size();) {
    const auto [size, is_mac] = mac_at(name, at);
    const auto mac = is_mac ? MacAddress::parse(name.substr(at, size)) : Result<MacAddress>(malformed("", ""));
    at += std::max<std::size_t>(size, 1);
    if (!mac) continue;
    if (found && *found != *mac) return std::nullopt;
    found = *mac;
  }
  return found;
}

}  // namespace strowger::provisioning::access
