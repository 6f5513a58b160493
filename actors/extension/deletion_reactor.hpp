// The data key of a deleted extension's password goes, so that the log stays readable without the secret. So does the
// key of a device's password or token that was taken from it. (The phones of an extension that is gone:
// convergence/evictions.hpp.)
#pragma once

#include "actors/reactor.hpp"
#include "events/secret.hpp"

#include <functional>

namespace strowger::actors {

class DeletionReactor {
 public:
  DeletionReactor(EventLog& log, Vault& vault, std::function<void(const Error&)> trouble,
                  Drive drive = Drive::own_thread, DeadLetters* parked = nullptr)
      : reactor_(
            log, "extension-deletion",
            [&vault](const Envelope& envelope) -> Result<void> {
              if (const auto* removed = std::get_if<DeviceCredentialsRemoved>(&envelope.event))
                return vault.shred(removed->password);
              if (const auto* revoked = std::get_if<DeviceTokenRevoked>(&envelope.event))
                return vault.shred(revoked->token);
              if (const auto* deleted = std::get_if<ExtensionDeleted>(&envelope.event))
                return vault.shred(deleted->password);
              return {};
            },
            std::move(trouble), drive,
            [](const Record& record) {
              return record.type == ExtensionDeleted::type || record.type == DeviceCredentialsRemoved::type ||
                     record.type == DeviceTokenRevoked::type;
            },
            parked) {}

  // Driven by hand: up to `max` events.
  Step step(std::size_t max) { return reactor_.step(max); }
  const Reactor& reactor() const { return reactor_; }

 private:
  Reactor reactor_;
};

}  // namespace strowger::actors
