// What a device's file is rendered from, with its secrets in clear.
#pragma once

#include "adapters/http/provision/present.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/extensions.hpp"
#include "events/projections/phone_settings.hpp"

#include <span>

namespace strowger::http::provision {

// `more`: the rows of the lines after the first, in order; null where an extension is gone, whose line is left out.
// Wipe what it gives. Fails where a secret cannot be opened.
Result<provisioning::DeviceValues> device_values(const Present& present, const DeviceDefinition& device,
                                                 const ExtensionRow& extension,
                                                 std::span<const ExtensionsProjection::RowPtr> more,
                                                 const SettingsLayers& layers, const provisioning::OpenSecret& open);

}  // namespace strowger::http::provision
