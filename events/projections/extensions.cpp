#include "events/projections/extensions.hpp"

#include "events/overloaded.hpp"

#include <mutex>

namespace strowger {

ExtensionsProjection::RowPtr ExtensionsProjection::find(const ExtensionNumber& extension) const {
  const std::shared_lock lock(mutex_);
  return rows_.find(extension);
}

std::vector<ExtensionsProjection::RowPtr> ExtensionsProjection::list(const std::optional<ExtensionNumber>& after,
                                                                     std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<RowPtr> out;
  const auto& rows = rows_.in_order();
  auto at = after ? rows.upper_bound(*after) : rows.begin();
  for (; at != rows.end() && out.size() < max; ++at) out.push_back(at->value);
  return out;
}

std::size_t ExtensionsProjection::size() const {
  const std::shared_lock lock(mutex_);
  return rows_.size();
}

template <class Change>
void ExtensionsProjection::change(const ExtensionNumber& extension, const Envelope& envelope, Change change) {
  const auto present = rows_.find(extension);
  if (!present) return;
  ExtensionRow row = *present;
  change(row);
  row.updated_at = envelope.time;
  row.version = envelope.version;
  rows_.put(extension, std::move(row));
  changes_.fetch_add(1, std::memory_order_release);
}

void ExtensionsProjection::fold(const Envelope& envelope) {
  if (envelope.stream.category() != "extension") return;
  bool changed = true;
  std::visit(Overloaded{
                 [&](const ExtensionCreated& e) {
                   rows_.put(e.number, {e.number, e.name, e.email, e.allow_external, e.password, envelope.time,
                                        envelope.time, envelope.version});
                   changes_.fetch_add(1, std::memory_order_release);
                 },
                 [&](const ExtensionChanged& e) {
                   change(e.number, envelope, [&](ExtensionRow& row) {
                     if (e.name) row.name = *e.name;
                     if (e.email) row.email = *e.email;
                     if (e.allow_external) row.allow_external = *e.allow_external;
                   });
                 },
                 [&](const NameSynced& e) {
                   change(e.number, envelope, [&](ExtensionRow& row) {
                     if (e.name) row.name = *e.name;
                     if (e.email) row.email = *e.email;
                   });
                 },
                 [&](const ExtensionLinked& e) {
                   change(e.number, envelope, [&](ExtensionRow& row) {
                     row.directory = e.directory;
                     row.identity = e.identity;
                     row.account = e.account;
                   });
                 },
                 [&](const ExtensionUnlinked& e) {
                   change(e.number, envelope, [](ExtensionRow& row) {
                     row.directory.clear();
                     row.identity = {};
                     row.account.clear();
                   });
                 },
                 [&](const ExtensionDisabled& e) {
                   change(e.number, envelope, [&](ExtensionRow& row) {
                     row.enabled = false;
                     row.disabled_reason = e.reason;
                   });
                 },
                 [&](const ExtensionEnabled& e) {
                   change(e.number, envelope, [](ExtensionRow& row) {
                     row.enabled = true;
                     row.disabled_reason = {};
                   });
                 },
                 [&](const ExtensionPasswordChanged& e) {
                   change(e.number, envelope, [&](ExtensionRow& row) { row.password = e.password; });
                 },
                 [&](const ExtensionListingChanged& e) {
                   change(e.number, envelope, [&](ExtensionRow& row) { row.listed = e.listed; });
                 },
                 [&](const ExtensionDeleted& e) { rows_.erase(e.number); },
                 [&](const auto&) { changed = false; },  // phones come and go on the same stream
             },
             envelope.event);
  if (changed) changes_.fetch_add(1, std::memory_order_release);
}

void ExtensionsProjection::flush(RowBatch& batch) {
  rows_.flush(batch);
}

Result<void> ExtensionsProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  auto loaded = rows_.load(key, row, [](const ExtensionRow& r) { return r.number; });
  if (!loaded) return loaded.error();
  return {};
}

void ExtensionsProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<ExtensionsProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  changes_.fetch_add(1, std::memory_order_release);
}

void ExtensionsProjection::dump(RowBatch& all) const {
  rows_.dump(all);
}

}  // namespace strowger
