// Hours of the day in which no phone is told to reboot: 08:00-18:00, several with commas, over midnight where the end
// is before the start.
#pragma once

#include "events/time.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace strowger {

class QuietHours {
 public:
  QuietHours() = default;  // none
  static Result<QuietHours> parse(std::string_view text);
  bool contains(int minute_of_day) const;
  bool contains(Timestamp time) const { return !ranges_.empty() && contains(minute_of_day(time)); }

  static int minute_of_day(Timestamp time);  // of this machine's clock

  bool operator==(const QuietHours&) const = default;

 private:
  std::vector<std::pair<int, int>> ranges_;  // minutes of the day: from, to (not included)
};

}  // namespace strowger
