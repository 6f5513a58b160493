// The lanes that routes hand work to. Each kind of work has one of its own, so that no kind can take the threads of
// another. Sizes: threads, then places in the queue.
#pragma once

#include "adapters/http/offload.hpp"

#include <array>

namespace strowger::http {

// Used by the files that phones fetch and leave.
struct FileLanes {
  Offload files{"http-files", {2, 256}};     // reads of firmware and other files that are streamed
  Offload uploads{"http-uploads", {1, 32}};  // writes and removals of what phones leave
};

struct Lanes {
  Offload passwords{"http-passwords", {2, 16}};  // argon2id, for anybody
  Offload logins{"http-logins", {1, 64}};        // an extension's password opened and compared, for anybody
  Offload scrapes{"http-scrapes", {1, 16}};      // /metrics, for anybody
  Offload reads{"http-reads", {2, 128}};         // a page, a file, a part of the log
  Offload scans{"http-scans", {2, 32}};          // the whole fleet, the whole of a stream, an import
  Offload writes{"http-writes", {2, 128}};       // sealing: a data key is written durably
  Offload upkeep{"http-upkeep", {1, 4}};         // backups and rotations

  std::array<const Offload*, 7> all() const {
    return {&passwords, &logins, &scrapes, &reads, &scans, &writes, &upkeep};
  }
};

}  // namespace strowger::http
