// Whether a device's phone runs what it should, as people are told: where it stands, and what to do about it.
#pragma once

#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {

std::string_view to_text(ConvergenceState state);

// What `etag`, of the file that a device would be sent now, says of it.
DeviceLook look_of(const Result<std::string>& etag);
ConvergenceState convergence_of(const DeviceRow& row, const Result<std::string>& etag);
boost::json::object convergence_view(Context& context, const DeviceRow& row, const Result<std::string>& etag);
std::string_view convergence_schema();

}  // namespace strowger::http::routes
