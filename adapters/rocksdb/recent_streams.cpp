#include "adapters/rocksdb/recent_streams.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace strowger::rocks {

namespace {

// For a heap whose front is the least key.
bool later_key(const RecentStreams::Row& a, const RecentStreams::Row& b) {
  return *b.stream < *a.stream;
}

}  // namespace

void RecentStreams::add(std::span<const Record> events) {
  if (events.empty()) return;
  const std::unique_lock lock(mutex_);
  for (const auto& event : events)
    young_.runs.try_emplace(event.stream, event.version).first->second.add(event.position);
  young_.events += events.size();
  young_.last = events.back().position;
}

std::vector<Run> RecentStreams::runs_of(const StreamId& stream) const {
  std::vector<Run> runs;
  const std::shared_lock lock(mutex_);
  for (const auto* generation : {&old_, &young_})
    if (const auto found = generation->runs.find(stream); found != generation->runs.end())
      runs.push_back(found->second);
  return runs;
}

std::optional<StreamVersion> RecentStreams::version_of(const StreamId& stream) const {
  const std::shared_lock lock(mutex_);
  for (const auto* generation : {&young_, &old_})
    if (const auto found = generation->runs.find(stream); found != generation->runs.end()) return found->second.last();
  return std::nullopt;
}

RecentStreams::Rows RecentStreams::next(std::size_t most, bool now) {
  if (heap_.empty() && rows_.empty()) {
    {
      const std::unique_lock lock(mutex_);
      if (young_.events == 0 || (young_.events < plenty_ && !now)) return {};
      std::swap(young_, old_);
    }
    // Without the lock: old_ is only read until stored(), which is this thread's to call.
    heap_.reserve(old_.runs.size());
    rows_.reserve(old_.runs.size());  // spans of it are lent
    for (const auto& [stream, run] : old_.runs) heap_.push_back({&stream, &run});
    std::make_heap(heap_.begin(), heap_.end(), later_key);
  }
  const auto left = rows_.size() + heap_.size() - taken_;
  if (left == 0) return {};  // their batch is on its way
  const auto count = std::min(most, left);
  while (rows_.size() < taken_ + count) {
    std::pop_heap(heap_.begin(), heap_.end(), later_key);
    rows_.push_back(heap_.back());
    heap_.pop_back();
  }
  const auto rows = std::span<const Row>(rows_).subspan(taken_, count);
  taken_ += count;
  return {rows, count == left ? std::optional(old_.last) : std::nullopt};
}

void RecentStreams::stored() {
  Generation forgotten;
  const std::unique_lock lock(mutex_);
  std::swap(old_, forgotten);
  heap_.clear();
  rows_.clear();
  taken_ = 0;
}

}  // namespace strowger::rocks
