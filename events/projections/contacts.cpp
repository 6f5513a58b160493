#include "events/projections/contacts.hpp"

#include "events/overloaded.hpp"

#include <mutex>

namespace strowger {

ContactsProjection::RowPtr ContactsProjection::find(const Uuid& contact) const {
  const std::shared_lock lock(mutex_);
  return rows_.find(contact);
}

std::vector<ContactsProjection::RowPtr> ContactsProjection::list(const std::optional<Uuid>& after,
                                                                 std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<RowPtr> out;
  const auto& rows = rows_.in_order();
  auto at = after ? rows.upper_bound(*after) : rows.begin();
  for (; at != rows.end() && out.size() < max; ++at) out.push_back(at->value);
  return out;
}

std::size_t ContactsProjection::size() const {
  const std::shared_lock lock(mutex_);
  return rows_.size();
}

void ContactsProjection::fold(const Envelope& envelope) {
  const bool changed = std::visit(Overloaded{
                                      [&](const ContactAdded& e) {
                                        rows_.put(e.contact, {e.contact, e.name, e.company, e.numbers, envelope.time,
                                                              envelope.time, envelope.version});
                                        return true;
                                      },
                                      [&](const ContactChanged& e) {
                                        const auto present = rows_.find(e.contact);
                                        if (!present) return false;
                                        rows_.put(e.contact, {e.contact, e.name, e.company, e.numbers,
                                                              present->created_at, envelope.time, envelope.version});
                                        return true;
                                      },
                                      [&](const ContactRemoved& e) {
                                        rows_.erase(e.contact);
                                        return true;
                                      },
                                      [](const auto&) { return false; },
                                  },
                                  envelope.event);
  if (changed) changes_.fetch_add(1, std::memory_order_release);
}

void ContactsProjection::flush(RowBatch& batch) {
  rows_.flush(batch);
}

Result<void> ContactsProjection::load(std::string_view key, std::string_view row) {
  const std::unique_lock lock(mutex_);
  auto loaded = rows_.load(key, row, [](const ContactRow& r) { return r.contact; });
  if (!loaded) return loaded.error();
  return {};
}

void ContactsProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<ContactsProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  changes_.fetch_add(1, std::memory_order_release);
}

void ContactsProjection::dump(RowBatch& all) const {
  rows_.dump(all);
}

}  // namespace strowger
