#include "events/ids.hpp"

#include "events/controls.hpp"

#include <algorithm>

namespace strowger {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string hex(std::uint64_t bits, std::string_view digits, char separator) {
  if (bits == 0) return {};  // no address; parse() never gives it
  std::string out;
  out.reserve(17);
  for (int shift = 40; shift >= 0; shift -= 8) {
    if (separator != '\0' && !out.empty()) out.push_back(separator);
    out.push_back(digits[bits >> (shift + 4) & 15]);
    out.push_back(digits[bits >> shift & 15]);
  }
  return out;
}

// The digits between separators when the text is written with that separator: 2 for 00:15:65…, 4 for 0015.6512.3456.
bool evenly_separated(std::string_view text, char separator, std::size_t group) {
  const std::size_t size = 12 + 12 / group - 1;
  if (text.size() != size) return false;
  for (std::size_t i = 0; i < size; ++i)
    if ((i % (group + 1) == group) != (text[i] == separator)) return false;
  return true;
}

}  // namespace

Result<MacAddress> MacAddress::parse(std::string_view text) {
  const auto fault = [&] {
    return malformed("bad_mac_address",
                     quoted(text) +
                         " is not a MAC address; give its 12 hex digits, with colons, dashes, dots or nothing between "
                         "them, as in 00:15:65:12:34:56");
  };
  const bool shaped = text.size() == 12 || evenly_separated(text, ':', 2) || evenly_separated(text, '-', 2) ||
                      evenly_separated(text, '.', 4) || evenly_separated(text, '.', 2);
  if (!shaped) return fault();
  std::uint64_t bits = 0;
  std::size_t digits = 0;
  for (const char c : text) {
    const int value = hex_value(c);
    if (value >= 0) {
      bits = bits << 4 | static_cast<std::uint64_t>(value);
      ++digits;
    } else if (c != ':' && c != '-' && c != '.') {
      return fault();
    }
  }
  if (digits != 12 || bits == 0) return fault();
  return MacAddress(bits);
}

std::string MacAddress::text() const {
  return hex(bits_, "0123456789abcdef", '\0');
}
std::string MacAddress::upper() const {
  return hex(bits_, "0123456789ABCDEF", '\0');
}
std::string MacAddress::colons() const {
  return hex(bits_, "0123456789ABCDEF", ':');
}

Result<ExtensionNumber> ExtensionNumber::parse(std::string_view text) {
  auto digits = text;
  if (!digits.empty() && (digits.front() == '+' || digits.front() == '*')) digits.remove_prefix(1);
  const bool ok = !digits.empty() && digits.size() <= 20 &&
                  std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!ok)
    return malformed("bad_extension_number",
                     quoted(text) + " is not an extension number; give 1 to 20 digits, as in 1001");
  return ExtensionNumber(std::string(text));
}

StreamId::StreamId(std::string_view category, std::string_view key) {
  text_.reserve(category.size() + 1 + key.size());
  text_.append(category).append(1, '/').append(key);
}

std::optional<MacAddress> StreamId::device() const {
  const auto of = category();
  if (of != device_category && of != activity_category) return std::nullopt;
  const auto mac = MacAddress::parse(key());
  return mac ? std::optional(*mac) : std::nullopt;
}

StreamId StreamId::subject() const {
  return category() == activity_category ? StreamId(device_category, key()) : *this;
}

Result<StreamId> StreamId::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size())
    return malformed("bad_stream", quoted(text) + " is not a stream; write category/key, as in device/001565123456");
  return StreamId(text.substr(0, slash), text.substr(slash + 1));
}

}  // namespace strowger
