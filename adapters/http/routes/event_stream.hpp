// GET /api/events/stream.
#pragma once

#include "adapters/http/events/feed.hpp"
#include "adapters/http/router.hpp"

namespace strowger::http::routes {

void add_event_stream(Router& router, const std::shared_ptr<events::Feed>& feed);

}  // namespace strowger::http::routes
