// An unregistered device leaves no settings of its own behind: they are taken back, and then the data key of its
// secrets is destroyed, so that the next device of that MAC address begins afresh. In this order: a kill in between
// leaves a key that the event, handed over again, destroys, and never a setting whose secret cannot be opened.
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
  const Reactor& reactor() const { return reactor_; }

 private:
  // The unregistration may be met again after a crash, or be old: what was set since is another device's. What the
  // device had is told by the log, so that it is known whatever was done already.
  Result<void> handle(const Envelope& envelope) {
    const auto* gone = std::get_if<DeviceUnregistered>(&envelope.event);
    if (gone == nullptr) return {};
    const auto mac = gone->mac.text();
    const auto before = state_at(mac, envelope.position);
    if (!before) return before.error();
    if (auto done = take_back(mac, *before, envelope); !done) return done;
    // Only now: a secret that is sealed beside an old one is refused once that is removed, so none joins its key.
    const auto present = state_at(mac, Position{~std::uint64_t{0}});
    if (!present) return present.error();
    for (const auto& [name, secret] : before->secrets) {
      const auto shares = [&](const auto& one) { return one.second.key() == secret.key(); };
      if (std::ranges::any_of(present->secrets, shares)) continue;
      if (auto done = world_.vault.shred(secret); !done) return done;
    }
    return {};
  }

  Result<void> take_back(const std::string& mac, const PhoneSettings::State& before, const Envelope& envelope) {
    if (before.set.empty() && before.secrets.empty() && before.keys.empty()) return {};
    if (!world_.runner.wait_applied(envelope.position, std::chrono::steady_clock::now() + std::chrono::seconds(30)))
      return overloaded("the settings of device " + mac + " cannot be looked at yet");
    const auto row = world_.rows.find(SettingsLevel::device, mac);
    if (!row) return {};
    ChangePhoneSettings change{SettingsLevel::device, mac};
    for (const auto& [name, setting] : row->settings)
      if (setting.origin.position < envelope.position) change.remove.push_back(name);
    if (change.remove.empty()) return {};
    const AskMeta meta{Cause{"system", envelope.correlation, envelope.id}, {}, {}};
    const auto outcome =
        ask_and_wait(world_.settings, std::string(phone_settings_stream(change.level, change.name).key()),
                     PhoneSettings::Command(change), meta);
    if (!outcome) return outcome.error();
    return {};
  }

  // O(changes of the device's settings).
  Result<PhoneSettings::State> state_at(const std::string& mac, Position position) {
    constexpr std::size_t page = 256;
    const auto stream = phone_settings_stream(SettingsLevel::device, mac);
    auto state = PhoneSettings::initial();
    for (StreamVersion version{};;) {
      const auto records = world_.log.read_stream(stream, version, page);
      if (!records) return records.error();
      for (const auto& record : *records) {
        if (record.position > position) return state;
        version = record.version;
        state = PhoneSettings::evolve(std::move(state), decode_or_quarantine(record).event);
      }
      if (records->size() < page) return state;
    }
  }

  World world_;
  Reactor reactor_;
};

}  // namespace strowger::actors
