// What a time zone means to a phone: its offset and when it changes to summer time, read from the zone's POSIX rule
// ("CET-1CEST,M3.5.0,M10.5.0/3"; templates/timezones.json has one for each IANA name).
#pragma once

#include "events/error.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace strowger::provisioning {

// The clock changes on the first `weekday` on or after `date`, or on the last one of the month, at hour:minute by the
// clock that was valid until then.
struct ClockChange {
  int month = 1;
  int date = 1;     // 1, 8, 15, 22 for the first to the fourth of a month; 0: the last
  int weekday = 0;  // from Sunday, 0
  int hour = 2;
  int minute = 0;
  bool operator==(const ClockChange&) const = default;

  bool last() const { return date == 0; }
  int week() const { return last() ? 5 : (date - 1) / 7 + 1; }
};

struct TimeZone {
  int offset = 0;  // seconds east of Greenwich, in winter
  struct Summer {
    int saving = 3600;  // seconds that are added
    ClockChange start;
    ClockChange end;
  };
  std::optional<Summer> summer;
  std::string posix;  // with names of letters only, which all phones can read

  // Takes POSIX rules with dates of the form Mm.w.d, which are those that IANA's zones have. `bad_time_zone`.
  static Result<TimeZone> parse(std::string_view posix);

  std::string hours() const;  // +1, -3:30, 0: Yealink's way
  std::string clock() const;  // +1:00, -3:30, +0:00: Avaya's
  std::string gmt() const;    // GMT+01:00: Cisco's
};

}  // namespace strowger::provisioning
