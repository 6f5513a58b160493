#include "adapters/http/provision/device_values.hpp"

namespace strowger::http::provision {

Result<provisioning::DeviceValues> device_values(const Present& present, const DeviceDefinition& device,
                                                 const ExtensionRow& extension,
                                                 std::span<const ExtensionsProjection::RowPtr> more,
                                                 const SettingsLayers& layers, const provisioning::OpenSecret& open) {
  auto password = open(extension.password);
  if (!password) return password.error();
  provisioning::DeviceValues values{present.server,       extension.number, extension.name,
                                    std::move(*password), device.mac,       present.config_url(device.mac.text())};
  std::size_t next = 0;
  for (const auto& line : device.lines) {
    if (line.line == 1) {
      values.label = line.label;
      continue;
    }
    const auto& row = more[next++];
    if (!row) continue;
    auto secret = open(row->password);
    if (!secret) return secret.error();
    values.more_lines.push_back({line.line, row->number, row->name, std::move(*secret), line.label});
  }
  auto phone = provisioning::phone_values(provisioning::effective(layers), open);
  if (!phone) return phone.error();
  values.phone = std::move(*phone);
  return values;
}

}  // namespace strowger::http::provision
