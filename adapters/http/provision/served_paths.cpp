#include "adapters/http/provision/served_paths.hpp"

#include <mutex>

namespace strowger::http::provision {

std::optional<ServedPaths::Found> ServedPaths::find(std::string_view path, const Stamp& stamp,
                                                    const PresentPtr& present) const {
  const auto& shard = shards_[shard_of(path)];
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.entries.find(path);
  if (found == shard.entries.end() || found->second.stamp != stamp) return std::nullopt;
  auto file = found->second.file.lock();
  if (!file || file->present != present) return std::nullopt;
  return Found{std::move(file), found->second.correlation, found->second.causation};
}

void ServedPaths::keep(std::string_view path, const Stamp& stamp, const Found& found) {
  auto& shard = shards_[shard_of(path)];
  const std::unique_lock lock(shard.mutex);
  if (shard.entries.size() >= most_in_shard && !shard.entries.contains(path)) shard.entries.clear();
  shard.entries[std::string(path)] = {stamp, found.file, found.correlation, found.causation};
}

}  // namespace strowger::http::provision
