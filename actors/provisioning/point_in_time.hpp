// A point in the history, as people and programs name it.
#pragma once

#include "events/error.hpp"
#include "events/ids.hpp"
#include "events/time.hpp"

#include <optional>
#include <string_view>

namespace strowger::provisioning {

struct PointInTime {
  // At most one is set; none: now.
  std::optional<Position> position;
  std::optional<Timestamp> until;  // the last microsecond that belongs to it
};

// `now` or nothing; a position, as 12345 or pos:12345; or a time in ISO 8601, which means the end of the smallest unit
// that it is written in: 10:15 is all of that minute, so that what happened at a time as it is shown is part of it.
// Where a query made a space of the + of an offset, it is taken for one. `bad_point_in_time` else.
Result<PointInTime> parse_point_in_time(std::string_view text);

}  // namespace strowger::provisioning
