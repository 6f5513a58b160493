// Rows of a projection in memory, in key order, with what changed since the last flush. A row is an immutable value
// behind a shared pointer: a query takes the pointer and is never in the writer's way, and a cache can tell by the
// pointer that nothing changed.
#pragma once

#include "events/json.hpp"
#include "events/projection.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace strowger {

// Not synchronised: its projection holds the lock.
template <class Key, class Row>
class Table {
 public:
  using RowPtr = std::shared_ptr<const Row>;

  // `prefix` keeps the keys of several tables of one projection apart in its store.
  explicit Table(std::string prefix) : prefix_(std::move(prefix)) {}

  RowPtr find(const Key& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : found->second;
  }
  const std::map<Key, RowPtr>& rows() const { return rows_; }
  std::size_t size() const { return rows_.size(); }

  void put(const Key& key, Row row) {
    rows_.insert_or_assign(key, std::make_shared<const Row>(std::move(row)));
    dirty_.insert(key);
  }
  void erase(const Key& key) {
    if (rows_.erase(key) > 0) dirty_.insert(key);
  }

  void flush(RowBatch& batch) {
    for (const auto& key : dirty_) {
      if (const auto row = find(key))
        batch.put(prefix_ + text(key), json::to_string(*row));
      else
        batch.erase(prefix_ + text(key));
    }
    dirty_.clear();
  }
  void dump(RowBatch& batch) const {
    for (const auto& [key, row] : rows_) batch.put(prefix_ + text(key), json::to_string(*row));
  }
  // Whether the stored row is of this table; then it is loaded under the key that `key_of` reads from it.
  template <class KeyOf>
  Result<bool> load(std::string_view stored_key, std::string_view value, KeyOf key_of) {
    if (!stored_key.starts_with(prefix_)) return false;
    auto row = json::from_string<Row>(value);
    if (!row) return row.error();
    auto key = key_of(*row);
    rows_.insert_or_assign(std::move(key), std::make_shared<const Row>(std::move(*row)));
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
  std::map<Key, RowPtr> rows_;
  std::set<Key> dirty_;
};

}  // namespace strowger
