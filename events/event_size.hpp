// How large an event may be. Nothing that comes from outside is stored as it came, so none comes near the limit; what
// follows the log (SSE, Kafka, whose brokers take 1 MiB by default) relies on it. Events of earlier releases may be
// larger and are read for ever.
#pragma once

#include "events/log.hpp"

#include <cstddef>
#include <optional>

namespace strowger {

inline constexpr std::size_t max_event_bytes = std::size_t{256} * 1024;  // of an event's data

// `event_too_large`, naming the first event and fact of the request that exceeds it; nothing when all fit.
// Complexity: O(events).
std::optional<Error> oversized(const AppendRequest& request);

}  // namespace strowger
