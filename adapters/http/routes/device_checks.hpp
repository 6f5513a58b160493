// What a device's members must be, whichever way they come in: one by one or as a file.
#pragma once

#include "actors/bulk/device_entry.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/context.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace strowger::http::routes {

// Vendor and model in their canonical form, by the catalog.
struct Kind {
  const provisioning::Vendor* vendor = nullptr;
  const provisioning::Model* model = nullptr;
};
Result<Kind> kind_of(const Services& services, std::string_view vendor, std::string_view model);

// Extensions that are created together with what names them.
using ComingExtensions = std::unordered_set<ExtensionNumber>;

// `extension_not_found`; `field` is named in it. Says where a spreadsheet seems to have dropped zeros in front.
Result<ExtensionNumber> existing_extension(const Services& services, std::string_view number,
                                           const std::string& field = "extension_number",
                                           const ComingExtensions* coming = nullptr);

// The lines as a body gives them: none where it says nothing of them.
Result<std::optional<std::vector<bulk::LineEntry>>> lines_given(Fields& fields);

// The lines before it is known what line 1 and the model are: their extensions exist.
using LinesGiven = std::optional<std::vector<DeviceLine>>;
Result<LinesGiven> lines_of(const Services& services, const std::optional<std::vector<bulk::LineEntry>>& given,
                            const ComingExtensions* coming = nullptr);

// Checks them against the device's own extension and what the model has, and makes them what events keep: those that
// are given, or else those that the device has, since a new extension or model must go with them.
Result<void> fitting_lines(LinesGiven& lines, const std::optional<DeviceRow>& present, const ExtensionNumber& own,
                           const Kind& kind);

// Empty: of no site.
Result<std::string> site_or_none(std::string_view name);

// What is odd, and not refused.
boost::json::array warnings_of(const Services& services, const MacAddress& mac, const provisioning::Vendor& vendor);

}  // namespace strowger::http::routes
