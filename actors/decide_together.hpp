// Commands to many entities of one kind, decided by their decider and committed together or not at all.
//
// The owner drives it: decide(), append what comes of it, and after a `version_conflict` decide() again, which reads
// only what came since.
//
// Threads: one at a time; decide() reads the log and blocks for that. Complexity: O(events of each entity since its
// snapshot). Errors: of the log, and the first refusal of a command.
#pragma once

#include "actors/entity_image.hpp"

#include <string>
#include <utility>
#include <vector>

namespace strowger::actors {

template <Decider D>
class DecideTogether {
 public:
  // The parts of the world outlive it.
  explicit DecideTogether(EntityWorld world) : world_(std::move(world)) {}

  // Each entity once.
  void add(std::string key, typename D::Command command) {
    parts_.push_back({EntityImage<D>(StreamId(D::category, key)), std::move(command), {}});
  }

  // One chain of events: all have the correlation of the first, where the cause brings none. No facts in it: nothing
  // has to change.
  Result<AppendRequest> decide(Cause cause, const std::string& idempotency_key) {
    AppendRequest request;
    request.idempotency_key = idempotency_key;
    const auto now = world_.clock();
    for (auto& part : parts_) {
      auto& image = part.image;
      if (auto done = image.catch_up(world_); !done) return done.error();
      auto decided = D::decide(image.state(), part.command, Context{now, cause.by, world_.ids});
      if (!decided) return decided.error();
      part.events = std::move(*decided);
      if (part.events.empty()) continue;
      request.expectations.push_back({image.stream(), image.version()});
      for (const auto& event : part.events) {
        request.facts.push_back({image.stream(), encode(event, cause, now, world_.ids)});
        if (cause.correlation.is_nil()) cause.correlation = request.facts.front().event.id;
      }
    }
    return request;
  }

  std::size_t size() const { return parts_.size(); }
  // Of the last decide(), in the order of add().
  const typename D::State& before(std::size_t index) const { return parts_.at(index).image.state(); }
  const std::vector<Event>& events(std::size_t index) const { return parts_.at(index).events; }

 private:
  struct Part {
    EntityImage<D> image;
    typename D::Command command;
    std::vector<Event> events;
  };
  EntityWorld world_;
  std::vector<Part> parts_;
};

}  // namespace strowger::actors
