#include "actors/campaign/campaign.hpp"

#include <algorithm>

namespace strowger::actors {
namespace {

using Events = std::vector<Event>;

constexpr std::size_t devices_an_event = 1'000;
constexpr std::size_t skipped_an_event = 128;  // each with a reason: far below the largest event

Result<Events> start(const Campaign::State& state, const StartCampaign& command) {
  if (state.phase != Campaign::Phase::none) return conflict("campaign_exists", "this campaign was started before");
  if (command.devices.empty())
    return unacceptable("no_devices", "no device is selected: there is nobody to be rebooted");
  Events events{CampaignStarted{command.campaign, command.name, command.selection, command.verb, command.only_stale,
                                static_cast<std::uint32_t>(command.devices.size()), command.pace}};
  for (auto at = command.devices.begin(); at != command.devices.end();) {
    const auto count = std::min<std::ptrdiff_t>(devices_an_event, command.devices.end() - at);
    events.emplace_back(CampaignDevicesAdded{command.campaign, {at, at + count}});
    at += count;
  }
  return events;
}

// A person asks for `event`, where the campaign is in phase `from`; what is so already is no news.
template <class T>
Result<Events> person(const Campaign::State& state, Campaign::Phase from, T event) {
  using enum Campaign::Phase;
  if (state.phase == none) return not_found("campaign_not_found", "there is no such campaign");
  if (state.phase == over) return conflict("campaign_over", "this campaign has ended");
  if (from != none && state.phase != from) return Events{};
  event.campaign = state.id;
  return Events{std::move(event)};
}

}  // namespace

Result<Events> Campaign::decide(const State& state, const Command& command, const Context&) {
  const bool under_way = state.phase == Phase::running || state.phase == Phase::paused;
  return std::visit(Overloaded{
                        [&](const StartCampaign& c) { return start(state, c); },
                        [&](const PauseCampaign&) { return person(state, Phase::running, CampaignPaused{}); },
                        [&](const ResumeCampaign&) { return person(state, Phase::paused, CampaignResumed{}); },
                        [&](const CancelCampaign&) { return person(state, Phase::none, CampaignCancelled{}); },
                        // The coordinator says what it saw, perhaps twice, perhaps late.
                        [&](const SkipDevices& c) -> Result<Events> {
                          Events events;
                          if (!under_way) return events;
                          for (auto at = c.devices.begin(); at != c.devices.end();) {
                            const auto count = std::min<std::ptrdiff_t>(skipped_an_event, c.devices.end() - at);
                            events.emplace_back(CampaignDevicesSkipped{state.id, {at, at + count}});
                            at += count;
                          }
                          return events;
                        },
                        [&](const AbortCampaign& c) -> Result<Events> {
                          if (!under_way) return Events{};
                          return Events{CampaignAborted{state.id, c.failed, c.finished, c.reason}};
                        },
                        [&](const CompleteCampaign& c) -> Result<Events> {
                          if (!under_way) return Events{};
                          return Events{CampaignCompleted{state.id, c.converged, c.failed, c.skipped}};
                        },
                    },
                    command);
}

Campaign::State Campaign::evolve(State state, const Event& event) {
  std::visit(Overloaded{
                 [&](const CampaignStarted& e) {
                   state.id = e.campaign;
                   state.phase = Phase::running;
                 },
                 [&](const CampaignPaused&) { state.phase = Phase::paused; },
                 [&](const CampaignResumed&) { state.phase = Phase::running; },
                 [&](const CampaignCancelled&) { state.phase = Phase::over; },
                 [&](const CampaignAborted&) { state.phase = Phase::over; },
                 [&](const CampaignCompleted&) { state.phase = Phase::over; },
                 [](const auto&) {},
             },
             event);
  return state;
}

bool Campaign::defines(const Event& event) {
  return std::holds_alternative<CampaignStarted>(event);
}

}  // namespace strowger::actors
