// Metrics of events that went nowhere: those that cannot be decoded, and those that a reactor parked.
#pragma once

#include "actors/dead_letters.hpp"
#include "events/projections/quarantine.hpp"

#include <string>

namespace strowger::application {

// In Prometheus' text format. O(1).
std::string metrics_text(const QuarantineCounts& quarantined, const actors::DeadLetters& letters);

}  // namespace strowger::application
