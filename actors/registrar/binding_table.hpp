// The bindings in memory: what is committed, and nothing else.
//
// Threads: one writer (the registrar's thread) calls put(), current() and take_due(); any thread reads through
// Bindings. Readers and the writer meet only in one of the shards, for the time it takes to copy a few pointers.
// Memory: a binding of a phone takes about 900 bytes with everything that finds it again.
#pragma once

#include "actors/registrar/binding.hpp"
#include "events/clock.hpp"

#include <array>
#include <atomic>
#include <map>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

namespace strowger::registrar {

class BindingTable : public Bindings {
 public:
  explicit BindingTable(Clock clock) : clock_(std::move(clock)) {}

  std::vector<BindingPtr> of(const ExtensionNumber& extension) const override;
  std::vector<BindingPtr> all() const override;
  std::size_t registered_extensions() const override;

  // Writer. Everything the extension has from now on; empty: nothing.
  void put(const ExtensionNumber& extension, std::vector<BindingPtr> bindings);
  // Writer. Lapsed bindings included.
  std::vector<BindingPtr> current(const ExtensionNumber& extension) const;
  // Writer. Up to `max` extensions that have a binding lapsed at `now`, each once; the caller expires them and put()s
  // the rest, or hands them back with retry_at().
  std::vector<ExtensionNumber> take_due(Instant now, std::size_t max);
  void retry_at(const ExtensionNumber& extension, Instant when);

 private:
  using Second = std::int64_t;  // of the instants, rounded up: nothing is due before it has lapsed
  struct Entry {
    std::vector<BindingPtr> bindings;
    Instant latest;        // the last of them to lapse
    Second scheduled = 0;  // its place in due_; 0: none
  };
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<ExtensionNumber, Entry> entries;
  };
  Shard& shard(const ExtensionNumber& extension);
  const Shard& shard(const ExtensionNumber& extension) const;
  void schedule(Entry& entry, const ExtensionNumber& extension, Instant when);

  Clock clock_;
  std::array<Shard, 32> shards_;
  // When to look at an extension again, writer only. A refresh leaves its old place: the extension is looked at then,
  // found alive and put at its new place. That costs one look a lifetime instead of one move a refresh.
  std::map<Second, std::vector<ExtensionNumber>> due_;
};

}  // namespace strowger::registrar
