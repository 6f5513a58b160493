// The versions of recently used streams, bounded: two generations, of which the older is forgotten when the younger
// is full. Used by the writer thread alone.
#pragma once

#include "events/ids.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace strowger::rocks {

class VersionCache {
 public:
  explicit VersionCache(std::size_t capacity) : generation_(capacity / 2 + 1) {}

  // Stays valid until turn() or clear().
  StreamVersion* find(const StreamId& stream) {
    if (const auto found = young_.find(stream); found != young_.end()) return &found->second;
    auto node = old_.extract(stream);
    if (node.empty()) return nullptr;
    return &young_.insert(std::move(node)).position->second;
  }
  StreamVersion* insert(const StreamId& stream, StreamVersion version) {
    return &young_.insert_or_assign(stream, version).first->second;
  }
  // Between batches, never inside one, and once a batch: only the cache knows the versions of what is not yet written,
  // of the batch that is made and of the one before.
  void turn() {
    if (young_.size() < generation_) return;
    old_ = std::exchange(young_, {});
  }
  void clear() {
    young_.clear();
    old_.clear();
  }

 private:
  std::size_t generation_;
  std::unordered_map<StreamId, StreamVersion> young_;
  std::unordered_map<StreamId, StreamVersion> old_;
};

}  // namespace strowger::rocks
