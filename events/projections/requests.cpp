#include "events/projections/requests.hpp"

#include "events/overloaded.hpp"

#include <algorithm>
#include <mutex>

namespace strowger {
namespace {

constexpr std::string_view counts_key = "counts";

// The store is a ring too: a new row takes the place of the one that left.
std::string slot(std::uint64_t sequence) {
  return "row/" + std::to_string(sequence % RequestsProjection::kept);
}

}  // namespace

RequestCounts RequestsProjection::counts() const {
  const std::shared_lock lock(mutex_);
  return counts_;
}

std::vector<RequestRow> RequestsProjection::newest(std::size_t max) const {
  const std::shared_lock lock(mutex_);
  const auto size = static_cast<std::ptrdiff_t>(std::min(max, rows_.size()));
  return {rows_.rbegin(), rows_.rbegin() + size};
}

// The row is filled in place: of those that leave, the memory stays.
RequestRow& RequestsProjection::add(Timestamp time) {
  if (rows_.full())
    rows_.rotate(rows_.begin() + 1);
  else
    rows_.push_back({});
  unflushed_ = std::min<std::uint64_t>(unflushed_ + 1, kept);
  auto& row = rows_.back();
  row.sequence = ++counts_.total;
  row.time = time;
  return row;
}

void RequestsProjection::fold(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const ConfigServed& e) {
                   auto& row = add(envelope.time);
                   row.path = e.path;
                   row.mac_address = e.mac.text();
                   row.normalized_mac = e.mac;
                   row.ip = e.ip;
                   row.user_agent = e.user_agent;
                   row.success = true;
                   row.status = e.status;
                   row.code.clear();
                   row.error.clear();
                   row.vendor = e.vendor;
                   row.model = e.model;
                   row.extension = e.extension.text();
                   row.config_size = e.size;
                   ++counts_.successful;
                 },
                 [&](const ConfigRefused& e) {
                   auto& row = add(envelope.time);
                   row.path = e.path;
                   row.mac_address = e.mac_address;
                   row.normalized_mac = e.normalized_mac;
                   row.ip = e.ip;
                   row.user_agent = e.user_agent;
                   row.success = false;
                   row.status = e.status;
                   row.code = e.code;
                   row.error = e.error;
                   row.vendor = e.vendor;
                   row.model = e.model;
                   row.extension = e.extension.text();
                   row.config_size = 0;
                   if (e.code != "probe") ++counts_.failed;
                 },
                 [](const auto&) {},
             },
             envelope.event);
}

void RequestsProjection::flush(RowBatch& batch) {
  const std::unique_lock lock(mutex_);
  if (unflushed_ == 0) return;
  batch.put(std::string(counts_key), json::to_string(counts_));
  for (auto at = rows_.end() - static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(unflushed_, rows_.size()));
       at != rows_.end(); ++at)
    batch.put(slot(at->sequence), json::to_string(*at));
  unflushed_ = 0;
}

Result<void> RequestsProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  if (key == counts_key) {
    auto counts = json::from_string<RequestCounts>(row);
    if (!counts) return counts.error();
    counts_ = *counts;
    return {};
  }
  auto loaded = json::from_string<RequestRow>(row);
  if (!loaded) return loaded.error();
  const auto place =
      std::lower_bound(rows_.begin(), rows_.end(), loaded->sequence,
                       [](const RequestRow& r, std::uint64_t sequence) { return r.sequence < sequence; });
  rows_.insert(place, std::move(*loaded));
  return {};
}

void RequestsProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<RequestsProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(counts_, other.counts_);
  std::swap(rows_, other.rows_);
  unflushed_ = 0;
}

void RequestsProjection::dump(RowBatch& all) const {
  const std::shared_lock lock(mutex_);
  if (counts_.total == 0) return;
  all.put(std::string(counts_key), json::to_string(counts_));
  for (const auto& row : rows_) all.put(slot(row.sequence), json::to_string(row));
}

}  // namespace strowger
