// What a deleted extension leaves behind goes: its bindings, and the data key of its password, so that the log stays
// readable without the secret.
#pragma once

#include "actors/reactor.hpp"
#include "events/secret.hpp"

#include <functional>

namespace strowger::actors {

class DeletionReactor {
 public:
  // A deletion may be handed over again after a crash, when the number has long been taken anew: `drop_bindings` must
  // leave alone what was created after `deleted_at`.
  DeletionReactor(EventLog& log, Vault& vault,
                  std::function<void(const ExtensionNumber&, StreamVersion deleted_at)> drop_bindings,
                  std::function<void(const Error&)> trouble, Drive drive = Drive::own_thread)
      : reactor_(
            log, "extension-deletion",
            [&vault, drop = std::move(drop_bindings)](const Envelope& envelope) -> Result<void> {
              const auto* deleted = std::get_if<ExtensionDeleted>(&envelope.event);
              if (deleted == nullptr) return {};
              drop(deleted->number, envelope.version);
              return vault.shred(deleted->password);
            },
            std::move(trouble), drive) {}

  // Driven by hand: up to `max` events.
  Step step(std::size_t max) { return reactor_.step(max); }

 private:
  Reactor reactor_;
};

}  // namespace strowger::actors
