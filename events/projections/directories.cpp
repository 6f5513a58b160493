#include "events/projections/directories.hpp"

#include "events/overloaded.hpp"

#include <mutex>

namespace strowger {

std::string DirectoriesProjection::key_of(const SyncRow& row) {
  const auto digits = std::to_string(row.position);
  return row.directory + "/" + std::string(20 - digits.size(), '0') + digits;
}

std::vector<DirectoriesProjection::RowPtr> DirectoriesProjection::syncs(const std::string& directory,
                                                                        std::size_t most) const {
  const std::shared_lock lock(mutex_);
  std::vector<RowPtr> out;
  const auto& rows = syncs_.in_order();
  auto at = rows.lower_bound(directory + "0");  // what follows "<directory>/"
  while (at != rows.begin() && out.size() < most) {
    --at;
    if (at->value->directory != directory) break;
    out.push_back(at->value);
  }
  return out;
}

SyncCursor DirectoriesProjection::cursor(const std::string& directory) const {
  const std::shared_lock lock(mutex_);
  const auto row = cursors_.find(directory);
  return row ? *row : SyncCursor{directory, {}, {}};
}

template <class Change>
void DirectoriesProjection::change(const Uuid& correlation, Change change) {
  const auto known = by_correlation_.find(correlation);
  if (known == by_correlation_.end()) return;
  const auto present = syncs_.find(known->second);
  if (!present) return;
  SyncRow row = *present;
  change(row);
  syncs_.put(known->second, std::move(row));
}

void DirectoriesProjection::begin(const DirectorySyncStarted& started, const Envelope& envelope) {
  SyncRow row{started.directory, number(envelope.position), started.sync, envelope.correlation, envelope.by};
  row.mode = started.mode;
  row.forced = started.forced;
  row.started_at = envelope.time;
  auto key = key_of(row);
  by_correlation_[envelope.correlation] = key;
  syncs_.put(key, std::move(row));

  const auto& rows = syncs_.in_order();
  std::size_t count = 0;
  for (auto at = rows.upper_bound(key); at != rows.begin();) {
    --at;
    if (at->value->directory != started.directory) break;
    if (++count <= kept) continue;
    by_correlation_.erase(at->value->correlation);
    syncs_.erase(std::string(at->key));
    break;  // one came, one goes
  }
}

void DirectoriesProjection::fold(const Envelope& envelope) {
  std::visit(Overloaded{
                 [&](const DirectorySyncStarted& e) { begin(e, envelope); },
                 [&](const DirectorySyncCompleted& e) {
                   change(envelope.correlation, [&](SyncRow& row) {
                     row.state = SyncState::completed;
                     row.mode = e.mode;
                     row.ended_at = envelope.time;
                     row.server = e.server;
                     row.counts = e.counts;
                     row.skipped = e.skipped;
                   });
                   const auto before = cursors_.find(e.directory);
                   SyncCursor cursor{e.directory, e.cursor, before ? before->full_at : std::nullopt};
                   if (e.mode == SyncMode::full) cursor.full_at = envelope.time;
                   cursors_.put(e.directory, std::move(cursor));
                 },
                 [&](const DirectorySyncFailed& e) {
                   change(envelope.correlation, [&](SyncRow& row) {
                     row.state = SyncState::failed;
                     row.mode = e.mode;
                     row.ended_at = envelope.time;
                     row.server = e.server;
                     row.code = e.code;
                     row.cause = e.cause;
                   });
                 },
                 [&](const ConfigWanted&) { change(envelope.correlation, [](SyncRow& row) { ++row.wanted; }); },
                 [&](const RebootRequested& e) {
                   if (e.attempt == 1) change(envelope.correlation, [](SyncRow& row) { ++row.reboots; });
                 },
                 [&](const DeviceConverged&) { change(envelope.correlation, [](SyncRow& row) { ++row.converged; }); },
                 [&](const RebootFailed&) { change(envelope.correlation, [](SyncRow& row) { ++row.failed; }); },
                 [](const auto&) {},
             },
             envelope.event);
}

void DirectoriesProjection::flush(RowBatch& batch) {
  syncs_.flush(batch);
  cursors_.flush(batch);
}

Result<void> DirectoriesProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  auto sync = syncs_.load(key, row, [&](const SyncRow& r) {
    by_correlation_[r.correlation] = key_of(r);
    return key_of(r);
  });
  if (!sync) return sync.error();
  if (*sync) return {};
  auto cursor = cursors_.load(key, row, [](const SyncCursor& r) { return r.directory; });
  if (!cursor) return cursor.error();
  return {};
}

void DirectoriesProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<DirectoriesProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(syncs_, other.syncs_);
  std::swap(cursors_, other.cursors_);
  std::swap(by_correlation_, other.by_correlation_);
}

void DirectoriesProjection::dump(RowBatch& all) const {
  syncs_.dump(all);
  cursors_.dump(all);
}

}  // namespace strowger
