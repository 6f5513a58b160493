// What a deleted extension leaves behind goes: its bindings, and the data key of its password, so that the log stays
// readable without the secret.
#pragma once

#include "actors/reactor.hpp"
#include "events/secret.hpp"

#include <functional>

namespace strowger::actors {

class DeletionReactor {
 public:
  DeletionReactor(EventLog& log, Vault& vault, std::function<void(const ExtensionNumber&)> drop_bindings,
                  std::function<void(const Error&)> trouble)
      : reactor_(
            log, "extension-deletion",
            [&vault, drop = std::move(drop_bindings)](const Envelope& envelope) -> Result<void> {
              const auto* deleted = std::get_if<ExtensionDeleted>(&envelope.event);
              if (deleted == nullptr) return {};
              drop(deleted->number);
              return vault.shred(deleted->password);
            },
            std::move(trouble)) {}

 private:
  Reactor reactor_;
};

}  // namespace strowger::actors
