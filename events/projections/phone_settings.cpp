#include "events/projections/phone_settings.hpp"

#include <algorithm>
#include <mutex>

namespace strowger {
namespace {

std::string stream_key(SettingsLevel level, std::string_view name) {
  std::string key(json::word(level));
  if (!name.empty()) key.append(1, '_').append(name);
  return key;
}

}  // namespace

StreamId phone_settings_stream(SettingsLevel level, std::string_view name) {
  return {phone_settings_category, stream_key(level, name)};
}

std::array<std::optional<StreamId>, settings_levels> layers_of(const MacAddress& mac, std::string_view vendor,
                                                               std::string_view model, std::string_view site) {
  const auto whole = std::string(vendor) + "_" + std::string(model);
  return {phone_settings_stream(SettingsLevel::global, {}),
          site.empty() ? std::nullopt : std::optional(phone_settings_stream(SettingsLevel::site, site)),
          phone_settings_stream(SettingsLevel::vendor, vendor), phone_settings_stream(SettingsLevel::model, whole),
          phone_settings_stream(SettingsLevel::device, mac.text())};
}

void PhoneSettingsRow::apply(const PhoneSettingsChanged& event, const Envelope& envelope) {
  const SettingOrigin origin{envelope.position, envelope.time, envelope.by, envelope.id, envelope.correlation};
  level = event.level;
  name = event.name;
  for (const auto& [setting, value] : event.set)
    settings.insert_or_assign(setting, StoredSetting{value, {}, {}, origin});
  for (const auto& [setting, secret] : event.secrets)
    settings.insert_or_assign(setting, StoredSetting{{}, secret, {}, origin});
  for (const auto& [number, key] : event.keys)
    settings.insert_or_assign("keys." + number, StoredSetting{{}, {}, key, origin});
  for (const auto& setting : event.removed) settings.erase(setting);
  updated_at = envelope.time;
  version = envelope.version;
}

PhoneSettingsProjection::RowPtr PhoneSettingsProjection::find(SettingsLevel level, const std::string& name) const {
  const std::shared_lock lock(mutex_);
  return rows_.find(stream_key(level, name));
}

std::vector<PhoneSettingsProjection::RowPtr> PhoneSettingsProjection::list() const {
  const std::shared_lock lock(mutex_);
  std::vector<RowPtr> out;
  for (const auto& row : rows_.in_order())
    if (row.value->level != SettingsLevel::device) out.push_back(row.value);
  std::stable_sort(out.begin(), out.end(), [](const RowPtr& a, const RowPtr& b) { return a->level < b->level; });
  return out;
}

std::vector<PhoneSettingsProjection::RowPtr> PhoneSettingsProjection::with(const std::string& setting,
                                                                           const std::string& value) const {
  const std::shared_lock lock(mutex_);
  std::vector<RowPtr> out;
  for (const auto& row : rows_.in_order()) {
    const auto found = row.value->settings.find(setting);
    if (found != row.value->settings.end() && found->second.value == value) out.push_back(row.value);
  }
  return out;
}

SettingsLayers PhoneSettingsProjection::layers(const DeviceDefinition& device) const {
  SettingsLayers out;
  const auto streams = layers_of(device.mac, device.vendor, device.model, device.site);
  const std::shared_lock lock(mutex_);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (streams[i]) out[i] = rows_.find(std::string(streams[i]->key()));
  return out;
}

void PhoneSettingsProjection::fold(const Envelope& envelope) {
  const auto* event = std::get_if<PhoneSettingsChanged>(&envelope.event);
  if (event == nullptr) return;
  const auto key = stream_key(event->level, event->name);
  const auto present = rows_.find(key);
  PhoneSettingsRow row;
  if (present) row = *present;
  row.apply(*event, envelope);
  if (row.settings.empty())
    rows_.erase(key);
  else
    rows_.put(key, std::move(row));
  changes_.fetch_add(1, std::memory_order_release);
}

void PhoneSettingsProjection::flush(RowBatch& batch) {
  rows_.flush(batch);
}

Result<void> PhoneSettingsProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  auto loaded = rows_.load(key, row, [](const PhoneSettingsRow& r) { return stream_key(r.level, r.name); });
  if (!loaded) return loaded.error();
  return {};
}

void PhoneSettingsProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<PhoneSettingsProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  changes_.fetch_add(1, std::memory_order_release);
}

void PhoneSettingsProjection::dump(RowBatch& all) const {
  rows_.dump(all);
}

}  // namespace strowger
