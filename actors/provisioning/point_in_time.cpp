#include "actors/provisioning/point_in_time.hpp"

#include "events/utf8.hpp"

#include <charconv>
#include <string>

namespace strowger::provisioning {
namespace {

// From the last unit that is written to its end.
std::chrono::microseconds unit_of(std::string_view text) {
  const auto clock = text.find_first_of("Tt ");
  const auto time = clock == std::string_view::npos ? std::string_view() : text.substr(clock + 1);
  const auto dot = time.find('.');
  if (dot == std::string_view::npos) {
    const bool seconds = time.size() > 5 && time[5] == ':';  // 10:15:00 and not 10:15Z or 10:15+01:00
    return seconds ? std::chrono::microseconds(std::chrono::seconds(1)) : std::chrono::minutes(1);
  }
  std::chrono::microseconds unit = std::chrono::seconds(1);
  for (auto at = dot + 1; at < time.size() && time[at] >= '0' && time[at] <= '9' && unit.count() > 1; ++at) unit /= 10;
  return unit;
}

}  // namespace

Result<PointInTime> parse_point_in_time(std::string_view text) {
  if (text.empty() || text == "now") return PointInTime{};
  auto digits = text;
  if (digits.starts_with("pos:")) digits.remove_prefix(4);
  std::uint64_t position = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), position);
  if (read.ec == std::errc() && read.ptr == digits.data() + digits.size()) return PointInTime{Position{position}, {}};

  std::string time(text);
  if (const auto space = time.rfind(' '); space != std::string::npos && space > 10) time[space] = '+';
  const auto parsed = parse_iso8601(time);
  if (!parsed)
    return malformed("bad_point_in_time", "'" + utf8::clip(text, 64) +
                                              "' is no point in time; give a time such as 2026-01-08T19:40:00Z, a "
                                              "position of the log such as 12345 or pos:12345, or now");
  return PointInTime{{}, *parsed + unit_of(time) - std::chrono::microseconds(1)};
}

}  // namespace strowger::provisioning
