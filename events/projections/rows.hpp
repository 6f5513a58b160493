// Rows by key, as projections keep them: found by hash (the hot path: one probe and not a walk down a tree), listed in
// key order, and with what changed since the last flush.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index_container.hpp>

namespace strowger {

// Not synchronised: its projection holds the lock. A value stays where it is until its row is erased.
template <class Key, class Value>
class Rows {
 public:
  struct Row {
    Key key;
    mutable Value value;  // no index is over it
    mutable bool changed = false;
  };

  const Value* find(const Key& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : &found->value;
  }
  std::size_t size() const { return rows_.size(); }
  // Iterable, with lower_bound() and upper_bound().
  const auto& in_order() const { return rows_.template get<1>(); }

  // The value to be changed: a present one, or none…
  Value* change(const Key& key) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return nullptr;
    mark(*found);
    return &found->value;
  }
  // …or one that is made.
  Value& put(const Key& key) {
    const auto at = rows_.insert(Row{key, {}}).first;
    mark(*at);
    return at->value;
  }
  void erase(const Key& key) {
    if (rows_.erase(key) > 0) changed_.push_back(key);
  }

  // As it was stored: no change.
  Value& load(const Key& key) { return rows_.insert(Row{key, {}}).first->value; }
  // Takes what changed since the last flush: calls `visit(key, value)`, with no value where the row is gone.
  template <class Visit>
  void flush(Visit visit) {
    for (const auto& key : changed_) {
      const auto found = rows_.find(key);
      if (found == rows_.end()) {
        visit(key, static_cast<const Value*>(nullptr));
      } else if (std::exchange(found->changed, false)) {
        visit(key, static_cast<const Value*>(&found->value));
      }
    }
    changed_.clear();
  }

 private:
  void mark(const Row& row) {
    if (!std::exchange(row.changed, true)) changed_.push_back(row.key);
  }

  using ByKey = boost::multi_index::member<Row, Key, &Row::key>;
  boost::multi_index_container<Row,
                               boost::multi_index::indexed_by<boost::multi_index::hashed_unique<ByKey, std::hash<Key>>,
                                                              boost::multi_index::ordered_unique<ByKey>>>
      rows_;
  std::vector<Key> changed_;  // a key may be in it twice: erased, then put again
};

}  // namespace strowger
