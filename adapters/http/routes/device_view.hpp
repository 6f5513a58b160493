// A device as the API shows it.
#pragma once

#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {

// registered: never fetched · rebooting: told, not back yet · reboot_failed: refused or unanswered · stale: runs
// another configuration than it would be sent now · provisioned: runs the present one · unservable: would be sent none.
enum class DeviceStatus : std::uint8_t { registered, rebooting, reboot_failed, stale, provisioned, unservable };
std::string_view to_text(DeviceStatus status);
inline constexpr std::size_t device_statuses = 6;

// Renders the device's file where it is not in the cache.
DeviceStatus status_of(Context& context, const provision::PresentPtr& present, const DeviceRow& row);
// Whether what its phone last said of itself is not what is registered.
bool is_contradicted(const Services& services, const DeviceRow& row);
boost::json::object view_of(Context& context, const provision::PresentPtr& present, const DeviceRow& row);
std::string_view device_schema();

}  // namespace strowger::http::routes
