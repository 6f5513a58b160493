// The campaign's decider: a set of devices that are rebooted at a pace, and whether that goes on. Which device is told
// when is the coordinator's (coordinator.hpp); what becomes of each is on the device's stream, and which are skipped in
// events that the projection counts. The state knows no device.
#pragma once

#include "actors/decider.hpp"

#include <string>
#include <variant>
#include <vector>

namespace strowger::actors {

struct StartCampaign {
  Uuid campaign;
  std::string name;
  std::string selection;
  RebootVerb verb = RebootVerb::reboot;
  bool only_stale = false;
  CampaignPace pace;
  std::vector<MacAddress> devices;
};

struct PauseCampaign {};
struct ResumeCampaign {};
struct CancelCampaign {};

// From the coordinator.
struct SkipDevices {
  std::vector<SkippedDevice> devices;
};
struct AbortCampaign {
  std::uint32_t failed = 0;
  std::uint32_t finished = 0;
  std::string reason;
};
struct CompleteCampaign {
  std::uint32_t converged = 0;
  std::uint32_t failed = 0;
  std::uint32_t skipped = 0;
};

struct Campaign {
  static constexpr std::string_view category = "campaign";
  static constexpr std::uint32_t snapshot_schema = 2;

  enum class Phase : std::uint8_t { none, running, paused, over };
  BOOST_DESCRIBE_NESTED_ENUM(Phase, none, running, paused, over)
  struct State {
    Uuid id;
    Phase phase = Phase::none;
    BOOST_DESCRIBE_CLASS(State, (), (id, phase), (), ())
  };
  using Command = std::variant<StartCampaign, PauseCampaign, ResumeCampaign, CancelCampaign, SkipDevices, AbortCampaign,
                               CompleteCampaign>;
  static constexpr std::array<Bound, 0> bounds{};

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
