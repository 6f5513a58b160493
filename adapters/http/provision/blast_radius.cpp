#include "adapters/http/provision/blast_radius.hpp"

#include "actors/provisioning/taken_apart.hpp"
#include "actors/reboot/correlation.hpp"
#include "adapters/http/provision/device_values.hpp"
#include "adapters/http/provision/services.hpp"
#include "events/stopped.hpp"

#include <algorithm>

namespace strowger::http::provision {
namespace {

using provisioning::TemplateInForce;
using Templates = std::map<std::pair<std::string, std::string>, TemplateInForce>;

Templates templates_of(const provisioning::Renderer& renderer) {
  Templates out;
  for (auto& one : renderer.in_force()) out.emplace(std::pair{one.vendor, one.model}, one);
  return out;
}

class Measure {
 public:
  Measure(const Services& services, const PresentPtr& present, const Proposal& proposal, const std::stop_token& stop)
      : services_(services),
        present_(*present),
        proposal_(proposal),
        stop_(stop),
        now_(templates_of(*present->renderer)) {
    then_ = proposal.renderer ? templates_of(*proposal.renderer) : now_;
  }

  Result<BlastRadius> take() {
    std::optional<MacAddress> after;
    for (bool more = true; more;) {
      constexpr std::size_t step = 1000;
      const auto rows = services_.device_rows.list(after, step);
      for (const auto& row : rows) {
        if (stop_.stop_requested()) return stopped();
        look(row);
      }
      more = rows.size() == step;
      if (more) after = rows.back().definition->mac;
    }
    return std::move(out_);
  }

 private:
  // The layers with the proposed one in its place; none: it is not one of them.
  std::optional<SettingsLayers> proposed(const DeviceDefinition& device, const SettingsLayers& layers) const {
    if (!proposal_.settings) return std::nullopt;
    const auto& row = *proposal_.settings;
    const auto at = static_cast<std::size_t>(row.level);
    const auto streams = layers_of(device.mac, device.vendor, device.model, device.site);
    if (streams[at] != phone_settings_stream(row.level, row.name)) return std::nullopt;
    auto out = layers;
    out[at] = std::make_shared<const PhoneSettingsRow>(row);
    return out;
  }

  void look(const DeviceRow& row) {
    const auto& device = *row.definition;
    const auto key = std::pair{device.vendor, device.model};
    const auto before = now_.find(key);
    const auto after = then_.find(key);
    const auto layers = services_.phone_settings_rows.layers(device);
    const auto other_layers = proposed(device, layers);
    const bool other_text = before != now_.end() && after != then_.end() && before->second.text != after->second.text;
    if (!other_text && !other_layers) return;
    ++out_.reached;
    const auto extension = services_.extension_rows.find(device.extension);
    if (!extension || before == now_.end() || after == then_.end()) {
      ++out_.unservable;
      return;
    }
    std::vector<ExtensionsProjection::RowPtr> more;
    for (const auto& line : device.lines)
      if (line.line != 1) more.push_back(services_.extension_rows.find(line.extension));
    const auto open = [&](const SealedSecret& secret) { return services_.vault.open(secret); };
    auto values = device_values(present_, device, *extension, more, layers, open);
    auto other = device_values(present_, device, *extension, more, other_layers.value_or(layers),
                               proposal_.open ? proposal_.open : provisioning::OpenSecret(open));
    if (values && other)
      compare(row, before->second, *values, after->second, *other);
    else
      ++out_.unservable;
    if (values) values->wipe();
    if (other) other->wipe();
  }

  void compare(const DeviceRow& row, const TemplateInForce& before, const provisioning::DeviceValues& values,
               const TemplateInForce& after, const provisioning::DeviceValues& other) {
    const auto& device = *row.definition;
    const auto& then_renderer = proposal_.renderer ? *proposal_.renderer : *present_.renderer;
    const auto now = present_.renderer->render(device.vendor, device.model, values);
    const auto then = then_renderer.render(device.vendor, device.model, other);
    if (!now || !then) {
      ++out_.unservable;
      return;
    }
    if (now->bytes == then->bytes) return;
    ++out_.changed;
    const bool reboots = !reboot::Phones(services_.bindings, services_.device_rows).of(row).empty();
    if (reboots) ++out_.would_reboot;
    std::vector<provisioning::KeyChange> changes;
    if (out_.compared < BlastRadius::most_compared) {
      const auto parts = provisioning::take_apart(before, values, stop_);
      const auto other_parts = provisioning::take_apart(after, other, stop_);
      if (parts && other_parts) {
        ++out_.compared;
        if (auto found = provisioning::key_changes(*parts, *other_parts, stop_)) changes = std::move(*found);
        for (const auto& change : changes) ++out_.keys[change.key];
      }
    }
    if (out_.first.size() < BlastRadius::most_shown)
      out_.first.push_back({row.definition, reboots, std::move(changes)});
  }

  const Services& services_;
  const Present& present_;
  const Proposal& proposal_;
  const std::stop_token stop_;
  Templates now_;
  Templates then_;
  BlastRadius out_;
};

}  // namespace

Result<BlastRadius> blast_radius(const Services& services, const PresentPtr& present, const Proposal& proposal,
                                 const std::stop_token& stop) {
  return Measure(services, present, proposal, stop).take();
}

}  // namespace strowger::http::provision
