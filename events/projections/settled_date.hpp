// The date that the log has surely reached, whatever a clock said for a moment.
//
// A projection that forgets by time must do so by the log alone, so that a rebuild forgets the same. But a clock that
// is ahead dates events years too late, and one such event must not make it forget what is still good. So a date counts
// once the log went a day further without an event of an earlier date: a clock that was ahead for less is seen through
// by the first event after it was put right. Behind the newest event the date lags by a day, and by the pauses between
// events.
//
// Pure. Complexity: O(1) an event.
#pragma once

#include "events/time.hpp"

#include <algorithm>
#include <chrono>

#include <boost/describe/class.hpp>

namespace strowger {

struct SettledDate {
  static constexpr std::chrono::hours settling{24};

  Timestamp since{};    // no event after the first of this date has an earlier one
  Timestamp settled{};  // the date that counts

  // True where it changed.
  bool add(Timestamp time) {
    if (since == Timestamp{} || time < since) {
      since = time;
      return true;
    }
    if (time < since + settling) return false;
    settled = std::max(settled, since);
    since = time;
    return true;
  }
};
BOOST_DESCRIBE_STRUCT(SettledDate, (), (since, settled))

}  // namespace strowger
