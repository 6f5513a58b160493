#include "actors/provisioning/timezone.hpp"

#include "events/utf8.hpp"

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <utility>

namespace strowger::provisioning {
namespace {

constexpr int day = 24 * 3600;

struct ZoneReader {
  std::string_view text;
  bool fine = true;

  bool at_end() const { return text.empty(); }
  bool take(char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
  int number() {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || value < 0) {
      fine = false;
      return 0;
    }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return value;
  }
  // [+-]h[:m[:s]], in seconds.
  int time() {
    const bool negative = take('-');
    if (!negative) take('+');
    int seconds = number() * 3600;
    if (take(':')) seconds += number() * 60;
    if (take(':')) seconds += number();
    if (seconds > 7 * day) fine = false;
    return negative ? -seconds : seconds;
  }
  // CET or <+0530>, made letters only.
  std::string name(std::string_view plain) {
    if (take('<')) {
      const auto end = text.find('>');
      fine = fine && end != std::string_view::npos && end > 0;
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      return std::string(plain);
    }
    std::size_t length = 0;
    while (length < text.size() && std::isalpha(static_cast<unsigned char>(text[length])) != 0) ++length;
    fine = fine && length >= 3;
    const std::string found(text.substr(0, length));
    text.remove_prefix(length);
    return found;
  }
};

int days_of(int month) {
  constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[month - 1];
}

// A time before or after its day moves to the day that it is on.
void settle(ClockChange& change, int seconds) {
  int days = seconds / day;
  seconds %= day;
  if (seconds < 0) {
    seconds += day;
    --days;
  }
  change.hour = seconds / 3600;
  change.minute = seconds / 60 % 60;
  if (days == 0) return;
  // The day after the last Thursday is the first Friday on or after the last Thursday's earliest date, and a day.
  if (change.last()) change.date = days_of(change.month) - 6;
  change.date += days;
  change.moved = days;
  change.weekday = ((change.weekday + days) % 7 + 7) % 7;
}

ClockChange change_from(ZoneReader& reader) {
  ClockChange change;
  reader.fine = reader.fine && reader.take(',') && reader.take('M');
  change.month = reader.number();
  reader.fine = reader.fine && reader.take('.');
  const int week = reader.number();
  reader.fine = reader.fine && reader.take('.');
  change.weekday = reader.number();
  if (change.month < 1 || change.month > 12 || week < 1 || week > 5 || change.weekday > 6) reader.fine = false;
  change.date = week == 5 ? 0 : (week - 1) * 7 + 1;
  const int time = reader.take('/') ? reader.time() : 2 * 3600;
  if (reader.fine) settle(change, time);
  return change;
}

// ,M3.5.0/3
std::string rule_of(const ClockChange& change) {
  const auto at = change.by_week();
  std::string out = ",M" + std::to_string(at.month) + "." + std::to_string(at.week()) + "." +
                    std::to_string(at.weekday) + "/" + std::to_string(at.hour);
  if (at.minute != 0) out += ":" + (at.minute < 10 ? "0" + std::to_string(at.minute) : std::to_string(at.minute));
  return out;
}

// 1, -3:30, as POSIX counts: west of Greenwich.
std::string west(int offset) {
  const int minutes = std::abs(offset) / 60;
  std::string out = (offset > 0 ? "-" : "") + std::to_string(minutes / 60);
  if (minutes % 60 != 0) out += ":" + std::string(minutes % 60 < 10 ? "0" : "") + std::to_string(minutes % 60);
  return out;
}

// What hours phones take: POSIX's own.
bool is_posix(const ClockChange& change) {
  return change.moved == 0 || (change.moved == 1 && change.hour == 0 && change.minute == 0);
}

std::string two(int number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

}  // namespace

ClockChange ClockChange::by_week() const {
  if (moved == 0) return *this;
  ClockChange out = *this;
  out.moved = 0;
  out.date = date - moved == days_of(month) - 6 ? 0 : date - moved;
  out.weekday = ((weekday - moved) % 7 + 7) % 7;
  out.hour = moved > 0 ? 23 : 0;
  out.minute = moved > 0 ? 59 : 0;
  return out;
}

Result<TimeZone> TimeZone::parse(std::string_view posix) {
  ZoneReader reader{posix};
  TimeZone zone;
  const auto rest_of = [&](std::size_t from) {
    return std::string(posix.substr(from, posix.size() - from - reader.text.size()));
  };
  const auto name = reader.name("STD");
  zone.posix = name;
  auto from = posix.size() - reader.text.size();
  zone.offset = -reader.time();
  zone.posix += rest_of(from);
  if (reader.fine && !reader.at_end()) {
    const auto winter_name = name;
    const auto summer_name = reader.name("DST");
    zone.posix += summer_name;
    bool turned = false;
    from = posix.size() - reader.text.size();
    Summer summer;
    const int offset = !reader.at_end() && reader.text.front() != ',' ? -reader.time() : zone.offset + 3600;
    summer.start = change_from(reader);
    summer.end = change_from(reader);
    summer.saving = offset - zone.offset;
    zone.posix += rest_of(from);
    if (summer.saving < 0) {  // Ireland: summer is the standard there, and winter goes back
      zone.offset = offset;
      summer.saving = -summer.saving;
      std::swap(summer.start, summer.end);
      turned = true;
    }
    zone.summer = summer;
    if (turned || !is_posix(summer.start) || !is_posix(summer.end))
      zone.posix = (turned ? summer_name : winter_name) + west(zone.offset) + (turned ? winter_name : summer_name) +
                   (zone.summer->saving == 3600 ? "" : west(zone.offset + zone.summer->saving)) +
                   rule_of(zone.summer->start) + rule_of(zone.summer->end);
  }
  if (!reader.fine || !reader.at_end() || std::abs(zone.offset) > day)
    return malformed("bad_time_zone", "'" + utf8::clip(posix, 64) + "' is no time zone's rule");
  return zone;
}

std::string TimeZone::hours() const {
  const int minutes = std::abs(offset) / 60;
  std::string out = offset == 0 ? "" : offset < 0 ? "-" : "+";
  out += std::to_string(minutes / 60);
  if (minutes % 60 != 0) out += ":" + two(minutes % 60);
  return out;
}

std::string TimeZone::clock() const {
  const int minutes = std::abs(offset) / 60;
  return (offset < 0 ? "-" : "+") + std::to_string(minutes / 60) + ":" + two(minutes % 60);
}

std::string TimeZone::gmt() const {
  const int minutes = std::abs(offset) / 60;
  return std::string("GMT") + (offset < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60);
}

}  // namespace strowger::provisioning
