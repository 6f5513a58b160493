#include "actors/device/device.hpp"

namespace strowger::actors {
namespace {

using Events = std::vector<Event>;

Error no_such_device() {
  return not_found("device_not_found",
                   "this device is not registered; register it with POST /api/provisioning/devices");
}

// The campaign that waits for the same fetch, if any.
Uuid campaign_of(const Device::State& state) {
  return state.pending && state.pending->stage != Device::Stage::failed ? state.pending->campaign : Uuid{};
}

RebootRequested reboot_request(const Device::State& state, const RequestReboot& command, const Context& context) {
  const auto campaign = command.campaign.is_nil() ? campaign_of(state) : command.campaign;
  return {state.mac, context.ids.next(), state.extension, state.vendor, command.verb, command.reason, command.etag, 1,
          campaign};
}

template <class Command>
void place(Events& events, const Device::State& state, const MacAddress& mac, const Command& command) {
  if (command.site && *command.site != state.site) events.emplace_back(DeviceSiteChanged{mac, *command.site});
  if (command.lines && *command.lines != state.lines) events.emplace_back(DeviceLinesChanged{mac, *command.lines});
}

Result<Events> register_device(const Device::State& state, const RegisterDevice& command, const Context& context) {
  Events events;
  const bool different = !state.registered || state.extension != command.extension || state.vendor != command.vendor ||
                         state.model != command.model;
  if (different || !command.if_different)
    events.emplace_back(
        DeviceRegistered{command.mac, command.extension, command.vendor, command.model, state.registered});
  place(events, state, command.mac, command);
  if (command.phone_present && !events.empty()) {
    const auto registered = Device::evolve(state, events.front());
    events.emplace_back(
        reboot_request(registered, {RebootVerb::reboot, RebootReason::device_registered, command.etag, {}}, context));
  }
  return events;
}

Result<Events> change(const Device::State& state, const ChangeDevice& command, const Context& context) {
  if (!state.registered) return no_such_device();
  DeviceChanged changed{state.mac, command.extension.value_or(state.extension), command.vendor.value_or(state.vendor),
                        command.model.value_or(state.model)};
  Events events;
  const bool changed_extension = changed.extension != state.extension;
  if (changed_extension || changed.vendor != state.vendor || changed.model != state.model)
    events.emplace_back(std::move(changed));
  place(events, state, state.mac, command);
  if (command.phone_present && changed_extension) {
    const auto changed_state = Device::evolve(state, events.front());
    events.emplace_back(
        reboot_request(changed_state, {RebootVerb::reboot, RebootReason::device_changed, command.etag, {}}, context));
  }
  return events;
}

Result<Events> unregister(const Device::State& state) {
  if (!state.registered) return no_such_device();
  Events events;  // its secrets go with it
  if (!state.password.empty()) events.emplace_back(DeviceCredentialsRemoved{state.mac, state.password});
  if (!state.token.empty()) events.emplace_back(DeviceTokenRevoked{state.mac, state.token});
  events.emplace_back(DeviceUnregistered{state.mac, state.extension});
  return events;
}

Result<Events> set_credentials(const Device::State& state, const SetDeviceCredentials& command) {
  if (!state.registered) return no_such_device();
  if (auto ok = check_sibling(command.sealed_like, state.password); !ok) return ok.error();
  return Events{DeviceCredentialsSet{state.mac, command.username, command.password}};
}

Result<Events> remove_credentials(const Device::State& state) {
  if (!state.registered) return no_such_device();
  if (state.password.empty()) return Events{};
  return Events{DeviceCredentialsRemoved{state.mac, state.password}};
}

Result<Events> issue_token(const Device::State& state, const IssueDeviceToken& command, const Context& context) {
  if (!state.registered) return no_such_device();
  if (auto ok = check_sibling(command.sealed_like, state.token); !ok) return ok.error();
  DeviceTokenIssued issued{state.mac, command.token, command.sha256, {}};
  if (!state.token.empty() && command.grace.count() > 0) issued.previous_until = context.now + command.grace;
  return Events{std::move(issued)};
}

Result<Events> revoke_token(const Device::State& state) {
  if (!state.registered) return no_such_device();
  if (state.token.empty()) return Events{};
  return Events{DeviceTokenRevoked{state.mac, state.token}};
}

Result<Events> open_enrolment(const Device::State& state) {
  if (!state.registered) return no_such_device();
  return Events{DeviceEnrolmentOpened{state.mac}};
}

Result<Events> request_reboot(const Device::State& state, const RequestReboot& command, const Context& context) {
  if (!state.registered) return no_such_device();
  if (state.telling) return Events{};  // one is under way: the phone is not told twice
  // A person may insist; a campaign comes back when what is under way has ended, and the phone of an extension that is
  // gone is on its way already.
  const bool may_wait = command.reason == RebootReason::campaign || command.reason == RebootReason::extension_changed;
  if (may_wait && state.pending && state.pending->stage == Device::Stage::told) return Events{};
  return Events{reboot_request(state, command, context)};
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

DeviceConverged converged(const Device::State& state, const std::string& etag) {
  const auto& pending = *state.pending;
  return {state.mac, etag, pending.reboot.value_or(Uuid{}), pending.reason, pending.campaign};
}

// The reactors work with what they last saw; what does not fit any more is no news, and no fault.

Result<Events> want(const Device::State& state, const WantConfig& command) {
  if (!state.registered) return Events{};
  const bool as_served = command.etag == command.served;
  if (!state.pending) {
    if (as_served || command.served.empty()) return Events{};
  } else {
    if (state.pending->etag == command.etag) return Events{};
    if (as_served) return Events{converged(state, command.etag)};  // changed, and changed back
  }
  return Events{ConfigWanted{state.mac, command.etag, command.served, command.reason, command.cause}};
}

Result<Events> tell(const Device::State& state, const TellPhone& command, const Context& context) {
  if (!state.pending || state.telling) return Events{};
  const auto& pending = *state.pending;
  if (pending.etag != command.etag || pending.stage == Device::Stage::told || pending.attempts + 1 != command.attempt)
    return Events{};
  return Events{RebootRequested{state.mac, context.ids.next(), state.extension, state.vendor, command.verb,
                                pending.reason, pending.etag, command.attempt, campaign_of(state)}};
}

Result<Events> fetched(const Device::State& state, const ReportFetched& command) {
  if (!state.pending || state.pending->etag != command.etag) return Events{};
  return Events{converged(state, command.etag)};
}

Result<Events> overdue(const Device::State& state, const ReportOverdue& command, const Context& context) {
  if (!state.pending || state.telling) return Events{};
  const auto& pending = *state.pending;
  if (pending.stage != Device::Stage::told || pending.reboot != command.reboot) return Events{};
  if (command.retry_in)
    return Events{RebootRetryScheduled{state.mac, command.reboot, pending.attempts, context.now + *command.retry_in,
                                       command.code, command.reason}};
  return Events{
      RebootFailed{state.mac, command.reboot, pending.attempts, command.code, command.reason, pending.campaign}};
}

Result<Events> unreachable(const Device::State& state, const ReportUnreachable& command) {
  if (!state.pending || state.telling || state.pending->etag != command.etag) return Events{};
  const auto& pending = *state.pending;
  if (pending.stage == Device::Stage::told || pending.stage == Device::Stage::failed) return Events{};
  return Events{RebootFailed{state.mac, pending.reboot.value_or(Uuid{}), pending.attempts, "no_phone", command.reason,
                             pending.campaign}};
}

Result<Events> deferred(const Device::State& state, const ReportDeferred& command) {
  if (state.telling != command.reboot || state.deferred == command.reboot) return Events{};
  return Events{RebootDeferred{state.mac, command.reboot, command.reason}};
}

Result<Events> returned(const Device::State& state, const ReportReturned& command) {
  if (state.returning != command.reboot) return Events{};
  return Events{DeviceReturned{state.mac, command.reboot, command.contact, command.ip, command.registered_at}};
}

}  // namespace

Result<Events> Device::decide(const State& state, const Command& command, const Context& context) {
  const auto* registered = std::get_if<RegisterDevice>(&command);
  const auto* changed = std::get_if<ChangeDevice>(&command);
  const auto* lines = registered != nullptr ? &registered->lines : changed != nullptr ? &changed->lines : nullptr;
  if (lines != nullptr && *lines && (*lines)->size() > most_lines)
    return unacceptable("too_many_lines", "a device has at most " + std::to_string(most_lines) + " lines");
  return std::visit(Overloaded{
                        [&](const RegisterDevice& c) { return register_device(state, c, context); },
                        [&](const ChangeDevice& c) { return change(state, c, context); },
                        [&](const UnregisterDevice&) { return unregister(state); },
                        [&](const RequestReboot& c) { return request_reboot(state, c, context); },
                        [&](const ReportReboot& c) { return report(state, c); },
                        [&](const WantConfig& c) { return want(state, c); },
                        [&](const TellPhone& c) { return tell(state, c, context); },
                        [&](const ReportFetched& c) { return fetched(state, c); },
                        [&](const ReportOverdue& c) { return overdue(state, c, context); },
                        [&](const ReportUnreachable& c) { return unreachable(state, c); },
                        [&](const ReportDeferred& c) { return deferred(state, c); },
                        [&](const ReportReturned& c) { return returned(state, c); },
                        [&](const SetDeviceCredentials& c) { return set_credentials(state, c); },
                        [&](const RemoveDeviceCredentials&) { return remove_credentials(state); },
                        [&](const IssueDeviceToken& c) { return issue_token(state, c, context); },
                        [&](const RevokeDeviceToken&) { return revoke_token(state); },
                        [&](const OpenDeviceEnrolment&) { return open_enrolment(state); },
                    },
                    command);
}

Device::State Device::evolve(State state, const Event& event) {
  const auto answered = [&](const Uuid& reboot) {
    if (state.telling == reboot) state.telling.reset();
  };
  std::visit(Overloaded{
                 // Registered anew while its phone is being told: the answer is still to come, and still counts.
                 [&](const DeviceRegistered& e) {
                   state = {true,
                            e.mac,
                            e.extension,
                            e.vendor,
                            e.model,
                            std::move(state.telling),
                            std::move(state.deferred),
                            {},
                            {},
                            std::move(state.password),
                            std::move(state.token),
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
                 [&](const RebootRequested& e) {
                   state.telling = e.reboot;
                   state.returning.reset();
                   if (!e.etag.empty())
                     state.pending = {e.etag, e.reason, Stage::told, e.attempt, e.reboot, e.campaign};
                 },
                 [&](const RebootAccepted& e) { answered(e.reboot); },
                 [&](const RebootRefused& e) { answered(e.reboot); },
                 [&](const RebootUnanswered& e) { answered(e.reboot); },
                 [&](const RebootDeferred& e) { state.deferred = e.reboot; },
                 [&](const ConfigWanted& e) {
                   if (state.pending && state.pending->stage == Stage::told) {
                     state.pending->etag = e.etag;  // what it is told already will bring this
                     state.pending->reason = e.reason;
                   } else {
                     state.pending = {e.etag, e.reason, Stage::wanted, 0, {}, campaign_of(state)};
                   }
                 },
                 [&](const RebootRetryScheduled& e) {
                   if (state.pending && state.pending->reboot == e.reboot) state.pending->stage = Stage::retrying;
                 },
                 [&](const RebootFailed&) {
                   if (!state.pending) return;
                   state.pending->stage = Stage::failed;
                   state.pending->attempts = 0;
                 },
                 [&](const DeviceConverged& e) {
                   state.pending.reset();
                   if (!e.reboot.is_nil()) state.returning = e.reboot;
                 },
                 [&](const DeviceReturned&) { state.returning.reset(); },
                 [&](const DeviceCredentialsSet& e) { state.password = e.password; },
                 [&](const DeviceCredentialsRemoved&) { state.password = {}; },
                 [&](const DeviceTokenIssued& e) { state.token = e.token; },
                 [&](const DeviceTokenRevoked&) { state.token = {}; },
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
