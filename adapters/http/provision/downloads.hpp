// Bounds the files that are streamed to phones at the same time: of one source, and of all together. Each holds a
// descriptor, a piece of the file in memory (firmware.cpp) and what the kernel keeps for a reader that is slow
// (session.cpp), about 200 kB, for as long as the reader takes a piece in ten seconds.
//
// **Threads**: any. **Complexity**: O(log sources). **Lifetime**: a place may outlive the Downloads.
#pragma once

#include "actors/provisioning/access/enumeration.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace strowger::http::provision {

struct DownloadLimits {
  std::size_t in_all = 512;
  std::size_t of_source = 128;  // a site's phones may share one address
};

class Downloads {
 public:
  using Source = provisioning::access::Source;

  explicit Downloads(DownloadLimits limits = {}) : limits_(limits) {}

  // A place, taken until it is dropped. None: there are as many as may be.
  std::shared_ptr<const void> enter(const Source& source);
  std::size_t under_way() const;

 private:
  struct Places {
    std::mutex mutex;
    std::map<Source, std::size_t> of_source;
    std::size_t in_all = 0;
  };

  const DownloadLimits limits_;
  const std::shared_ptr<Places> places_ = std::make_shared<Places>();
};

}  // namespace strowger::http::provision
