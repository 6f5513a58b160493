#include "actors/directory/schedule.hpp"

#include "events/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace strowger::directory {
namespace {

using namespace std::chrono_literals;

Error bad(std::string_view text) {
  return unacceptable("bad_schedule", "'" + utf8::clip(text, 64) +
                                          "' is no schedule; there are 'every 15m', '03:00' and cron's five fields "
                                          "such as '*/15 6-20 * * 1-5'");
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  while (true) {
    const auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One field of cron: sets what it names.
template <std::size_t N>
bool read_field(std::string_view field, unsigned least, unsigned most, std::bitset<N>& into) {
  for (const auto part : split(field, ',')) {
    const auto slash = part.find('/');
    const auto range = part.substr(0, slash);
    unsigned step = 1;
    if (slash != std::string_view::npos) {
      const auto read = number(part.substr(slash + 1));
      if (!read || *read == 0) return false;
      step = *read;
    }
    unsigned from = least, to = most;
    if (range != "*") {
      const auto dash = range.find('-');
      const auto first = number(range.substr(0, dash));
      if (!first) return false;
      from = *first;
      to = slash == std::string_view::npos ? from : most;
      if (dash != std::string_view::npos) {
        const auto last = number(range.substr(dash + 1));
        if (!last) return false;
        to = *last;
      }
    }
    if (from < least || to > most || from > to) return false;
    for (auto at = from; at <= to; at += step) into.set(at);
  }
  return true;
}

}  // namespace

Result<Schedule::Cron> Schedule::parse_cron(std::string_view text) {
  std::vector<std::string_view> fields;
  for (const auto field : split(text, ' '))
    if (!field.empty()) fields.push_back(field);
  Cron cron;
  if (fields.size() != 5 || !read_field(fields[0], 0, 59, cron.minutes) || !read_field(fields[1], 0, 23, cron.hours) ||
      !read_field(fields[2], 1, 31, cron.days) || !read_field(fields[3], 1, 12, cron.months) ||
      !read_field(fields[4], 0, 7, cron.weekdays))
    return bad(text);
  if (cron.weekdays[7]) cron.weekdays.set(0);
  cron.any_day = fields[2] == "*";
  cron.any_weekday = fields[4] == "*";
  return cron;
}

Result<Schedule> Schedule::parse(std::string_view given) {
  const auto text = trimmed(given);
  Schedule schedule;
  schedule.text_ = std::string(text);
  if (text.starts_with("every ")) {
    auto span = trimmed(text.substr(6));
    if (span.empty()) return bad(text);
    const auto unit = span.back() == 's'   ? 1s
                      : span.back() == 'm' ? 60s
                      : span.back() == 'h' ? 3600s
                      : span.back() == 'd' ? 86400s
                                           : 0s;
    const auto count = number(trimmed(span.substr(0, span.size() - 1)));
    if (unit == 0s || !count || *count > 1'000'000 || unit * *count < 60s) return bad(text);
    schedule.every_ = unit * *count;
    return schedule;
  }
  if (text.find(':') != std::string_view::npos) {
    for (const auto part : split(text, ',')) {
      const auto time = trimmed(part);
      const auto hour = number(time.substr(0, time.find(':')));
      const auto minute =
          time.find(':') == std::string_view::npos ? std::nullopt : number(time.substr(time.find(':') + 1));
      if (!hour || !minute || *hour > 23 || *minute > 59) return bad(text);
      auto cron = parse_cron(std::to_string(*minute) + " " + std::to_string(*hour) + " * * *");
      if (!cron) return cron.error();
      schedule.times_.push_back(*cron);
    }
    return schedule;
  }
  auto cron = parse_cron(text);
  if (!cron) return cron.error();
  schedule.times_.push_back(*cron);
  // The 31st of February would never come.
  const auto now = system_now();
  if (schedule.next(now, std::nullopt) > now + std::chrono::years(8)) return bad(text);
  return schedule;
}

Timestamp Schedule::next(Timestamp now, std::optional<Timestamp> last) const {
  if (every_ > 0s) return std::max(now, last ? *last + every_ : now + every_);
  const auto fits = [](const Cron& cron, const std::tm& t) {
    const bool day = cron.days[static_cast<std::size_t>(t.tm_mday)];
    const bool weekday = cron.weekdays[static_cast<std::size_t>(t.tm_wday)];
    const bool on = cron.any_day || cron.any_weekday ? day && weekday : day || weekday;
    return on && cron.months[static_cast<std::size_t>(t.tm_mon) + 1];
  };
  // Day by day, then the first minute of it that fits and lies ahead.
  const std::time_t after = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(now));
  std::tm day{};
  ::localtime_r(&after, &day);
  for (int ahead = 0; ahead < 366 * 9; ++ahead) {
    std::tm noon{};
    noon.tm_year = day.tm_year;
    noon.tm_mon = day.tm_mon;
    noon.tm_mday = day.tm_mday + ahead;
    noon.tm_hour = 12;
    noon.tm_isdst = -1;
    ::mktime(&noon);  // which says what day that is
    std::optional<std::time_t> best;
    for (const auto& cron : times_) {
      if (!fits(cron, noon)) continue;
      for (int minute = 0; minute < 24 * 60; ++minute) {
        if (!cron.hours[static_cast<std::size_t>(minute / 60)] || !cron.minutes[static_cast<std::size_t>(minute % 60)])
          continue;
        std::tm at = noon;
        at.tm_hour = minute / 60;
        at.tm_min = minute % 60;
        at.tm_isdst = -1;
        const auto time = ::mktime(&at);
        if (time <= after) continue;
        if (!best || time < *best) best = time;
        break;
      }
    }
    if (best) return std::chrono::time_point_cast<Timestamp::duration>(std::chrono::system_clock::from_time_t(*best));
  }
  return now + std::chrono::years(10);
}

}  // namespace strowger::directory
