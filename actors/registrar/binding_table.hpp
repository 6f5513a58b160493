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
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace strowger::registrar {

class BindingTable : public Bindings {
 public:
  explicit BindingTable(Clock clock) : clock_(std::move(clock)) {}

  std::vector<BindingPtr> of(const ExtensionNumber& extension) const override;
  std::vector<BindingPtr> all() const override;
  // O(those whose last binding lapsed and that the writer has not expired yet). Up to a second late.
  std::size_t registered_extensions() const override;
  std::vector<BindingPtr> page(const std::optional<ExtensionNumber>& after, std::size_t max,
                               std::optional<ExtensionNumber>& next) const override;
  std::vector<BindingPtr> at_ip(const std::string& ip, std::size_t max) const override;
  std::vector<BindingPtr> with_mac(const MacAddress& mac) const override;
  std::size_t size() const override;

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
    Second scheduled = 0;  // its place in due_; 0: none
  };
  struct Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<ExtensionNumber, Entry> entries;
  };
  Shard& shard(const ExtensionNumber& extension);
  const Shard& shard(const ExtensionNumber& extension) const;
  void schedule(Entry& entry, const ExtensionNumber& extension, Instant when);

  // What finds bindings otherwise than by their extension. A query then looks the extension up in its shard, so that an
  // entry that is not current any more finds nothing.
  struct Index {
    std::set<ExtensionNumber> extensions;
    std::set<std::pair<std::string, ExtensionNumber>> by_ip;
    std::set<std::pair<MacAddress, ExtensionNumber>> by_mac;
    std::map<Second, std::size_t> latest;  // extensions, by when their last binding lapses
    std::size_t bindings = 0;
  };
  // What put() replaces by what; either may be empty.
  void reindex(const ExtensionNumber& extension, const std::vector<BindingPtr>& before,
               const std::vector<BindingPtr>& after);

  Clock clock_;
  std::array<Shard, 32> shards_;
  mutable std::shared_mutex index_mutex_;  // never held together with a shard's
  Index index_;
  // When to look at an extension again, writer only. A refresh leaves its old place: the extension is looked at then,
  // found alive and put at its new place. That costs one look a lifetime instead of one move a refresh.
  std::map<Second, std::vector<ExtensionNumber>> due_;
};

}  // namespace strowger::registrar
