#include "events/projections/requests.hpp"

#include "events/overloaded.hpp"

#include <algorithm>
#include <mutex>

namespace strowger {
namespace {

constexpr std::string_view counts_key = "counts";
constexpr std::string_view probe_code = "probe";

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

RequestRow row_of(const ConfigRefusedRepeated& e) {
  return {0,
          e.last_seen,
          e.path,
          e.mac_address,
          e.normalized_mac,
          e.ip,
          e.user_agent,
          false,
          e.status,
          e.code,
          e.error + " (" + std::to_string(e.count) + " times more)",
          e.vendor,
          e.model,
          e.extension.text(),
          0,
          e.count,
          e.first_seen};
}

RequestRow row_of(const OthersRefused& e) {
  RequestRow row;
  row.time = e.last_seen;
  row.ip = e.ip;
  row.code = "others_refused";
  row.error = std::to_string(e.count) + " requests for about " + std::to_string(e.different) + " other files from " +
              (e.ip.empty() ? "many addresses" : e.ip) + " were refused";
  row.count = e.count;
  row.first_seen = e.first_seen;
  return row;
}

std::uint64_t failures_in(const OthersRefused& event) {
  const auto probes = event.codes.find(std::string(probe_code));
  return event.count - (probes == event.codes.end() ? 0 : std::min(event.count, probes->second));
}

// The row is filled in place: of those that leave, the memory stays.
RequestRow& RequestsProjection::add(Timestamp time, std::uint64_t count) {
  if (rows_.full())
    rows_.rotate(rows_.begin() + 1);
  else
    rows_.push_back({});
  unflushed_ = std::min<std::uint64_t>(unflushed_ + 1, kept);
  auto& row = rows_.back();
  row.sequence = ++counts_.rows;
  row.time = time;
  row.count = count;
  row.first_seen.reset();
  counts_.total += count;
  return row;
}

void RequestsProjection::add(RequestRow several, std::uint64_t failed) {
  counts_.failed += failed;
  auto& row = add(several.time, several.count);
  several.sequence = row.sequence;
  row = std::move(several);
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
                   if (e.code != probe_code) ++counts_.failed;
                 },
                 [&](const ConfigRefusedRepeated& e) { add(row_of(e), e.code == probe_code ? 0 : e.count); },
                 [&](const OthersRefused& e) { add(row_of(e), failures_in(e)); },
                 [&](const Folded& e) {
                   counts_.total += e.requests;
                   counts_.successful += e.successful;
                   counts_.failed += e.failed;
                 },
                 [](const auto&) {},
             },
             envelope.event);
}

void RequestsProjection::flush(RowBatch& batch) {
  const std::unique_lock lock(mutex_);
  if (counts_.total == flushed_total_) return;
  flushed_total_ = counts_.total;
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
    flushed_total_ = counts_.total;
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
  flushed_total_ = counts_.total;
}

void RequestsProjection::dump(RowBatch& all) const {
  const std::shared_lock lock(mutex_);
  if (counts_.total == 0) return;
  all.put(std::string(counts_key), json::to_string(counts_));
  for (const auto& row : rows_) all.put(slot(row.sequence), json::to_string(row));
}

}  // namespace strowger
