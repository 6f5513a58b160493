// A projection answers queries: it folds the log into rows. It keeps its rows in memory, where queries read them, and
// in a store beside its checkpoint, so that a start reads rows and not the log.
#pragma once

#include "events/event.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger {

// The rows of one projection that changed, to be committed with its checkpoint.
class RowBatch {
 public:
  struct Row {
    std::string key;
    std::optional<std::string> value;  // none erases
  };
  void put(std::string key, std::string value) { rows_.push_back({std::move(key), std::move(value)}); }
  void erase(std::string key) { rows_.push_back({std::move(key), std::nullopt}); }
  const std::vector<Row>& rows() const { return rows_; }
  bool empty() const { return rows_.empty(); }

 private:
  std::vector<Row> rows_;
};

// Threads: one (the runner's) calls everything here and is the only one that changes rows; any thread queries. So the
// functions that read rows to store them, flush() and dump(), take no lock: queries go on while rows are serialised.
class Projection {
 public:
  virtual ~Projection() = default;
  // Events in the log's order. Queries see all of them or none: give few at once, that they need not wait long.
  void apply(std::span<const Envelope> events) {
    const std::unique_lock lock(mutex_);
    for (const auto& event : events) fold(event);
  }
  void apply(const Envelope& event) { apply(std::span(&event, 1)); }

  virtual std::string_view name() const = 0;
  virtual std::uint32_t schema() const = 0;  // of its rows; another one in the store means a rebuild
  virtual void flush(RowBatch& batch) = 0;   // rows changed since the last flush, each once
  virtual Result<void> load(std::string_view key, std::string_view row) = 0;
  // An empty one of the same kind, for a rebuild beside the live one…
  virtual std::unique_ptr<Projection> blank() const = 0;
  // …and the swap when it has caught up: takes over all rows of `rebuilt`. Queries see the old or the new, whole.
  virtual void adopt(Projection& rebuilt) = 0;
  // Every row as it is stored, for the swap's commit and for comparing with a fold from scratch.
  virtual void dump(RowBatch& all) const = 0;

 protected:
  // With mutex_ held.
  virtual void fold(const Envelope& event) = 0;

  // Guards the rows between the one thread that changes them and queries: whoever changes them and every query takes
  // it.
  mutable std::shared_mutex mutex_;
};

struct Checkpoint {
  Position position{};
  std::uint32_t schema = 0;
  Uuid event{};  // at the position, which tells the log from another one; nil: an earlier release did not say
};

// Where rows and checkpoint lie; an engine in adapters/rocksdb, one in memory in tests/support.
class ProjectionStore {
 public:
  virtual ~ProjectionStore() = default;
  virtual Result<std::optional<Checkpoint>> checkpoint(std::string_view projection) = 0;
  virtual Result<void> load(std::string_view projection,
                            const std::function<Result<void>(std::string_view key, std::string_view row)>& visit) = 0;
  // Rows and checkpoint in one batch. `replace` first drops every row that the projection had.
  virtual Result<void> commit(std::string_view projection, Checkpoint checkpoint, const RowBatch& rows,
                              bool replace) = 0;
};

}  // namespace strowger
