#include "events/projections/quarantine.hpp"

#include <algorithm>
#include <mutex>
#include <set>

namespace strowger {
namespace {

// Sorts as the position does.
std::string quarantine_key(Position position) {
  auto digits = std::to_string(number(position));
  return std::string(20 - digits.size(), '0') + digits;
}

QuarantineCounts counts_in(const Table<std::string, QuarantineCounts>& table) {
  const auto row = table.find("");
  return row ? *row : QuarantineCounts{};
}

}  // namespace

QuarantineCounts QuarantineProjection::counts() const {
  const std::shared_lock lock(mutex_);
  return counts_in(counts_);
}

std::vector<QuarantineProjection::RowPtr> QuarantineProjection::list() const {
  const std::shared_lock lock(mutex_);
  std::vector<RowPtr> out;
  for (const auto& row : rows_.in_order()) out.push_back(row.value);
  return out;
}

std::vector<std::string> QuarantineProjection::warnings() const {
  const auto present = counts();
  std::vector<std::string> out;
  if (present.damaged > 0)
    out.push_back(std::to_string(present.damaged) +
                  " events of the log cannot be decoded and are passed over; GET /api/system/undecodable lists them, "
                  "`strowger log repair` mends them while the server is stopped.");
  if (present.newer > 0)
    out.push_back(std::to_string(present.newer) +
                  " events of the log were written by a newer release and are passed over: what is shown is not "
                  "complete. Start the release that wrote them.");
  return out;
}

void QuarantineProjection::fold(const Envelope& envelope) {
  if (const auto* event = std::get_if<Undecodable>(&envelope.event))
    add(envelope, *event);
  else if (const auto* repair = std::get_if<LogRepaired>(&envelope.event))
    settle(*repair);
}

void QuarantineProjection::add(const Envelope& envelope, const Undecodable& event) {
  if (!event.repair.is_nil()) return;  // a repair left it in the log
  auto counts = counts_in(counts_);
  ++(event.newer ? counts.newer : counts.damaged);
  counts_.put("", counts);
  if (rows_.size() >= most_rows) return;
  rows_.put(quarantine_key(envelope.position),
            {envelope.position, envelope.id, envelope.stream.text(), envelope.version, event.was, event.was_schema,
             envelope.time, envelope.by, event.reason, event.newer});
}

void QuarantineProjection::settle(const LogRepaired& repair) {
  std::set<Uuid> repaired;
  for (const auto& record : repair.records) repaired.insert(record.event);
  std::vector<std::string> over;
  for (const auto& row : rows_.in_order())
    if (!row.value->newer && (repair.left == 0 || repaired.contains(row.value->event))) over.push_back(row.key);
  for (const auto& key : over) rows_.erase(key);
  auto counts = counts_in(counts_);
  // A projection that is folded anew after the repair never met the damaged ones.
  counts.damaged = std::min(counts.damaged, repair.left);
  counts_.put("", counts);
}

void QuarantineProjection::flush(RowBatch& batch) {
  rows_.flush(batch);
  counts_.flush(batch);
}

Result<void> QuarantineProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  auto event = rows_.load(key, row, [](const QuarantinedRow& r) { return quarantine_key(r.position); });
  if (!event) return event.error();
  if (*event) return {};
  auto count = counts_.load(key, row, [](const QuarantineCounts&) { return std::string(); });
  if (!count) return count.error();
  return {};
}

void QuarantineProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<QuarantineProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  std::swap(counts_, other.counts_);
}

void QuarantineProjection::dump(RowBatch& all) const {
  rows_.dump(all);
  counts_.dump(all);
}

}  // namespace strowger
