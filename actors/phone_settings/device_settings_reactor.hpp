// An unregistered device leaves no settings of its own behind: they are taken back, and the data key of its secrets is
// destroyed, so that the next device of that MAC address begins afresh.
#pragma once

#include "actors/ask_and_wait.hpp"
#include "actors/phone_settings/phone_settings.hpp"
#include "actors/reactor.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/phone_settings.hpp"
#include "events/secret.hpp"

#include <algorithm>
#include <chrono>
#include <functional>

namespace strowger::actors {

class DeviceSettingsReactor {
 public:
  struct World {  // all outlive it
    EventLog& log;
    Vault& vault;
    ProjectionRunner& runner;
    const PhoneSettingsProjection& rows;
    Entities<PhoneSettings>& settings;
  };
  DeviceSettingsReactor(World world, std::function<void(const Error&)> trouble, Drive drive = Drive::own_thread,
                        DeadLetters* parked = nullptr)
      : world_(world),
        reactor_(
            world.log, "device-settings", [this](const Envelope& envelope) { return handle(envelope); },
            std::move(trouble), drive, [](const Record& record) { return record.type == DeviceUnregistered::type; },
            parked) {}

  // Driven by hand: up to `max` events.
  Step step(std::size_t max) { return reactor_.step(max); }

 private:
  // The registration may be met again after a crash, or be old: what was set since is another device's.
  Result<void> handle(const Envelope& envelope) {
    const auto* gone = std::get_if<DeviceUnregistered>(&envelope.event);
    if (gone == nullptr) return {};
    if (!world_.runner.wait_applied(envelope.position, std::chrono::steady_clock::now() + std::chrono::seconds(30)))
      return overloaded("the settings of device " + gone->mac.text() + " cannot be looked at yet");
    const auto row = world_.rows.find(SettingsLevel::device, gone->mac.text());
    if (!row) return {};
    ChangePhoneSettings change{SettingsLevel::device, gone->mac.text()};
    const SealedSecret* old = nullptr;
    bool fresh = false;  // a secret that was sealed since, perhaps with the same data key
    for (const auto& [name, setting] : row->settings) {
      const bool before = setting.origin.position < envelope.position;
      if (before) change.remove.push_back(name);
      if (setting.secret.empty()) continue;
      if (before)
        old = &setting.secret;
      else
        fresh = true;
    }
    if (change.remove.empty()) return {};
    if (old != nullptr && !fresh)
      if (auto done = world_.vault.shred(*old); !done) return done;
    const AskMeta meta{Cause{"system", envelope.correlation, envelope.id}, {}, {}};
    const auto outcome =
        ask_and_wait(world_.settings, std::string(phone_settings_stream(change.level, change.name).key()),
                     PhoneSettings::Command(change), meta);
    if (!outcome) return outcome.error();
    return {};
  }

  World world_;
  Reactor reactor_;
};

}  // namespace strowger::actors
