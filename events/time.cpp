#include "events/time.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace strowger {
namespace {

using std::chrono::floor;

constexpr std::array<const char*, 7> weekday_names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Takes exactly `digits` digits off the front of `text`.
bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + digits, out);
  if (fault != std::errc{} || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Timestamp system_now() {
  return floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_iso8601(Timestamp time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<std::chrono::milliseconds>(time - day)};
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
                    unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()), int(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

Result<Timestamp> parse_iso8601(std::string_view text) {
  const auto fault = [whole = std::string(text)] {
    return malformed("bad_time", "'" + whole + "' is not a time; write it as 2026-01-08T19:40:00.123Z");
  };
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') ||
      !take_number(text, 2, day))
    return fault();
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return fault();
  if (!take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute)) return fault();
  if (take(text, ':') && !take_number(text, 2, second)) return fault();
  std::chrono::microseconds fraction{0};
  if (take(text, '.')) {
    std::int64_t scale = 100'000;
    std::size_t digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9' && digits < 9) {
      fraction += std::chrono::microseconds((text.front() - '0') * scale);
      scale /= 10;
      ++digits;
      text.remove_prefix(1);
    }
    if (digits == 0) return fault();
  }
  std::chrono::minutes offset{0};
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool east = take(text, '+');
    int hours = 0, minutes = 0;
    if (!east && !take(text, '-')) return fault();
    if (!take_number(text, 2, hours)) return fault();
    (void)take(text, ':');
    if (!take_number(text, 2, minutes)) return fault();
    offset = std::chrono::minutes((east ? 1 : -1) * (hours * 60 + minutes));
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60) return fault();
  return Timestamp(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + fraction - offset;
}

std::string to_http_date(Timestamp time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<std::chrono::seconds>(time - day)};
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                    weekday_names.at(std::chrono::weekday(day).c_encoding()), unsigned(date.day()),
                    month_names.at(unsigned(date.month()) - 1), int(date.year()), int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

Result<Timestamp> parse_http_date(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return malformed("bad_http_date", "'" + copy + "' is not an HTTP date");
  return Timestamp(std::chrono::seconds(timegm(&parts)));
}

}  // namespace strowger
