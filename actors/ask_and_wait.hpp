// Asks an entity and waits. For start-up and tools; never on a thread that serves.
#pragma once

#include "actors/router.hpp"

#include <future>

namespace strowger::actors {

template <Decider D>
Result<Outcome> ask_and_wait(Entities<D>& entities, std::string key, typename D::Command command, AskMeta meta = {}) {
  auto promise = std::make_shared<std::promise<Result<Outcome>>>();
  auto outcome = promise->get_future();
  entities.ask(std::move(key), std::move(command), std::move(meta),
               [promise](Result<Outcome> answer) { promise->set_value(std::move(answer)); });
  return outcome.get();
}

}  // namespace strowger::actors
