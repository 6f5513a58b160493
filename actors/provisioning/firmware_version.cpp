#include "actors/provisioning/firmware_version.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace strowger::provisioning {
namespace {

// None: it is not numbers with dots and dashes between them.
std::optional<std::vector<std::uint64_t>> numbers_of(std::string_view version) {
  if (!version.empty() && (version.front() == 'v' || version.front() == 'V')) version.remove_prefix(1);
  std::vector<std::uint64_t> out;
  while (!version.empty()) {
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(version.data(), version.data() + version.size(), number);
    if (fault != std::errc()) return std::nullopt;
    out.push_back(number);
    version.remove_prefix(static_cast<std::size_t>(end - version.data()));
    if (version.empty()) break;
    if (version.front() != '.' && version.front() != '-') return std::nullopt;
    version.remove_prefix(1);
    if (version.empty()) return std::nullopt;
  }
  while (!out.empty() && out.back() == 0) out.pop_back();  // 2.1 is 2.1.0
  return out;
}

bool is_same(std::string_view a, std::string_view b) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return small(x) == small(y); });
}

}  // namespace

std::string_view to_string(FirmwareState state) {
  switch (state) {
    case FirmwareState::not_wanted:
      return "not_wanted";
    case FirmwareState::unknown:
      return "unknown";
    case FirmwareState::current:
      return "current";
    case FirmwareState::ahead:
      return "ahead";
    case FirmwareState::behind:
      break;
  }
  return "behind";
}

FirmwareState compare_firmware(std::string_view running, std::string_view wanted) {
  if (wanted.empty()) return FirmwareState::not_wanted;
  if (running.empty()) return FirmwareState::unknown;
  if (is_same(running, wanted)) return FirmwareState::current;
  const auto is = numbers_of(running);
  const auto shall = numbers_of(wanted);
  if (!is || !shall) return FirmwareState::behind;
  if (*is == *shall) return FirmwareState::current;
  return *is < *shall ? FirmwareState::behind : FirmwareState::ahead;
}

}  // namespace strowger::provisioning
