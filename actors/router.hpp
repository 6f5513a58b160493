// How the rest of the house asks entities of one kind.
//
// Only what who asks must know: the actors behind it (router_actor.hpp, entity_actor.hpp) are compiled once for each
// kind, in actors/entities/, and not again wherever one is asked.
#pragma once

#include "actors/ask.hpp"
#include "actors/decider.hpp"
#include "actors/entity_world.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <caf/actor.hpp>

namespace strowger::actors {

struct RouterLimits {
  std::size_t max_live = 10'000;  // actors of this kind
  std::chrono::seconds idle{60};
  std::chrono::seconds sweep{5};
  std::size_t max_asks = 20'000;  // under way at once; beyond, asks are shed
};

struct RouterGauges {
  std::atomic<std::size_t> live{0};
  std::atomic<std::size_t> spawned{0};
  std::atomic<std::size_t> passivated{0};
  std::atomic<std::size_t> asks{0};
  std::atomic<std::size_t> shed{0};
};

// Any thread; never blocks. Replies run on an actor's thread and must only hand over.
template <Decider D>
class Entities {
 public:
  // `world` and `system` outlive this.
  Entities(caf::actor_system& system, EntityWorld& world, RouterLimits limits = {});
  Entities(Entities&&) = delete;
  ~Entities();

  void ask(std::string key, typename D::Command command, AskMeta meta, Reply reply);

  const RouterGauges& gauges() const { return *gauges_; }

 private:
  std::shared_ptr<RouterGauges> gauges_;
  std::size_t max_asks_;
  caf::actor router_;
};

}  // namespace strowger::actors
