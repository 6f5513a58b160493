#include "events/projections/requests.hpp"

#include "events/overloaded.hpp"

#include <algorithm>
#include <mutex>

namespace strowger {
namespace {

constexpr std::string_view counts_key = "counts";
constexpr std::string_view probe_code = "probe";

RequestRow forgotten_row(const RequestRow& row) {
  RequestRow left;
  left.sequence = row.sequence;
  left.count = 0;
  left.position = row.position;
  left.forgotten = true;
  return left;
}

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
  std::vector<RequestRow> out;
  for (auto row = rows_.rbegin(); row != rows_.rend() && out.size() < max; ++row)
    if (!row->forgotten) out.push_back(*row);
  return out;
}

RequestRow row_of(const ConfigServedRepeated& e) {
  return {0,  e.last_seen, e.path,  e.mac.text(),       e.mac,  e.ip,    e.user_agent, true, e.status, {},
          {}, e.vendor,    e.model, e.extension.text(), e.size, e.count, e.first_seen};
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
RequestRow& RequestsProjection::add(const Envelope& envelope) {
  if (rows_.full())
    rows_.rotate(rows_.begin() + 1);
  else
    rows_.push_back({});
  unflushed_ = std::min<std::uint64_t>(unflushed_ + 1, kept);
  auto& row = rows_.back();
  row.sequence = ++counts_.rows;
  row.time = envelope.time;
  row.count = 1;
  row.first_seen.reset();
  row.position = envelope.position;
  row.forgotten = false;
  return row;
}

void RequestsProjection::add(RequestRow several, std::uint64_t failed, const Envelope& envelope) {
  counts_.total += several.count;
  counts_.failed += failed;
  auto& row = add(envelope);
  several.sequence = row.sequence;
  several.position = row.position;
  row = std::move(several);
}

// A folded event has the place in the history that it had, or others would have stayed longer.
void RequestsProjection::add_folded(const Folded& marker, const Envelope& envelope) {
  counts_.total += marker.requests;
  counts_.successful += marker.successful;
  counts_.failed += marker.failed;
  if (!is_served(marker.was) && !is_refusal(marker.was)) return;
  auto& row = add(envelope);
  row = forgotten_row(row);
}

void RequestsProjection::forget(const DaySummarized& summary) {
  bool served = false, refusals = false;
  for (const auto& [type, count] : summary.types) {
    served = served || is_served(type);
    refusals = refusals || is_refusal(type);
  }
  for (auto& row : rows_) {
    const auto position = number(row.position);
    if (row.forgotten || position < summary.first || position > summary.last) continue;
    if (row.success ? !served : !refusals) continue;
    row = forgotten_row(row);
    unflushed_ = kept;
  }
}

void RequestsProjection::fold(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const ConfigServed& e) {
                   auto& row = add(envelope);
                   ++counts_.total;
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
                 [&](const ConfigServedRepeated& e) {
                   counts_.successful += e.count;
                   add(row_of(e), 0, envelope);
                 },
                 [&](const ConfigRefused& e) {
                   auto& row = add(envelope);
                   ++counts_.total;
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
                 [&](const ConfigRefusedRepeated& e) { add(row_of(e), e.code == probe_code ? 0 : e.count, envelope); },
                 [&](const OthersRefused& e) { add(row_of(e), failures_in(e), envelope); },
                 [&](const Folded& e) { add_folded(e, envelope); },
                 [&](const DaySummarized& e) { forget(e); },
                 [](const auto&) {},
             },
             envelope.event);
}

void RequestsProjection::flush(RowBatch& batch) {
  if (unflushed_ == 0 && counts_ == flushed_) return;
  flushed_ = counts_;
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
    flushed_ = counts_;
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
  flushed_ = counts_;
}

void RequestsProjection::dump(RowBatch& all) const {
  if (counts_.total == 0) return;
  all.put(std::string(counts_key), json::to_string(counts_));
  for (const auto& row : rows_) all.put(slot(row.sequence), json::to_string(row));
}

}  // namespace strowger
