// When something runs by itself, in this machine's local time:
//
//   every 15m            so long after it last began: s, m, h or d, at least a minute
//   03:00                each day; several with commas: 03:00, 15:30
//   */15 6-20 * * 1-5    cron's five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday), each
//                        with *, lists, ranges and steps; where both days are given, either will do
#pragma once

#include "events/time.hpp"

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::directory {

class Schedule {
 public:
  // Fails with `bad_schedule`.
  static Result<Schedule> parse(std::string_view text);

  const std::string& text() const { return text_; }
  // The first time after `now`. `last`: when it began last; it only counts for intervals.
  Timestamp next(Timestamp now, std::optional<Timestamp> last) const;

 private:
  struct Cron {
    std::bitset<60> minutes;
    std::bitset<24> hours;
    std::bitset<32> days;
    std::bitset<13> months;
    std::bitset<8> weekdays;
    bool any_day = true;
    bool any_weekday = true;
  };
  static Result<Cron> parse_cron(std::string_view text);

  std::string text_;
  std::chrono::seconds every_{0};
  std::vector<Cron> times_;
};

}  // namespace strowger::directory
