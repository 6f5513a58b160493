// The behaviour test kit of entities (after Pekko's): runs one command at a time through the real EntityActor on a
// deterministic scheduler and an in-memory log, and hands back reply, events and state as the log has them.
//
// After each command it checks by itself: a refused command wrote nothing, stream versions are dense, every event
// survives its codec, and an entity rebuilt from the log (a new system, as after a crash) gives the same snapshot.
#pragma once

#include "actors/router.hpp"
#include "events/json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/memory_log.hpp"

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

namespace strowger::test {

// A single-threaded actor system under virtual time.
class DeterministicSystem {
 public:
  DeterministicSystem();

 private:
  struct Config : caf::actor_system_config {
    caf::actor_system_config& deterministic();
  };
  Config config_;

 public:
  caf::actor_system system;
  caf::scheduler::test_coordinator* scheduler = nullptr;
};

template <actors::Decider D>
class EntityKit {
 public:
  explicit EntityKit(std::string key, actors::RouterLimits limits = {}, actors::EntityLimits entity = {})
      : key_(std::move(key)), limits_(limits), world{log, ids, [this] { return now; }, entity} {
    restart();
  }

  Result<actors::Outcome> run(typename D::Command command, actors::AskMeta meta = {}) {
    const auto before = log.records().size();
    std::optional<Result<actors::Outcome>> outcome;
    entities->ask(key_, std::move(command), std::move(meta),
                  [&](Result<actors::Outcome> o) { outcome = std::move(o); });
    actors_->scheduler->run();
    REQUIRE(outcome);
    if (!*outcome) CHECK(log.records().size() == before);
    check_stream();
    return *outcome;
  }

  // The events that the stream holds now.
  std::vector<Event> stream() {
    std::vector<Event> events;
    for (const auto& record : log.read_stream(StreamId(D::category, key_), StreamVersion{0}, 100'000).value())
      events.push_back(decode(record).value().event);
    return events;
  }

  // As after a crash: all actors are gone, the log is what is left.
  void restart() {
    entities.reset();
    if (actors_) actors_->scheduler->run();
    actors_ = std::make_unique<DeterministicSystem>();
    entities = std::make_unique<actors::Entities<D>>(actors_->system, world, limits_);
    actors_->scheduler->run();
  }

  DeterministicSystem& actors() { return *actors_; }

 private:
  std::string key_;
  actors::RouterLimits limits_;
  std::unique_ptr<DeterministicSystem> actors_;

  void check_stream() {
    std::uint64_t version = 0;
    auto state = D::initial();
    for (const auto& record : log.read_stream(StreamId(D::category, key_), StreamVersion{0}, 100'000).value()) {
      CHECK(number(record.version) == ++version);
      const auto envelope = decode(record);
      REQUIRE(envelope);
      state = D::evolve(std::move(state), envelope->event);
    }
    const auto text = json::to_string(state);
    CHECK(json::to_string(json::from_string<typename D::State>(text).value()) == text);
  }

 public:
  Timestamp now = parse_iso8601("2026-01-08T19:40:00Z").value();
  IdSource ids{[this] { return now; }, 1};
  MemoryLog log;
  actors::EntityWorld world;
  std::unique_ptr<actors::Entities<D>> entities;

  ~EntityKit() {
    entities.reset();
    actors_->scheduler->run();
  }
};

}  // namespace strowger::test
