// Dates as the log keeps them: UTC, microseconds. Nothing below the composition root reads a clock by itself; it is
// handed a Clock (events/clock.hpp), so that tests and the simulation own time.
#pragma once

#include "events/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace strowger {

// A date. A duration within this process is measured with instants, which no step of the clock reaches.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using Instant = std::chrono::steady_clock::time_point;

Timestamp system_now();

// ISO 8601 as the HTTP contract shows it: 2026-01-08T19:40:00.123Z.
std::string to_iso8601(Timestamp time);
// Reads that form with 0 to 9 fraction digits and `Z` or a numeric offset.
Result<Timestamp> parse_iso8601(std::string_view text);
// RFC 9110 section 5.6.7: Thu, 08 Jan 2026 19:40:00 GMT.
std::string to_http_date(Timestamp time);
Result<Timestamp> parse_http_date(std::string_view text);

}  // namespace strowger
