// Which file each path led to, so that a phone that asks again in the same words costs one look-up. An entry counts
// while nothing changed that its answer hangs on: the counters of changes stand where they stood before it was found.
//
// Any thread. It keeps no file alive: one that the render cache lets go is found anew. Bounded in number.
#pragma once

#include "adapters/http/provision/render_cache.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

namespace strowger::http::provision {

class ServedPaths {
 public:
  // The changes() of the projections that an answer is made of. Taken before it is made.
  struct Stamp {
    std::uint64_t devices = 0;
    std::uint64_t extensions = 0;
    std::uint64_t settings = 0;
    bool operator==(const Stamp&) const = default;
  };
  struct Found {
    RenderedFilePtr file;
    Uuid correlation;
    Uuid causation;
  };

  std::optional<Found> find(std::string_view path, const Stamp& stamp, const PresentPtr& present) const;
  void keep(std::string_view path, const Stamp& stamp, const Found& found);

 private:
  static constexpr std::size_t shard_count = 64;
  static constexpr std::size_t most_in_shard = 2048;  // then it is emptied

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
    using is_avalanching = void;
  };
  struct Entry {
    Stamp stamp;
    std::weak_ptr<const RenderedFile> file;
    Uuid correlation;
    Uuid causation;
  };
  struct Shard {
    mutable std::shared_mutex mutex;
    boost::unordered_flat_map<std::string, Entry, Hash, std::equal_to<>> entries;
  };
  static std::size_t shard_of(std::string_view path) { return Hash{}(path) >> 58; }

  std::array<Shard, shard_count> shards_;
};

}  // namespace strowger::http::provision
