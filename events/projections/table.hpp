// Rows of a projection as immutable values behind shared pointers: a query takes the pointer and is never in the
// writer's way, and a cache can tell by the pointer that nothing changed.
#pragma once

#include "events/json.hpp"
#include "events/projection.hpp"
#include "events/projections/rows.hpp"

#include <memory>
#include <string>

namespace strowger {

// Not synchronised: its projection holds the lock.
template <class Key, class Row>
class Table {
 public:
  using RowPtr = std::shared_ptr<const Row>;

  // `prefix` keeps the keys of several tables of one projection apart in its store.
  explicit Table(std::string prefix) : prefix_(std::move(prefix)) {}

  RowPtr find(const Key& key) const {
    const auto* found = rows_.find(key);
    return found == nullptr ? nullptr : *found;
  }
  // Each with `key` and `value`, a RowPtr.
  const auto& in_order() const { return rows_.in_order(); }
  std::size_t size() const { return rows_.size(); }

  void put(const Key& key, Row row) { rows_.put(key) = std::make_shared<const Row>(std::move(row)); }
  void erase(const Key& key) { rows_.erase(key); }

  void flush(RowBatch& batch) {
    rows_.flush([&](const Key& key, const RowPtr* row) {
      if (row != nullptr)
        batch.put(prefix_ + text(key), json::to_string(**row));
      else
        batch.erase(prefix_ + text(key));
    });
  }
  void dump(RowBatch& batch) const {
    for (const auto& row : rows_.in_order()) batch.put(prefix_ + text(row.key), json::to_string(*row.value));
  }
  // Whether the stored row is of this table; then it is loaded under the key that `key_of` reads from it.
  template <class KeyOf>
  Result<bool> load(std::string_view stored_key, std::string_view value, KeyOf key_of) {
    if (!stored_key.starts_with(prefix_)) return false;
    auto row = json::from_string<Row>(value);
    if (!row) return row.error();
    const auto key = key_of(*row);
    rows_.load(key) = std::make_shared<const Row>(std::move(*row));
    return true;
  }

 private:
  static std::string text(const Key& key) {
    if constexpr (std::is_same_v<Key, std::string>)
      return key;
    else
      return key.text();
  }

  std::string prefix_;
  Rows<Key, RowPtr> rows_;
};

}  // namespace strowger
