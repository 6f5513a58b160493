// Maps a key to its entity actor: spawns it on first use, ends it when idle or when there are too many.
//
// A bare quit would lose mail that is already queued, so passivation is a handshake: the router stops forwarding to
// the actor and keeps what comes for it, sends Drain, the actor finishes and answers Drained, and what was kept is
// replayed to the next incarnation.
//
// Messages the router takes:
//   AskPtr<D>   from anybody (through Entities, which bounds how many are under way)
//   Drained     from an entity
//   Sweep       from itself, once a sweep interval
//   Shutdown    from Entities
#pragma once

#include "actors/entity_actor.hpp"
#include "actors/router.hpp"

#include <list>
#include <unordered_map>
#include <vector>

namespace strowger::actors {

struct Sweep {};
struct Shutdown {};

template <Decider D>
class RouterState {
 public:
  static inline const char* name = "router";

  RouterState(caf::event_based_actor* self) : self_(self) {}

  void start(EntityWorld& world, RouterLimits limits, std::shared_ptr<RouterGauges> gauges) {
    world_ = &world;
    limits_ = limits;
    gauges_ = std::move(gauges);
    self_->set_down_handler([this](caf::down_msg& down) { lost(down); });
    self_->delayed_send(self_, limits_.sweep, Sweep{});
  }

  void route(AskPtr<D> ask) {
    auto found = entities_.find(ask->key);
    if (found == entities_.end()) {
      if (live_.size() >= limits_.max_live) passivate(live_.front());
      found = spawn(ask->key);
    }
    auto& entity = found->second;
    if (entity.draining) {
      entity.kept.push_back(std::move(ask));
      return;
    }
    entity.used = self_->clock().now();
    live_.splice(live_.end(), live_, entity.place);  // most recently used last
    self_->send(entity.actor, std::move(ask));
  }

  void drained(const std::string& key) {
    const auto found = entities_.find(key);
    if (found == entities_.end()) return;
    auto kept = std::move(found->second.kept);
    forget(found);
    ++gauges_->passivated;
    for (auto& ask : kept) route(std::move(ask));
  }

  void sweep() {
    const auto now = self_->clock().now();
    while (!live_.empty()) {
      const auto& oldest = entities_.at(live_.front());
      if (now - oldest.used < limits_.idle) break;
      passivate(live_.front());
    }
    self_->delayed_send(self_, limits_.sweep, Sweep{});
  }

  void shutdown() {
    for (auto& [key, entity] : entities_) {
      self_->demonitor(entity.actor);
      self_->send_exit(entity.actor, caf::exit_reason::user_shutdown);
    }
    entities_.clear();
    live_.clear();
    gauges_->live = 0;
    self_->quit();
  }

 private:
  struct Entity {
    caf::actor actor;
    caf::actor_clock::time_point used;
    std::list<std::string>::iterator place;
    bool draining = false;
    std::vector<AskPtr<D>> kept;
  };
  using Entities = std::unordered_map<std::string, Entity>;

  typename Entities::iterator spawn(const std::string& key) {
    Entity entity;
    entity.actor = self_->template spawn<caf::monitored>(entity_actor<D>, world_, StreamId(D::category, key),
                                                         caf::actor_cast<caf::actor>(self_));
    entity.used = self_->clock().now();
    entity.place = live_.insert(live_.end(), key);
    by_address_[entity.actor.address()] = key;
    ++gauges_->spawned;
    ++gauges_->live;
    return entities_.emplace(key, std::move(entity)).first;
  }

  void passivate(const std::string& key) {
    auto& entity = entities_.at(key);
    entity.draining = true;
    live_.erase(entity.place);  // `key` may be the element itself: not used after this
    self_->send(entity.actor, Drain{});
  }

  void forget(typename Entities::iterator found) {
    by_address_.erase(found->second.actor.address());
    self_->demonitor(found->second.actor);
    if (!found->second.draining) live_.erase(found->second.place);
    entities_.erase(found);
    --gauges_->live;
  }

  // An entity ended by itself: a fault of ours. Its queued asks were answered by their own end; the next ask starts a
  // new incarnation from the log.
  void lost(const caf::down_msg& down) {
    const auto address = by_address_.find(caf::actor_cast<caf::actor_addr>(down.source));
    if (address == by_address_.end()) return;
    drained(std::string(address->second));
  }

  caf::event_based_actor* self_;
  EntityWorld* world_ = nullptr;
  RouterLimits limits_;
  std::shared_ptr<RouterGauges> gauges_;
  Entities entities_;
  std::unordered_map<caf::actor_addr, std::string> by_address_;
  std::list<std::string> live_;  // keys of those that are not draining, least recently used first
};

template <Decider D>
caf::behavior router_actor(caf::stateful_actor<RouterState<D>>* self, EntityWorld* world, RouterLimits limits,
                           std::shared_ptr<RouterGauges> gauges) {
  self->state.start(*world, limits, std::move(gauges));
  return {
      [self](AskPtr<D>& ask) { self->state.route(std::move(ask)); },
      [self](const Drained& message) { self->state.drained(message.key); },
      [self](Sweep) { self->state.sweep(); },
      [self](Shutdown) { self->state.shutdown(); },
  };
}

template <Decider D>
Entities<D>::Entities(caf::actor_system& system, EntityWorld& world, RouterLimits limits)
    : gauges_(std::make_shared<RouterGauges>()), max_asks_(limits.max_asks) {
  router_ = system.spawn(router_actor<D>, &world, limits, gauges_);
}

template <Decider D>
Entities<D>::~Entities() {
  caf::anon_send(router_, Shutdown{});
}

template <Decider D>
void Entities<D>::ask(std::string key, typename D::Command command, AskMeta meta, Reply reply) {
  if (gauges_->asks.fetch_add(1) >= max_asks_) {
    --gauges_->asks;
    ++gauges_->shed;
    return reply(overloaded("too many commands are under way; try again in a second"));
  }
  auto counted = [gauges = gauges_, reply = std::move(reply)](Result<Outcome> outcome) {
    --gauges->asks;
    reply(std::move(outcome));
  };
  caf::anon_send(router_,
                 std::make_shared<Ask<D>>(std::move(key), std::move(command), std::move(meta), std::move(counted)));
}

}  // namespace strowger::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Sweep)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(strowger::actors::Shutdown)
