// One reader of the feed: the body of GET /api/events/stream.
#pragma once

#include "adapters/http/events/feed.hpp"

namespace strowger::http::events {

// Everything that matches behind `after`, first from the log, then as it happens; each event once, in order. `request`
// lives as long as the stream is written.
BodyStream stream(std::shared_ptr<Feed> feed, std::shared_ptr<Feed::Seat> seat, const Request& request, Filter filter,
                  Position after);

}  // namespace strowger::http::events
