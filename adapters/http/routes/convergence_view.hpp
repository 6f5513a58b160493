// Whether a device's phone runs what it should, as people are told: where it stands, and what to do about it.
#pragma once

#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {

// converged: runs the present configuration · pending: is being brought to · stale: runs another, and nobody has begun
// · failed: was told and did not come to it · unreachable: cannot be told · waiting: never fetched yet · unservable:
// would be sent no file.
enum class ConvergenceState : std::uint8_t { converged, pending, stale, failed, unreachable, waiting, unservable };
inline constexpr std::size_t convergence_states = 7;
std::string_view to_text(ConvergenceState state);

// `etag`: of the file that it would be sent now.
ConvergenceState convergence_of(const DeviceRow& row, const Result<std::string>& etag);
boost::json::object convergence_view(Context& context, const DeviceRow& row, const Result<std::string>& etag);
std::string_view convergence_schema();

}  // namespace strowger::http::routes
