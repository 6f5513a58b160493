#include "events/projections/discovered.hpp"

#include "events/json.hpp"
#include "events/overloaded.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <mutex>
#include <tuple>
#include <unordered_map>

namespace strowger {
namespace {

constexpr std::size_t leave_at_once = 100;  // so that a flood does not search for each
constexpr std::size_t longest_text = 512;
constexpr std::uint16_t not_found_status = 404;

constexpr std::string_view seen_prefix = "seen/";
constexpr std::string_view device_prefix = "device/";
constexpr std::string_view evicted_key = "evicted";

std::string key_of(std::string_view prefix, const MacAddress& mac) {
  return std::string(prefix) + mac.text();
}

std::string kept_text(const std::string& text) {
  return std::string(utf8::prefix(text, longest_text));
}

}  // namespace

std::optional<DiscoveredRow> DiscoveredProjection::find(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  return row == nullptr ? std::nullopt : std::optional(*row);
}

std::vector<DiscoveredRow> DiscoveredProjection::list() const {
  std::vector<DiscoveredRow> out;
  {
    const std::shared_lock lock(mutex_);
    out.reserve(rows_.size());
    for (const auto& row : rows_.in_order()) out.push_back(row.value);
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.last_seen > b.last_seen; });
  return out;
}

std::uint64_t DiscoveredProjection::evicted() const {
  const std::shared_lock lock(mutex_);
  return evicted_;
}

DiscoveredRow* DiscoveredProjection::seen(const std::optional<MacAddress>& mac, Timestamp first, Timestamp last) {
  if (!mac || devices_.find(*mac) != nullptr) return nullptr;
  if (rows_.find(*mac) == nullptr && rows_.size() >= kept) make_room();
  auto& row = rows_.put(*mac);
  if (row.first_seen == Timestamp{}) {
    row.mac = *mac;
    row.first_seen = first;
  }
  row.last_seen = std::max(row.last_seen, last);
  return &row;
}

template <class Refused>
void DiscoveredProjection::refused(const Refused& event, Timestamp first, Timestamp last, std::uint64_t count) {
  // Of a file that is no phone's own, or of a device that was there then: it says nothing of a phone that nobody knows.
  if (event.code == "probe" || event.code == "source_blocked" || !event.extension.text().empty()) return;
  auto* row = seen(event.normalized_mac, first, last);
  if (row == nullptr) return;
  row->ip = kept_text(event.ip);
  if (!event.user_agent.empty()) row->user_agent = kept_text(event.user_agent);
  row->path = kept_text(event.path);
  row->code = event.code;
  row->denied = event.status != not_found_status;
  row->requests += count;
}

template <class Registration>
void DiscoveredProjection::registered(const Registration& event, Timestamp time) {
  auto* row = seen(event.mac, time, time);
  if (row == nullptr) return;
  row->ip = event.ip;
  if (!event.user_agent.empty()) row->user_agent = kept_text(event.user_agent);
  row->extension = event.extension;
  row->denied = false;  // it knows an extension's password
  ++row->registrations;
}

void DiscoveredProjection::make_room() {
  std::unordered_map<std::string_view, std::size_t> of_address;
  for (const auto& row : rows_.in_order()) ++of_address[row.value.ip];
  using Rank = std::tuple<bool, std::size_t, Timestamp, MacAddress>;
  std::vector<Rank> ranks;
  ranks.reserve(rows_.size());
  const auto most = std::numeric_limits<std::size_t>::max();
  for (const auto& row : rows_.in_order())
    ranks.emplace_back(!row.value.denied, most - of_address[row.value.ip], row.value.last_seen, row.key);
  const auto leaving = std::min(leave_at_once, ranks.size());
  std::partial_sort(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(leaving), ranks.end());
  for (std::size_t i = 0; i < leaving; ++i) rows_.erase(std::get<MacAddress>(ranks[i]));
  evicted_ += leaving;
}

void DiscoveredProjection::fold(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const ConfigRefused& e) { refused(e, envelope.time, envelope.time, 1); },
                 [&](const ConfigRefusedRepeated& e) { refused(e, e.first_seen, e.last_seen, e.count); },
                 [&](const PhoneRegistered& e) { registered(e, envelope.time); },
                 [&](const PhoneMoved& e) { registered(e, envelope.time); },
                 [&](const DeviceRegistered& e) {
                   devices_.put(e.mac) = true;
                   rows_.erase(e.mac);
                 },
                 [&](const DeviceUnregistered& e) { devices_.erase(e.mac); },
                 [](const auto&) {},
             },
             envelope.event);
}

void DiscoveredProjection::flush(RowBatch& batch) {
  const std::unique_lock lock(mutex_);
  rows_.flush([&](const MacAddress& mac, const DiscoveredRow* row) {
    if (row != nullptr)
      batch.put(key_of(seen_prefix, mac), json::to_string(*row));
    else
      batch.erase(key_of(seen_prefix, mac));
  });
  devices_.flush([&](const MacAddress& mac, const bool* there) {
    if (there != nullptr)
      batch.put(key_of(device_prefix, mac), "");
    else
      batch.erase(key_of(device_prefix, mac));
  });
  if (evicted_ == flushed_evicted_) return;
  flushed_evicted_ = evicted_;
  batch.put(std::string(evicted_key), std::to_string(evicted_));
}

Result<void> DiscoveredProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  if (key == evicted_key) {
    std::from_chars(row.data(), row.data() + row.size(), evicted_);
    flushed_evicted_ = evicted_;
    return {};
  }
  if (key.starts_with(device_prefix)) {
    const auto mac = MacAddress::parse(key.substr(device_prefix.size()));
    if (!mac) return mac.error();
    devices_.load(*mac) = true;
    return {};
  }
  auto loaded = json::from_string<DiscoveredRow>(row);
  if (!loaded) return loaded.error();
  const auto mac = loaded->mac;
  rows_.load(mac) = std::move(*loaded);
  return {};
}

void DiscoveredProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<DiscoveredProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  std::swap(devices_, other.devices_);
  std::swap(evicted_, other.evicted_);
  flushed_evicted_ = evicted_;
}

void DiscoveredProjection::dump(RowBatch& all) const {
  const std::shared_lock lock(mutex_);
  for (const auto& row : rows_.in_order()) all.put(key_of(seen_prefix, row.key), json::to_string(row.value));
  for (const auto& row : devices_.in_order()) all.put(key_of(device_prefix, row.key), "");
  if (evicted_ > 0) all.put(std::string(evicted_key), std::to_string(evicted_));
}

}  // namespace strowger
