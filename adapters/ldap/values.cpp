#include "adapters/ldap/values.hpp"

#include "adapters/ldap/handles.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace strowger::ldap {

std::string escape_filter(std::string_view text) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size() + 8);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '*' || c == '(' || c == ')' || c == '\\') {
      out.push_back('\\');
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<Uuid> guid(std::string_view bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) return std::nullopt;
  static constexpr std::array<std::size_t, 16> order{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  for (std::size_t i = 0; i < order.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(bytes[order[i]]);
  return id;
}

std::optional<Range> parse_range(std::string_view description) {
  const auto option = description.find(';');
  if (option == std::string_view::npos || option == 0) return std::nullopt;
  Range range{std::string(description.substr(0, option)), 0, std::nullopt};
  auto rest = description.substr(option + 1);
  if (lower(rest.substr(0, 6)) != "range=") return std::nullopt;
  rest.remove_prefix(6);
  const auto number = [&](std::uint32_t& to) {
    const auto [end, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), to);
    if (failed != std::errc()) return false;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return true;
  };
  if (!number(range.first) || rest.empty() || rest.front() != '-') return std::nullopt;
  rest.remove_prefix(1);
  if (rest == "*") return range;
  std::uint32_t last = 0;
  if (!number(last) || !rest.empty() || last < range.first || last == UINT32_MAX) return std::nullopt;
  range.last = last;
  return range;
}

std::string next_range(const std::string& attribute, std::uint32_t first) {
  constexpr std::uint32_t part = 1500;  // MaxValRange, where nobody changed it
  return attribute + ";range=" + std::to_string(first) + "-" + std::to_string(first + part - 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string normal_dn(const std::string& dn) {
  LDAPDN raw = nullptr;
  if (::ldap_str2dn(dn.c_str(), &raw, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS) return lower(dn);
  const ParsedDn parsed(raw);
  char* text = nullptr;
  if (::ldap_dn2str(raw, &text, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS) return lower(dn);
  const Text owned(text);
  return lower(text);
}

bool account_disabled(std::string_view user_account_control) {
  std::int64_t flags = 0;
  const auto [end, failed] =
      std::from_chars(user_account_control.data(), user_account_control.data() + user_account_control.size(), flags);
  return failed == std::errc() && (flags & 2) != 0;
}

std::uint64_t filetime(Timestamp time) {
  constexpr std::int64_t until_1970 = 116'444'736'000'000'000;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count() * 10 + until_1970));
}

bool account_expired(std::string_view account_expires, std::uint64_t now) {
  constexpr std::uint64_t never = 9'223'372'036'854'775'807;
  std::uint64_t at = 0;
  const auto* const end = account_expires.data() + account_expires.size();
  const auto [stop, failed] = std::from_chars(account_expires.data(), end, at);
  return failed == std::errc() && stop == end && at != 0 && at < never && at <= now;
}

std::optional<std::uint32_t> relative_id(std::string_view sid) {
  constexpr std::size_t head = 8;  // revision, count of parts, authority
  if (sid.size() <= head || sid[0] != 1) return std::nullopt;
  const auto parts = static_cast<unsigned char>(sid[1]);
  if (parts == 0 || sid.size() != head + parts * std::size_t{4}) return std::nullopt;
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < 4; ++i)
    last |= static_cast<std::uint32_t>(static_cast<unsigned char>(sid[sid.size() - 4 + i])) << (8 * i);
  return last;
}

std::string bind_refusal(std::string_view diagnostic) {
  const auto data = diagnostic.find("data ");
  if (data == std::string_view::npos) return {};
  const auto code = diagnostic.substr(data + 5, diagnostic.find_first_of(", ", data + 5) - data - 5);
  if (code == "525") return "there is no such user";
  if (code == "52e") return "the password is wrong, or there is no such user";
  if (code == "530" || code == "531") return "this user may not log on now, or from here";
  if (code == "532") return "its password has expired; set a new one, and let it never expire";
  if (code == "533") return "its account is disabled";
  if (code == "701") return "its account has expired";
  if (code == "773") return "it must change its password at the next logon; clear that mark";
  if (code == "775") return "its account is locked; unlock it";
  return {};
}

}  // namespace strowger::ldap
