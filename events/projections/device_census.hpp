// How many devices stand how, counted as events come, so that nobody has to look at each of them to tell.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace strowger {

// Whether a device's phone runs what it should.
// converged: runs the present configuration · pending: is being brought to · stale: runs another, and nobody has begun
// · failed: was told and did not come to it · unreachable: cannot be told · waiting: never fetched yet · unservable:
// would be sent no file.
enum class ConvergenceState : std::uint8_t { converged, pending, stale, failed, unreachable, waiting, unservable };
inline constexpr std::size_t convergence_states = 7;

// registered: never fetched · rebooting: told, not back yet · reboot_failed: refused or unanswered · stale: runs
// another configuration than it would be sent now · provisioned: runs the present one · unservable: would be sent none.
enum class DeviceStatus : std::uint8_t { registered, rebooting, reboot_failed, stale, provisioned, unservable };
inline constexpr std::size_t device_statuses = 6;

struct DeviceStanding {
  ConvergenceState state = ConvergenceState::waiting;
  DeviceStatus status = DeviceStatus::registered;
  bool deferred = false;  // pending, until its call ends

  // Neither converged nor waiting for its first boot.
  bool unsettled() const { return state != ConvergenceState::converged && state != ConvergenceState::waiting; }
  bool operator==(const DeviceStanding&) const = default;
};

struct DeviceCounts {
  std::size_t devices = 0;
  std::array<std::size_t, convergence_states> by_state{};
  std::array<std::size_t, device_statuses> by_status{};
  std::size_t deferred = 0;  // of those that are pending

  std::size_t of(ConvergenceState state) const { return by_state[static_cast<std::size_t>(state)]; }
  std::size_t of(DeviceStatus status) const { return by_status[static_cast<std::size_t>(status)]; }
  void add(const DeviceStanding& standing) {
    ++devices;
    ++by_state[static_cast<std::size_t>(standing.state)];
    ++by_status[static_cast<std::size_t>(standing.status)];
    deferred += standing.deferred ? 1 : 0;
  }
  void remove(const DeviceStanding& standing) {
    --devices;
    --by_state[static_cast<std::size_t>(standing.state)];
    --by_status[static_cast<std::size_t>(standing.status)];
    deferred -= standing.deferred ? 1 : 0;
  }
  bool operator==(const DeviceCounts&) const = default;
};

}  // namespace strowger
