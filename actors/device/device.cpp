#include "actors/device/device.hpp"

namespace strowger::actors {
namespace {

using Events = std::vector<Event>;

Error missing() {
  return not_found("device_not_found",
                   "this device is not registered; register it with POST /api/provisioning/devices");
}

RebootRequested reboot_request(const Device::State& state, RebootVerb verb, RebootReason reason,
                               const Context& context) {
  return {state.mac, context.ids.next(), state.extension, state.vendor, verb, reason};
}

template <class Command>
void place(Events& events, const Device::State& state, const MacAddress& mac, const Command& command) {
  if (command.site && *command.site != state.site) events.emplace_back(DeviceSiteChanged{mac, *command.site});
  if (command.lines && *command.lines != state.lines) events.emplace_back(DeviceLinesChanged{mac, *command.lines});
}

Result<Events> register_device(const Device::State& state, const RegisterDevice& command, const Context& context) {
  Events events{DeviceRegistered{command.mac, command.extension, command.vendor, command.model, state.registered}};
  place(events, state, command.mac, command);
  if (command.phone_present) {
    const auto registered = Device::evolve(state, events.front());
    events.emplace_back(reboot_request(registered, RebootVerb::reboot, RebootReason::device_registered, context));
  }
  return events;
}

Result<Events> change(const Device::State& state, const ChangeDevice& command) {
  if (!state.registered) return missing();
  DeviceChanged changed{state.mac, command.extension.value_or(state.extension), command.vendor.value_or(state.vendor),
                        command.model.value_or(state.model)};
  Events events;
  if (changed.extension != state.extension || changed.vendor != state.vendor || changed.model != state.model)
    events.emplace_back(std::move(changed));
  place(events, state, state.mac, command);
  return events;
}

Result<Events> unregister(const Device::State& state) {
  if (!state.registered) return missing();
  return Events{DeviceUnregistered{state.mac, state.extension}};
}

Result<Events> request_reboot(const Device::State& state, const RequestReboot& command, const Context& context) {
  if (!state.registered) return missing();
  if (state.telling) return Events{};  // one is under way: the phone is not told twice
  return Events{reboot_request(state, command.verb, command.reason, context)};
}

Result<Events> report(const Device::State& state, const ReportReboot& command) {
  // The reactor reports at least once; what is known already, or was overtaken, is no news.
  if (state.telling != command.reboot) return Events{};
  switch (command.answer) {
    case ReportReboot::Answer::accepted:
      return Events{RebootAccepted{state.mac, command.reboot, command.contact, command.status}};
    case ReportReboot::Answer::refused:
      return Events{RebootRefused{state.mac, command.reboot, command.contact, command.status, command.phrase}};
    case ReportReboot::Answer::none:
      break;
  }
  return Events{RebootUnanswered{state.mac, command.reboot, command.contact, command.phrase}};
}

}  // namespace

Result<Events> Device::decide(const State& state, const Command& command, const Context& context) {
  return std::visit(Overloaded{
                        [&](const RegisterDevice& c) { return register_device(state, c, context); },
                        [&](const ChangeDevice& c) { return change(state, c); },
                        [&](const UnregisterDevice&) { return unregister(state); },
                        [&](const RequestReboot& c) { return request_reboot(state, c, context); },
                        [&](const ReportReboot& c) { return report(state, c); },
                    },
                    command);
}

Device::State Device::evolve(State state, const Event& event) {
  const auto answered = [&](const Uuid& reboot) {
    if (state.telling == reboot) state.telling.reset();
  };
  std::visit(
      Overloaded{
          // Registered anew while its phone is being told: the answer is still to come, and still counts.
          [&](const DeviceRegistered& e) {
            state = {true,
                     e.mac,
                     e.extension,
                     e.vendor,
                     e.model,
                     std::move(state.telling),
                     std::move(state.site),
                     std::move(state.lines)};
          },
          [&](const DeviceChanged& e) {
            state.extension = e.extension;
            state.vendor = e.vendor;
            state.model = e.model;
          },
          [&](const DeviceLinesChanged& e) { state.lines = e.lines; },
          [&](const DeviceSiteChanged& e) { state.site = e.site; },
          [&](const DeviceUnregistered&) { state = initial(); },
          [&](const RebootRequested& e) { state.telling = e.reboot; },
          [&](const RebootAccepted& e) { answered(e.reboot); }, [&](const RebootRefused& e) { answered(e.reboot); },
          [&](const RebootUnanswered& e) { answered(e.reboot); },
          [](const auto&) {},  // what was served is history, not a ground for decisions
      },
      event);
  return state;
}

bool Device::defines(const Event& event) {
  return std::holds_alternative<DeviceRegistered>(event) || std::holds_alternative<DeviceChanged>(event) ||
         std::holds_alternative<DeviceUnregistered>(event) || std::holds_alternative<DeviceLinesChanged>(event) ||
         std::holds_alternative<DeviceSiteChanged>(event);
}

}  // namespace strowger::actors
