// What is reported of a phone that was told and did not fetch what it should.
#pragma once

#include "actors/convergence/policy.hpp"
#include "actors/device/device.hpp"
#include "events/projections/devices.hpp"

namespace strowger::convergence {

// `state` is accepted, refused or unanswered. `fetched_older`: the phone fetched, but an older file.
actors::ReportOverdue overdue(const Convergence& state, bool fetched_older, const Policy& policy);

}  // namespace strowger::convergence
