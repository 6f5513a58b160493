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
  // Days that tzdata's hour, below 0 or above 23, is away from tzdata's own day: Cairo's clock goes back at 24:00 of
  // the last Thursday, which is a Friday.
  int moved = 0;
  bool operator==(const ClockChange&) const = default;

  bool last() const { return date == 0; }
  int week() const { return last() ? 5 : (date - 1) / 7 + 1; }

  // For phones that know no dates, only the nth or last weekday of a month at 0:00 to 23:59. Where the day was moved it
  // is tzdata's own one, at its first or last minute: some hours off the right moment (Gaza's, the worst, 27), where
  // the weekday of the moved day would be a week off in some years.
  ClockChange by_week() const;
};

struct TimeZone {
  int offset = 0;  // seconds east of Greenwich, in winter
  struct Summer {
    int saving = 3600;  // seconds that are added
    ClockChange start;
    ClockChange end;
  };
  std::optional<Summer> summer;
  // With names of letters only, hours of 0 to 24, and summer as what is added: which is what POSIX has, and phones
  // read.
  std::string posix;

  // Takes POSIX rules with dates of the form Mm.w.d, which are those that IANA's zones have. `bad_time_zone`.
  static Result<TimeZone> parse(std::string_view posix);

  std::string hours() const;  // +1, -3:30, 0: Yealink's way
  std::string clock() const;  // +1:00, -3:30, +0:00: Avaya's
  std::string gmt() const;    // GMT+01:00: Cisco's
};

}  // namespace strowger::provisioning
