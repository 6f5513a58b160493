#include "adapters/rocksdb/recent_streams.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace strowger::rocks {

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
  if (rows_.empty()) {
    const std::unique_lock lock(mutex_);
    if (young_.events == 0 || (young_.events < plenty_ && !now)) return {};
    std::swap(young_, old_);
    rows_.reserve(old_.runs.size());
    for (const auto& [stream, run] : old_.runs) rows_.push_back({&stream, &run});
    std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) { return *a.stream < *b.stream; });
  }
  if (taken_ == rows_.size()) return {};  // their batch is on its way
  const auto count = std::min(most, rows_.size() - taken_);
  const auto rows = std::span<const Row>(rows_).subspan(taken_, count);
  taken_ += count;
  return {rows, taken_ == rows_.size() ? std::optional(old_.last) : std::nullopt};
}

void RecentStreams::stored() {
  Generation forgotten;
  const std::unique_lock lock(mutex_);
  std::swap(old_, forgotten);
  rows_.clear();
  taken_ = 0;
}

}  // namespace strowger::rocks
