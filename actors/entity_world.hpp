// What all entities share.
#pragma once

#include "actors/readers.hpp"
#include "events/log.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace strowger::actors {

struct EntityLimits {
  std::size_t snapshot_every = 100;   // events between snapshots
  std::size_t conflict_retries = 20;  // decisions made anew because facts came in between
  std::size_t read_batch = 512;       // events read at once while hydrating
  std::size_t most_stashed = 4'096;   // commands of one entity that wait for the one before; beyond, they are shed
};

// How entities were brought back from the log, for metrics.
struct EntityCounters {
  std::atomic<std::uint64_t> from_snapshot{0};
  std::atomic<std::uint64_t> without_snapshot{0};
  std::atomic<std::uint64_t> unreadable_snapshot{0};  // of another layout, or damaged: replayed from the first event
  std::atomic<std::uint64_t> replayed{0};             // events
};

// What entities share; outlives the actor system, but for `readers`, which stop before it ends.
struct EntityWorld {
  EventLog& log;
  IdSource& ids;
  Clock clock;
  EntityLimits limits{};
  std::shared_ptr<EntityCounters> counters = std::make_shared<EntityCounters>();
  // Read the log for entities. None: each reads where it runs, for tests under virtual time.
  std::shared_ptr<Readers> readers{};
};

}  // namespace strowger::actors
