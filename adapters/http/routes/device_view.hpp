// A device as the API shows it.
#pragma once

#include "adapters/http/routes/convergence_view.hpp"

#include <optional>
#include <string>
#include <utility>

namespace strowger::http::routes {

std::string_view to_text(DeviceStatus status);

// `etag`: of the file that it would be sent now.
DeviceStatus status_of(const DeviceRow& row, const Result<std::string>& etag);
// Renders the device's file where it is not in the cache.
boost::json::object view_of(Context& context, const provision::PresentPtr& present, const DeviceRow& row,
                            bool with_token = false);
boost::json::object view_of(Context& context, const provision::PresentPtr& present, const DeviceRow& row,
                            const Result<std::string>& etag, bool with_token = false);
// With the token that the device has in its URL, in clear or masked.
std::string config_url_of(const Services& services, const provision::Present& present, const DeviceDefinition& device);
std::string masked_config_url(const provision::Present& present, const DeviceDefinition& device);
// Whether what its phone last said of itself is not what is registered.
bool is_contradicted(const Services& services, const DeviceRow& row);
// The firmware that its phone last said it runs, by HTTP or SIP, empty where it never did; and when it was seen.
std::pair<std::string, std::optional<Timestamp>> seen_firmware(const Services& services, const DeviceRow& row);
std::string_view device_schema();

}  // namespace strowger::http::routes
