// One page of the log: a bounded read, which says where the next one goes on.
#pragma once

#include "adapters/http/events/filter.hpp"
#include "events/log.hpp"

namespace strowger::http::events {

struct PageQuery {
  Filter filter;
  Position after{};                // exclusive
  std::optional<Position> before;  // exclusive; none: the end of the log
  bool newest_first = false;
  std::size_t limit = 100;            // events on the page
  std::size_t most_scanned = 20'000;  // events looked at for it
};

struct Page {
  std::vector<Record> events;  // in the order asked for
  // Up to here, or down to here, the log was looked at: the next page's `after`, or `before`.
  Position reached{};
  bool more = false;  // there may be more behind it
};

// Blocks on the disk. A span of time is found by bisection, as far as the clock that wrote the events was not set back
// by more than an hour in between.
Result<Page> read_page(EventLog& log, const PageQuery& query);

}  // namespace strowger::http::events
