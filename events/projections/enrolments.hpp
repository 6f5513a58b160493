// Takes logs of releases before DeviceEnrolled over: what a device's enrolment is bound to was the source of its first
// fetch since, and fetches are folded one day.
#pragma once

#include "events/log.hpp"
#include "events/projection.hpp"
#include "events/time.hpp"
#include "events/uuid.hpp"

#include <cstdint>

namespace strowger {

// Records DeviceEnrolled for each device whose address only a fetch tells, once a log; before the projections start.
// The address is that of the stored row of the devices (schema 2), which saw the fetch itself; where there is none, of
// the first fetch since the enrolment was opened; where that is folded, the last address of its day's summary.
//
// Done is remembered in the log's state with the events: a kill leaves both or some of the events, and it is done
// again. Returns how many were recorded. Complexity: once O(log), then O(1). Errors: of the log and the store.
Result<std::uint64_t> record_enrolments(EventLog& log, ProjectionStore& store, IdSource& ids, Timestamp now);

}  // namespace strowger
