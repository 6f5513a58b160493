#include "tests/support/entity_kit.hpp"

namespace strowger::test {

DeterministicSystem::DeterministicSystem() : system(config_.deterministic()) {
  scheduler = dynamic_cast<caf::scheduler::test_coordinator*>(&system.scheduler());
}

caf::actor_system_config& DeterministicSystem::Config::deterministic() {
  set("scheduler.policy", caf::atom("testing"));
  set("logger.console", caf::atom("none"));
  return *this;
}

}  // namespace strowger::test
