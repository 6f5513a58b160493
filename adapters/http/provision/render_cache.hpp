// The rendered files, ready to be sent. An entry is current while the device's definition, its extension's row and what
// all files depend on are the same objects; so nothing has to be told to it, and nothing stale is ever served.
//
// Any thread. Bounded by bytes; what was rendered first goes first.
#pragma once

#include "adapters/http/prepared.hpp"
#include "adapters/http/provision/present.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/extensions.hpp"
#include "events/secret.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <shared_mutex>

#include <boost/unordered/unordered_flat_map.hpp>

namespace strowger::http::provision {

struct RenderedFile {
  PresentPtr present;
  DefinitionPtr device;
  ExtensionsProjection::RowPtr extension;
  Representation representation;
  std::string content_type;
  std::size_t size = 0;
};
using RenderedFilePtr = std::shared_ptr<const RenderedFile>;

class RenderCache {
 public:
  explicit RenderCache(const Vault& vault, std::size_t most_bytes = 96U << 20)
      : vault_(vault), most_bytes_(most_bytes / shard_count) {}

  Result<RenderedFilePtr> get(const PresentPtr& present, const DefinitionPtr& device,
                              const ExtensionsProjection::RowPtr& extension);
  // Without keeping it: for looking at many devices.
  Result<std::string> etag(const PresentPtr& present, const DefinitionPtr& device,
                           const ExtensionsProjection::RowPtr& extension);

  std::uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }
  std::uint64_t renders() const { return renders_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t shard_count = 64;
  struct Shard {
    mutable std::shared_mutex mutex;
    boost::unordered_flat_map<MacAddress, RenderedFilePtr, std::hash<MacAddress>> files;
    std::deque<MacAddress> order;  // each once
    std::size_t bytes = 0;
  };

  RenderedFilePtr find(const MacAddress& mac) const;
  Result<provisioning::Rendered> render(const Present& present, const DeviceDefinition& device,
                                        const ExtensionRow& extension);
  void keep(const RenderedFilePtr& file);
  Shard& shard(const MacAddress& mac) { return shards_[std::hash<MacAddress>{}(mac) >> 58]; }
  const Shard& shard(const MacAddress& mac) const { return shards_[std::hash<MacAddress>{}(mac) >> 58]; }

  const Vault& vault_;
  const std::size_t most_bytes_;  // of a shard
  std::array<Shard, shard_count> shards_;
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> renders_{0};
};

}  // namespace strowger::http::provision
