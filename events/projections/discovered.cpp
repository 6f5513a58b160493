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
#include <unordered_set>

namespace strowger {
namespace {

constexpr std::size_t leave_at_once = 100;  // so that a flood does not search for each
constexpr std::size_t longest_text = 512;
constexpr std::uint16_t not_found_status = 404;

constexpr std::string_view asked_prefix = "asked/";
constexpr std::string_view sip_prefix = "sip/";
constexpr std::string_view device_prefix = "device/";
constexpr std::string_view evicted_prefix = "evicted/";

std::string key_of(std::string_view prefix, const MacAddress& mac) {
  return std::string(prefix) + mac.text();
}
std::string key_of(const PhoneOnDay& phone) {
  return std::string(asked_prefix) + std::to_string(phone.day) + "/" + phone.mac.text();
}
std::string evicted_key(std::int64_t day) {
  return std::string(evicted_prefix) + std::to_string(day);
}

std::string kept_text(const std::string& text) {
  return std::string(utf8::prefix(text, longest_text));
}

std::int64_t day_of(Timestamp time) {
  return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

// The `count` phones that leave first.
std::vector<MacAddress> first_to_leave(const std::vector<DiscoveredRow>& rows, std::size_t count) {
  std::unordered_map<std::string_view, std::size_t> of_address;
  for (const auto& row : rows) ++of_address[row.ip];
  using Rank = std::tuple<bool, std::size_t, Timestamp, MacAddress>;
  std::vector<Rank> ranks;
  ranks.reserve(rows.size());
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  for (const auto& row : rows) ranks.emplace_back(!row.denied, most - of_address[row.ip], row.last_seen, row.mac);
  count = std::min(count, ranks.size());
  std::partial_sort(ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(count), ranks.end());
  std::vector<MacAddress> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(std::get<MacAddress>(ranks[i]));
  return out;
}

// What is known of one phone from two places: of the one that is later, and the numbers of both.
void merge_rows(std::optional<DiscoveredRow>& into, const DiscoveredRow& other) {
  if (!into) {
    into = other;
    return;
  }
  const bool later = other.last_seen >= into->last_seen;
  const auto& last = later ? other : *into;
  const auto& before = later ? *into : other;
  DiscoveredRow both = last;
  if (both.user_agent.empty()) both.user_agent = before.user_agent;
  if (both.path.empty()) both.path = before.path;
  if (both.code.empty()) both.code = before.code;
  if (both.extension.text().empty()) both.extension = before.extension;
  both.first_seen = std::min(last.first_seen, before.first_seen);
  both.requests = last.requests + before.requests;
  both.registrations = last.registrations + before.registrations;
  into = std::move(both);
}

void note_seen(DiscoveredRow& row, const MacAddress& mac, Timestamp first, Timestamp last) {
  if (row.first_seen == Timestamp{}) {
    row.mac = mac;
    row.first_seen = first;
  }
  row.last_seen = std::max(row.last_seen, last);
}

}  // namespace

std::optional<DiscoveredRow> DiscoveredProjection::find(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  std::optional<DiscoveredRow> row;
  for (const auto& [day, of] : days_)
    if (const auto* found = asked_.find({day, mac})) merge_rows(row, *found);
  if (const auto* found = by_sip_.find(mac)) merge_rows(row, *found);
  return row;
}

std::vector<DiscoveredRow> DiscoveredProjection::list() const {
  std::map<MacAddress, std::optional<DiscoveredRow>> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& row : asked_.in_order()) merge_rows(all[row.key.mac], row.value);
    for (const auto& row : by_sip_.in_order()) merge_rows(all[row.key], row.value);
  }
  std::vector<DiscoveredRow> out;
  out.reserve(all.size());
  for (auto& [mac, row] : all) out.push_back(std::move(*row));
  if (out.size() > kept) {
    const auto gone = first_to_leave(out, out.size() - kept);
    const std::unordered_set<MacAddress> known(gone.begin(), gone.end());
    std::erase_if(out, [&](const DiscoveredRow& row) { return known.contains(row.mac); });
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.last_seen > b.last_seen; });
  return out;
}

std::uint64_t DiscoveredProjection::evicted() const {
  const std::shared_lock lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [day, of] : days_) sum += of.evicted;
  return sum;
}

template <class Refused>
void DiscoveredProjection::refused(const Refused& event, const Envelope& envelope, Timestamp first, Timestamp last,
                                   std::uint64_t count) {
  const auto day = day_of(envelope.time);
  forget_far_days(day);
  // Of a file that is no phone's own, or of a device that was there then: it says nothing of a phone that nobody knows.
  if (event.code == "probe" || event.code == "source_blocked" || !event.extension.text().empty()) return;
  if (!event.normalized_mac || devices_.find(*event.normalized_mac) != nullptr) return;
  const PhoneOnDay phone{day, *event.normalized_mac};
  if (asked_.find(phone) == nullptr) {
    if (days_[day].phones >= kept) make_room(day);
    ++days_[day].phones;
  }
  auto& row = asked_.put(phone);
  note_seen(row, phone.mac, first, last);
  row.ip = kept_text(event.ip);
  if (!event.user_agent.empty()) row.user_agent = kept_text(event.user_agent);
  row.path = kept_text(event.path);
  row.code = event.code;
  row.denied = event.status != not_found_status;
  row.requests += count;
}

template <class Registration>
void DiscoveredProjection::registered(const Registration& event, Timestamp time) {
  if (!event.mac || devices_.find(*event.mac) != nullptr) return;
  if (by_sip_.find(*event.mac) == nullptr && by_sip_.size() >= kept) make_room_by_sip();
  auto& row = by_sip_.put(*event.mac);
  note_seen(row, *event.mac, time, time);
  row.ip = event.ip;
  if (!event.user_agent.empty()) row.user_agent = kept_text(event.user_agent);
  row.extension = event.extension;
  ++row.registrations;
}

std::vector<DiscoveredRow> DiscoveredProjection::of_day(std::int64_t day) const {
  std::vector<DiscoveredRow> rows;
  const auto& all = asked_.in_order();
  for (auto at = all.lower_bound(PhoneOnDay{day, MacAddress{}}); at != all.end() && at->key.day == day; ++at)
    rows.push_back(at->value);
  return rows;
}

void DiscoveredProjection::make_room(std::int64_t day) {
  auto& of = days_[day];
  for (const auto& mac : first_to_leave(of_day(day), leave_at_once)) {
    asked_.erase({day, mac});
    --of.phones;
    ++of.evicted;
  }
  counts_changed_[day] = of.evicted;
}

void DiscoveredProjection::make_room_by_sip() {
  std::vector<std::pair<Timestamp, MacAddress>> oldest;
  for (const auto& row : by_sip_.in_order()) oldest.emplace_back(row.value.last_seen, row.key);
  const auto count = std::min(leave_at_once, oldest.size());
  std::partial_sort(oldest.begin(), oldest.begin() + static_cast<std::ptrdiff_t>(count), oldest.end());
  for (std::size_t i = 0; i < count; ++i) by_sip_.erase(oldest[i].second);
}

void DiscoveredProjection::forget(const MacAddress& mac) {
  for (auto& [day, of] : days_) {
    if (asked_.find({day, mac}) == nullptr) continue;
    asked_.erase({day, mac});
    --of.phones;
  }
  by_sip_.erase(mac);
}

void DiscoveredProjection::forget_day(std::int64_t day) {
  if (days_.erase(day) == 0) return;
  for (const auto& row : of_day(day)) asked_.erase({day, row.mac});
  counts_changed_[day] = 0;
}

// Also those of a clock that was far ahead.
void DiscoveredProjection::forget_far_days(std::int64_t from) {
  const auto too_old = [&] { return !days_.empty() && days_.begin()->first < from - days_kept; };
  const auto too_new = [&] { return !days_.empty() && days_.rbegin()->first > from + days_kept; };
  while (too_old()) forget_day(days_.begin()->first);
  while (too_new()) forget_day(days_.rbegin()->first);
}

void DiscoveredProjection::fold(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const ConfigRefused& e) { refused(e, envelope, envelope.time, envelope.time, 1); },
                 [&](const ConfigRefusedRepeated& e) { refused(e, envelope, e.first_seen, e.last_seen, e.count); },
                 [&](const OthersRefused&) { forget_far_days(day_of(envelope.time)); },
                 // Its day passes as it did with the event that it stands for.
                 [&](const Folded& e) {
                   if (is_refusal(e.was)) forget_far_days(day_of(envelope.time));
                 },
                 [&](const DaySummarized& e) {
                   const bool refusals = std::any_of(e.types.begin(), e.types.end(),
                                                     [](const auto& type) { return is_refusal(type.first); });
                   const auto day = parse_iso8601(e.day + "T00:00:00Z");
                   if (refusals && day) forget_day(day_of(*day));
                 },
                 [&](const PhoneRegistered& e) { registered(e, envelope.time); },
                 [&](const PhoneMoved& e) { registered(e, envelope.time); },
                 [&](const DeviceRegistered& e) {
                   devices_.put(e.mac) = true;
                   forget(e.mac);
                 },
                 [&](const DeviceUnregistered& e) { devices_.erase(e.mac); },
                 [](const auto&) {},
             },
             envelope.event);
}

void DiscoveredProjection::flush(RowBatch& batch) {
  asked_.flush([&](const PhoneOnDay& phone, const DiscoveredRow* row) {
    if (row != nullptr)
      batch.put(key_of(phone), json::to_string(*row));
    else
      batch.erase(key_of(phone));
  });
  by_sip_.flush([&](const MacAddress& mac, const DiscoveredRow* row) {
    if (row != nullptr)
      batch.put(key_of(sip_prefix, mac), json::to_string(*row));
    else
      batch.erase(key_of(sip_prefix, mac));
  });
  devices_.flush([&](const MacAddress& mac, const bool* there) {
    if (there != nullptr)
      batch.put(key_of(device_prefix, mac), "");
    else
      batch.erase(key_of(device_prefix, mac));
  });
  for (const auto& [day, evicted] : counts_changed_) {
    if (evicted > 0)
      batch.put(evicted_key(day), std::to_string(evicted));
    else
      batch.erase(evicted_key(day));
  }
  counts_changed_.clear();
}

Result<void> DiscoveredProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  const auto day_in = [&](std::string_view prefix) {
    std::int64_t day = 0;
    std::from_chars(key.data() + prefix.size(), key.data() + key.size(), day);
    return day;
  };
  if (key.starts_with(evicted_prefix)) {
    auto& of = days_[day_in(evicted_prefix)];
    std::from_chars(row.data(), row.data() + row.size(), of.evicted);
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
  if (key.starts_with(sip_prefix)) {
    by_sip_.load(mac) = std::move(*loaded);
    return {};
  }
  const auto day = day_in(asked_prefix);
  ++days_[day].phones;
  asked_.load({day, mac}) = std::move(*loaded);
  return {};
}

void DiscoveredProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<DiscoveredProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(asked_, other.asked_);
  std::swap(days_, other.days_);
  std::swap(counts_changed_, other.counts_changed_);
  std::swap(by_sip_, other.by_sip_);
  std::swap(devices_, other.devices_);
}

void DiscoveredProjection::dump(RowBatch& all) const {
  for (const auto& row : asked_.in_order()) all.put(key_of(row.key), json::to_string(row.value));
  for (const auto& row : by_sip_.in_order()) all.put(key_of(sip_prefix, row.key), json::to_string(row.value));
  for (const auto& row : devices_.in_order()) all.put(key_of(device_prefix, row.key), "");
  for (const auto& [day, of] : days_)
    if (of.evicted > 0) all.put(evicted_key(day), std::to_string(of.evicted));
}

}  // namespace strowger
