#include "events/projections/devices.hpp"

#include "events/overloaded.hpp"

#include <mutex>

namespace strowger {

std::optional<DeviceRow> DevicesProjection::find(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto found = rows_.find(mac);
  if (found == rows_.end()) return std::nullopt;
  return found->second;
}

std::vector<DeviceRow> DevicesProjection::list(const std::optional<MacAddress>& after, std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<DeviceRow> out;
  auto at = after ? rows_.upper_bound(*after) : rows_.begin();
  for (; at != rows_.end() && out.size() < max; ++at) out.push_back(at->second);
  return out;
}

std::vector<MacAddress> DevicesProjection::on_extension(const ExtensionNumber& extension) const {
  const std::shared_lock lock(mutex_);
  std::vector<MacAddress> out;
  for (auto at = by_extension_.lower_bound({extension, MacAddress{}});
       at != by_extension_.end() && at->first == extension; ++at)
    out.push_back(at->second);
  return out;
}

std::vector<MacAddress> DevicesProjection::macs() const {
  const std::shared_lock lock(mutex_);
  std::vector<MacAddress> out;
  out.reserve(rows_.size());
  for (const auto& [mac, row] : rows_) out.push_back(mac);
  return out;
}

std::size_t DevicesProjection::size() const {
  const std::shared_lock lock(mutex_);
  return rows_.size();
}

DevicesProjection::Serving DevicesProjection::find_for_serving(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto found = rows_.find(mac);
  if (found == rows_.end()) return {};
  const auto& reboot = found->second.activity.reboot;
  if (reboot && !reboot->fetched_at) return {found->second.definition, reboot->correlation, reboot->request};
  return {found->second.definition, {}, {}};
}

DeviceRow* DevicesProjection::touch(const MacAddress& mac) {
  const auto found = rows_.find(mac);
  if (found == rows_.end()) return nullptr;
  dirty_.insert(mac);
  return &found->second;
}

void DevicesProjection::define(const DeviceDefinition& definition) {
  auto& row = rows_[definition.mac];
  if (row.definition) by_extension_.erase({row.definition->extension, definition.mac});
  row.definition = std::make_shared<const DeviceDefinition>(definition);
  by_extension_.emplace(definition.extension, definition.mac);
  dirty_.insert(definition.mac);
}

void DevicesProjection::answered(const MacAddress& mac, const Uuid& reboot, RebootStage stage, std::uint16_t status,
                                 const std::string& detail) {
  auto* row = touch(mac);
  if (row == nullptr || !row->activity.reboot || row->activity.reboot->reboot != reboot) return;
  auto& progress = *row->activity.reboot;
  progress.stage = stage;
  progress.status = status;
  progress.detail = detail;
}

void DevicesProjection::apply(const Envelope& envelope) {
  if (envelope.stream.category() != "device") return;
  const std::unique_lock lock(mutex_);
  std::visit(Overloaded{
                 [&](const DeviceRegistered& e) {
                   define({e.mac, e.extension, e.vendor, e.model, envelope.time, envelope.time, envelope.version});
                 },
                 [&](const DeviceChanged& e) {
                   const auto found = rows_.find(e.mac);
                   if (found == rows_.end()) return;
                   define({e.mac, e.extension, e.vendor, e.model, found->second.definition->created_at, envelope.time,
                           envelope.version});
                 },
                 [&](const DeviceUnregistered& e) {
                   const auto found = rows_.find(e.mac);
                   if (found == rows_.end()) return;
                   by_extension_.erase({found->second.definition->extension, e.mac});
                   rows_.erase(found);
                   dirty_.insert(e.mac);
                 },
                 [&](const RebootRequested& e) {
                   if (auto* row = touch(e.mac))
                     row->activity.reboot =
                         RebootProgress{e.reboot,      e.verb,       e.reason,    RebootStage::requested, 0, {},
                                        envelope.time, std::nullopt, envelope.id, envelope.correlation};
                 },
                 [&](const RebootAccepted& e) { answered(e.mac, e.reboot, RebootStage::accepted, e.status, {}); },
                 [&](const RebootRefused& e) { answered(e.mac, e.reboot, RebootStage::refused, e.status, e.phrase); },
                 [&](const RebootUnanswered& e) { answered(e.mac, e.reboot, RebootStage::unanswered, 0, e.reason); },
                 [&](const ConfigServed& e) {
                   auto* row = touch(e.mac);
                   if (row == nullptr) return;
                   auto& activity = row->activity;
                   activity.last_provisioned = envelope.time;
                   activity.last_etag = e.etag;
                   activity.last_ip = e.ip;
                   activity.last_user_agent = e.user_agent;
                   ++activity.fetches;
                   if (activity.reboot && !activity.reboot->fetched_at) activity.reboot->fetched_at = envelope.time;
                 },
                 [](const auto&) {},
             },
             envelope.event);
}

std::string DevicesProjection::stored(const DeviceRow& row) {
  return json::to_string(Stored{*row.definition, row.activity});
}

void DevicesProjection::flush(RowBatch& batch) {
  const std::unique_lock lock(mutex_);
  for (const auto& mac : dirty_) {
    const auto found = rows_.find(mac);
    if (found == rows_.end())
      batch.erase(mac.text());
    else
      batch.put(mac.text(), stored(found->second));
  }
  dirty_.clear();
}

Result<void> DevicesProjection::load(std::string_view, std::string_view row) {
  auto loaded = json::from_string<Stored>(row);
  if (!loaded) return loaded.error();
  const std::unique_lock lock(mutex_);
  auto definition = std::make_shared<const DeviceDefinition>(std::move(loaded->definition));
  by_extension_.emplace(definition->extension, definition->mac);
  rows_.insert_or_assign(definition->mac, DeviceRow{definition, std::move(loaded->activity)});
  return {};
}

void DevicesProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<DevicesProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  std::swap(by_extension_, other.by_extension_);
  dirty_.clear();
}

void DevicesProjection::dump(RowBatch& all) const {
  const std::shared_lock lock(mutex_);
  for (const auto& [mac, row] : rows_) all.put(mac.text(), stored(row));
}

}  // namespace strowger
