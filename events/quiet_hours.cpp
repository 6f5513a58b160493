#include "events/quiet_hours.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <string>

namespace strowger {
namespace {

std::optional<int> minute_from(std::string_view text) {
  const auto digits = [&](std::size_t at) {
    int value = -1;
    const auto* begin = text.data() + at;
    return std::from_chars(begin, begin + 2, value).ptr == begin + 2 ? value : -1;
  };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hour = digits(0);
  const int minute = digits(3);
  if (hour < 0 || minute < 0 || minute > 59 || hour > 24 || (hour == 24 && minute > 0)) return std::nullopt;
  return hour * 60 + minute;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<QuietHours> QuietHours::parse(std::string_view text) {
  QuietHours hours;
  if (trimmed(text).empty()) return hours;
  for (;;) {
    const auto comma = text.find(',');
    const auto range = trimmed(text.substr(0, comma));
    const auto dash = range.find('-');
    const auto from = minute_from(trimmed(range.substr(0, dash)));
    const auto to = dash == std::string_view::npos ? std::nullopt : minute_from(trimmed(range.substr(dash + 1)));
    if (!from || !to || *from == *to)
      return malformed("bad_quiet_hours", "'" + std::string(range) + "' is no range of hours such as 08:00-18:00");
    hours.ranges_.emplace_back(*from, *to);
    if (comma == std::string_view::npos) return hours;
    text.remove_prefix(comma + 1);
  }
}

bool QuietHours::contains(int minute) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& range) {
    const auto [from, to] = range;
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
  });
}

int QuietHours::minute_of_day(Timestamp time) {
  const auto seconds = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(time));
  std::tm local{};
  localtime_r(&seconds, &local);
  return local.tm_hour * 60 + local.tm_min;
}

}  // namespace strowger
