#include "events/projections/devices.hpp"

#include "events/overloaded.hpp"

#include <mutex>

namespace strowger {

std::optional<DeviceRow> DevicesProjection::find(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  if (row == nullptr) return std::nullopt;
  return *row;
}

std::vector<DeviceRow> DevicesProjection::list(const std::optional<MacAddress>& after, std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<DeviceRow> out;
  const auto& rows = rows_.in_order();
  auto at = after ? rows.upper_bound(*after) : rows.begin();
  for (; at != rows.end() && out.size() < max; ++at) out.push_back(at->value);
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
  for (const auto& row : rows_.in_order()) out.push_back(row.key);
  return out;
}

std::size_t DevicesProjection::size() const {
  const std::shared_lock lock(mutex_);
  return rows_.size();
}

DevicesProjection::Serving DevicesProjection::find_for_serving(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  if (row == nullptr) return {};
  const auto& reboot = row->activity.reboot;
  if (reboot && !reboot->fetched_at) return {row->definition, reboot->correlation, reboot->request};
  return {row->definition, {}, {}};
}

void DevicesProjection::index(const DeviceDefinition& definition) {
  by_extension_.emplace(definition.extension, definition.mac);
  for (const auto& line : definition.lines)
    if (line.line != 1) by_extension_.emplace(line.extension, definition.mac);
}

void DevicesProjection::forget(const DeviceDefinition& definition) {
  by_extension_.erase({definition.extension, definition.mac});
  for (const auto& line : definition.lines) by_extension_.erase({line.extension, definition.mac});
}

void DevicesProjection::define(DeviceDefinition definition) {
  auto& row = rows_.put(definition.mac);
  if (row.definition) forget(*row.definition);
  row.definition = std::make_shared<const DeviceDefinition>(std::move(definition));
  index(*row.definition);
}

template <class Change>
void DevicesProjection::redefine(const MacAddress& mac, const Envelope& envelope, Change change) {
  const auto* row = rows_.find(mac);
  if (row == nullptr) return;
  auto definition = *row->definition;
  change(definition);
  definition.updated_at = envelope.time;
  definition.version = envelope.version;
  define(std::move(definition));
}

void DevicesProjection::answered(const MacAddress& mac, const Uuid& reboot, RebootStage stage, std::uint16_t status,
                                 const std::string& detail) {
  auto* row = rows_.change(mac);
  if (row == nullptr || !row->activity.reboot || row->activity.reboot->reboot != reboot) return;
  auto& progress = *row->activity.reboot;
  progress.stage = stage;
  progress.status = status;
  progress.detail = detail;
}

void DevicesProjection::fold(const Envelope& envelope) {
  if (envelope.stream.category() != "device") return;
  std::visit(Overloaded{
                 [&](const DeviceRegistered& e) {
                   DeviceDefinition fresh{e.mac,         e.extension,   e.vendor,        e.model,
                                          envelope.time, envelope.time, envelope.version};
                   // Registered anew it stays where it is, on the lines that it has.
                   if (const auto* row = rows_.find(e.mac)) {
                     fresh.site = row->definition->site;
                     fresh.lines = row->definition->lines;
                   }
                   define(std::move(fresh));
                 },
                 [&](const DeviceChanged& e) {
                   redefine(e.mac, envelope, [&](DeviceDefinition& device) {
                     device.extension = e.extension;
                     device.vendor = e.vendor;
                     device.model = e.model;
                   });
                 },
                 [&](const DeviceLinesChanged& e) {
                   redefine(e.mac, envelope, [&](DeviceDefinition& device) { device.lines = e.lines; });
                 },
                 [&](const DeviceSiteChanged& e) {
                   redefine(e.mac, envelope, [&](DeviceDefinition& device) { device.site = e.site; });
                 },
                 [&](const DeviceUnregistered& e) {
                   const auto* row = rows_.find(e.mac);
                   if (row == nullptr) return;
                   forget(*row->definition);
                   rows_.erase(e.mac);
                 },
                 [&](const RebootRequested& e) {
                   if (auto* row = rows_.change(e.mac))
                     row->activity.reboot =
                         RebootProgress{e.reboot,      e.verb,       e.reason,    RebootStage::requested, 0, {},
                                        envelope.time, std::nullopt, envelope.id, envelope.correlation};
                 },
                 [&](const RebootAccepted& e) { answered(e.mac, e.reboot, RebootStage::accepted, e.status, {}); },
                 [&](const RebootRefused& e) { answered(e.mac, e.reboot, RebootStage::refused, e.status, e.phrase); },
                 [&](const RebootUnanswered& e) { answered(e.mac, e.reboot, RebootStage::unanswered, 0, e.reason); },
                 [&](const ConfigServed& e) {
                   auto* row = rows_.change(e.mac);
                   if (row == nullptr) return;
                   auto& activity = row->activity;
                   activity.last_provisioned = envelope.time;
                   activity.last_etag = e.etag;
                   activity.last_ip = e.ip;
                   activity.last_user_agent = e.user_agent;
                   ++activity.fetches;
                   if (activity.reboot && !activity.reboot->fetched_at) activity.reboot->fetched_at = envelope.time;
                 },
                 // A fetch of long ago: the last one of each device is never folded.
                 [&](const Folded& e) {
                   const auto mac = MacAddress::parse(envelope.stream.key());
                   auto* row = mac && e.was == ConfigServed::type ? rows_.change(*mac) : nullptr;
                   if (row == nullptr) return;
                   auto& activity = row->activity;
                   activity.last_provisioned = envelope.time;
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
  rows_.flush([&](const MacAddress& mac, const DeviceRow* row) {
    if (row == nullptr)
      batch.erase(mac.text());
    else
      batch.put(mac.text(), stored(*row));
  });
}

Result<void> DevicesProjection::load(std::string_view, std::string_view row) {
  auto loaded = json::from_string<Stored>(row);
  if (!loaded) return loaded.error();
  const std::unique_lock lock(mutex_);
  auto definition = std::make_shared<const DeviceDefinition>(std::move(loaded->definition));
  index(*definition);
  rows_.load(definition->mac) = DeviceRow{definition, std::move(loaded->activity)};
  return {};
}

void DevicesProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<DevicesProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  std::swap(by_extension_, other.by_extension_);
}

void DevicesProjection::dump(RowBatch& all) const {
  const std::shared_lock lock(mutex_);
  for (const auto& row : rows_.in_order()) all.put(row.key.text(), stored(row.value));
}

}  // namespace strowger
