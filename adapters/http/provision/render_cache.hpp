// The rendered files, ready to be sent. An entry is current while the device's definition, the rows of its lines'
// extensions, the rows of the settings that it inherits and what all files depend on are the same objects; so nothing
// has to be told to it, and nothing stale is ever served.
//
// Any thread. Bounded by bytes; what was rendered first goes first.
#pragma once

#include "adapters/http/prepared.hpp"
#include "adapters/http/provision/present.hpp"
#include "adapters/http/provision/request_log.hpp"
#include "events/log.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/extensions.hpp"
#include "events/projections/phone_settings.hpp"
#include "events/secret.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <shared_mutex>

#include <boost/unordered/unordered_flat_map.hpp>

namespace strowger::http::provision {

// In which words a fetch of a file was last recorded (facts.hpp).
struct Recorded {
  std::string asked;                     // what the note said of the request
  std::array<std::uint16_t, 4> sizes{};  // of the parts of that
  std::uint16_t status = 0;
  bool fetched = false;
  NewRecord event;  // where it was fetched
  RequestLog::Line line;
};

struct RenderedFile {
  PresentPtr present;
  DefinitionPtr device;
  ExtensionsProjection::RowPtr extension;
  std::vector<ExtensionsProjection::RowPtr> more_extensions{};  // of the lines after the first; null: it is gone
  SettingsLayers layers{};
  // At this count of changes of any settings the layers were looked at: while it stands, they need not be again.
  mutable std::atomic<std::uint64_t> settings_changes{0};
  Representation representation;
  std::string content_type;
  std::size_t size = 0;
  // A phone that asks again in the same words is recorded in the same words. For the recorder's thread alone.
  mutable std::unique_ptr<Recorded> recorded{};
};
using RenderedFilePtr = std::shared_ptr<const RenderedFile>;

class RenderCache {
 public:
  // All outlive it.
  RenderCache(const Vault& vault, const ExtensionsProjection& extensions, const PhoneSettingsProjection& settings,
              std::size_t most_bytes = 128U << 20)
      : vault_(vault), extensions_(extensions), settings_(settings), most_bytes_(most_bytes / shard_count) {}

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

  // What a file is rendered from.
  struct Basis {
    const PresentPtr& present;
    const DefinitionPtr& device;
    const ExtensionsProjection::RowPtr& extension;
    std::vector<ExtensionsProjection::RowPtr> more_extensions;
    std::uint64_t settings_changes = 0;
    SettingsLayers layers;
  };

  RenderedFilePtr find(const MacAddress& mac) const;
  bool is_current(const RenderedFile& file, const PresentPtr& present, const DefinitionPtr& device,
                  const ExtensionsProjection::RowPtr& extension) const;
  Basis basis_of(const PresentPtr& present, const DefinitionPtr& device,
                 const ExtensionsProjection::RowPtr& extension) const;
  Result<provisioning::Rendered> render(const Basis& basis);
  void keep(const RenderedFilePtr& file);
  Shard& shard(const MacAddress& mac) { return shards_[std::hash<MacAddress>{}(mac) >> 58]; }
  const Shard& shard(const MacAddress& mac) const { return shards_[std::hash<MacAddress>{}(mac) >> 58]; }

  const Vault& vault_;
  const ExtensionsProjection& extensions_;
  const PhoneSettingsProjection& settings_;
  const std::size_t most_bytes_;  // of a shard
  std::array<Shard, shard_count> shards_;
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> renders_{0};
};

}  // namespace strowger::http::provision
