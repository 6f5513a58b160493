// What a deleted or disabled extension leaves behind goes: its bindings; and, of a deleted one, the data key of its
// password, so that the log stays readable without the secret. So does the key of a device's password or token that was
// taken from it.
#pragma once

#include "actors/reactor.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/extensions.hpp"
#include "events/secret.hpp"

#include <functional>

namespace strowger::actors {

class DeletionReactor {
 public:
  using DropBindings = std::function<void(const ExtensionNumber&, UnregisterReason)>;

  // `drop_bindings` must only hand over to who registers phones. It is called when queries no longer know the
  // extension, or know it as disabled: before, a phone could still be let in behind its back. An event may be met again
  // after a crash, when the number has long been taken anew or enabled: then the bindings are left alone.
  DeletionReactor(EventLog& log, Vault& vault, ProjectionRunner& runner, const ExtensionsProjection& extensions,
                  DropBindings drop_bindings, std::function<void(const Error&)> trouble,
                  Drive drive = Drive::own_thread, DeadLetters* parked = nullptr)
      : reactor_(
            log, "extension-deletion",
            [&vault, &runner, &extensions, drop = std::move(drop_bindings)](const Envelope& envelope) -> Result<void> {
              if (const auto* removed = std::get_if<DeviceCredentialsRemoved>(&envelope.event))
                return vault.shred(removed->password);
              if (const auto* revoked = std::get_if<DeviceTokenRevoked>(&envelope.event))
                return vault.shred(revoked->token);
              if (const auto* disabled = std::get_if<ExtensionDisabled>(&envelope.event)) {
                runner.when_applied(envelope.position, [&extensions, drop, number = disabled->number] {
                  const auto row = extensions.find(number);
                  if (row && !row->enabled) drop(number, UnregisterReason::extension_disabled);
                });
                return {};
              }
              const auto* deleted = std::get_if<ExtensionDeleted>(&envelope.event);
              if (deleted == nullptr) return {};
              runner.when_applied(envelope.position, [&extensions, drop, number = deleted->number] {
                if (!extensions.find(number)) drop(number, UnregisterReason::extension_deleted);
              });
              return vault.shred(deleted->password);
            },
            std::move(trouble), drive,
            [](const Record& record) {
              return record.type == ExtensionDeleted::type || record.type == ExtensionDisabled::type ||
                     record.type == DeviceCredentialsRemoved::type || record.type == DeviceTokenRevoked::type;
            },
            parked) {}

  // Driven by hand: up to `max` events.
  Step step(std::size_t max) { return reactor_.step(max); }

 private:
  Reactor reactor_;
};

}  // namespace strowger::actors
