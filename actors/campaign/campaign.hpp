// The campaign's decider: a set of devices that are rebooted at a pace, and whether that goes on. Which device is told
// when is the coordinator's (coordinator.hpp); what becomes of each is on the device's stream.
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
struct SkipDevice {
  MacAddress mac;
  std::string code;
  std::string reason;
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
  static constexpr std::uint32_t snapshot_schema = 1;

  enum class Phase : std::uint8_t { none, running, paused, over };
  BOOST_DESCRIBE_NESTED_ENUM(Phase, none, running, paused, over)
  struct State {
    Uuid id;
    Phase phase = Phase::none;
    std::vector<MacAddress> skipped;
    BOOST_DESCRIBE_CLASS(State, (), (id, phase, skipped), (), ())
  };
  using Command = std::variant<StartCampaign, PauseCampaign, ResumeCampaign, CancelCampaign, SkipDevice, AbortCampaign,
                               CompleteCampaign>;

  static State initial() { return {}; }
  static Result<std::vector<Event>> decide(const State& state, const Command& command, const Context& context);
  static State evolve(State state, const Event& event);
  static bool defines(const Event& event);
};

}  // namespace strowger::actors
