#include "events/projections/campaigns.hpp"

#include "events/overloaded.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>

namespace strowger {
namespace {

constexpr std::size_t most_kept = 200;  // campaigns that are over

std::string campaign_key(const Uuid& id) {
  return "c/" + id.text();
}

std::string device_key(const Uuid& id, std::size_t place) {
  auto digits = std::to_string(place);
  return "d/" + id.text() + "/" + std::string(8 - std::min<std::size_t>(digits.size(), 8), '0') + digits;
}

std::uint32_t& count_of(CampaignCounts& counts, CampaignStage stage) {
  switch (stage) {
    case CampaignStage::waiting:
      return counts.waiting;
    case CampaignStage::told:
      return counts.told;
    case CampaignStage::converged:
      return counts.converged;
    case CampaignStage::failed:
      return counts.failed;
    case CampaignStage::skipped:
      break;
  }
  return counts.skipped;
}

}  // namespace

std::optional<CampaignRow> CampaignsProjection::find(const Uuid& id) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  return found->second.row;
}

std::vector<CampaignRow> CampaignsProjection::newest(std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<const CampaignRow*> rows;
  rows.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) rows.push_back(&entry.row);
  max = std::min(max, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(max), rows.end(),
                    [](const auto* a, const auto* b) { return a->event > b->event; });
  std::vector<CampaignRow> out;
  out.reserve(max);
  for (std::size_t i = 0; i < max; ++i) out.push_back(*rows[i]);
  return out;
}

std::vector<CampaignRow> CampaignsProjection::under_way() const {
  const std::shared_lock lock(mutex_);
  std::vector<CampaignRow> out;
  for (const auto& [id, entry] : entries_)
    if (!entry.row.over()) out.push_back(entry.row);
  return out;
}

std::vector<CampaignDevice> CampaignsProjection::devices(const Uuid& id, std::optional<CampaignStage> stage,
                                                         std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<CampaignDevice> out;
  const auto found = entries_.find(id);
  if (found == entries_.end()) return out;
  for (const auto& device : found->second.devices) {
    if (out.size() == max) break;
    if (!stage || device.stage == *stage) out.push_back(device);
  }
  return out;
}

std::optional<CampaignStage> CampaignsProjection::stage(const Uuid& id, const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  const auto place = found->second.places.find(mac);
  if (place == found->second.places.end()) return std::nullopt;
  return found->second.devices[place->second].stage;
}

CampaignsProjection::Entry* CampaignsProjection::find_entry(const Uuid& id) {
  if (id.is_nil()) return nullptr;
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

void CampaignsProjection::move(const Uuid& id, const MacAddress& mac, CampaignStage stage, Timestamp at,
                               const std::string& detail) {
  auto* entry = find_entry(id);
  if (entry == nullptr) return;
  const auto place = entry->places.find(mac);
  if (place == entry->places.end()) return;
  auto& device = entry->devices[place->second];
  --count_of(entry->row.counts, device.stage);
  ++count_of(entry->row.counts, stage);
  device.stage = stage;
  device.at = at;
  device.detail = detail;
  entry->changed = true;
  entry->changed_devices.insert(place->second);
}

void CampaignsProjection::end(const Uuid& id, CampaignState state, Timestamp at, std::string reason) {
  auto* entry = find_entry(id);
  if (entry == nullptr) return;
  entry->row.state = state;
  entry->row.reason = std::move(reason);
  if (entry->row.over()) entry->row.ended_at = at;
  entry->changed = true;
}

void CampaignsProjection::forget_oldest() {
  const auto over = static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [](const auto& item) { return item.second.row.over(); }));
  if (over <= most_kept) return;
  // Ids tell no time: one may be made of an Idempotency-Key. Those of events rise.
  const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    const auto& first = a.second.row;
    const auto& second = b.second.row;
    return first.over() != second.over() ? first.over() : first.event < second.event;
  });
  erased_.push_back(campaign_key(oldest->first));
  for (std::size_t place = 0; place < oldest->second.devices.size(); ++place)
    erased_.push_back(device_key(oldest->first, place));
  entries_.erase(oldest);
}

void CampaignsProjection::fold(const Envelope& envelope) {
  const auto category = envelope.stream.category();
  if (category != "campaign" && category != "device") return;
  const auto at = envelope.time;
  std::visit(Overloaded{
                 [&](const CampaignStarted& e) {
                   forget_oldest();
                   auto& entry = entries_[e.campaign];
                   entry.row = {
                       e.campaign, e.name, e.selection, e.verb, e.only_stale, e.pace,     CampaignState::running,
                       {},         {},     envelope.by, at,     {},           envelope.id};
                   entry.changed = true;
                 },
                 [&](const CampaignDevicesAdded& e) {
                   auto* entry = find_entry(e.campaign);
                   if (entry == nullptr) return;
                   for (const auto& mac : e.devices) {
                     if (!entry->places.emplace(mac, entry->devices.size()).second) continue;
                     entry->changed_devices.insert(entry->devices.size());
                     entry->devices.push_back({mac, CampaignStage::waiting, at, {}});
                     ++entry->row.counts.total;
                     ++entry->row.counts.waiting;
                   }
                   entry->changed = true;
                 },
                 [&](const CampaignDeviceSkipped& e) { move(e.campaign, e.mac, CampaignStage::skipped, at, e.reason); },
                 [&](const CampaignDevicesSkipped& e) {
                   for (const auto& device : e.devices)
                     move(e.campaign, device.mac, CampaignStage::skipped, at, device.reason);
                 },
                 [&](const CampaignPaused& e) { end(e.campaign, CampaignState::paused, at); },
                 [&](const CampaignResumed& e) { end(e.campaign, CampaignState::running, at); },
                 [&](const CampaignCancelled& e) { end(e.campaign, CampaignState::cancelled, at); },
                 [&](const CampaignAborted& e) { end(e.campaign, CampaignState::aborted, at, e.reason); },
                 [&](const CampaignCompleted& e) { end(e.campaign, CampaignState::completed, at); },
                 [&](const RebootRequested& e) { move(e.campaign, e.mac, CampaignStage::told, at, {}); },
                 [&](const DeviceConverged& e) { move(e.campaign, e.mac, CampaignStage::converged, at, {}); },
                 [&](const RebootFailed& e) { move(e.campaign, e.mac, CampaignStage::failed, at, e.reason); },
                 [](const auto&) {},
             },
             envelope.event);
}

void CampaignsProjection::flush(RowBatch& batch) {
  for (const auto& key : erased_) batch.erase(key);
  erased_.clear();
  for (auto& [id, entry] : entries_) {
    if (std::exchange(entry.changed, false)) batch.put(campaign_key(id), json::to_string(entry.row));
    for (const auto place : std::exchange(entry.changed_devices, {}))
      batch.put(device_key(id, place), json::to_string(entry.devices[place]));
  }
}

Result<void> CampaignsProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  if (key.starts_with("c/")) {
    auto loaded = json::from_string<CampaignRow>(row);
    if (!loaded) return loaded.error();
    entries_[loaded->id].row = std::move(*loaded);
    return {};
  }
  constexpr std::size_t id_at = 2;
  constexpr std::size_t id_size = 36;
  const auto id = key.size() > id_at + id_size ? Uuid::parse(key.substr(id_at, id_size)) : Uuid::parse("");
  if (!id) return id.error();
  auto device = json::from_string<CampaignDevice>(row);
  if (!device) return device.error();
  std::size_t place = 0;
  std::from_chars(key.data() + id_at + id_size + 1, key.data() + key.size(), place);
  auto& entry = entries_[*id];
  if (entry.devices.size() <= place) entry.devices.resize(place + 1);
  entry.places.emplace(device->mac, place);
  entry.devices[place] = std::move(*device);
  return {};
}

void CampaignsProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<CampaignsProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(entries_, other.entries_);
  std::swap(erased_, other.erased_);
}

void CampaignsProjection::dump(RowBatch& all) const {
  for (const auto& [id, entry] : entries_) {
    all.put(campaign_key(id), json::to_string(entry.row));
    for (std::size_t place = 0; place < entry.devices.size(); ++place)
      all.put(device_key(id, place), json::to_string(entry.devices[place]));
  }
}

}  // namespace strowger
