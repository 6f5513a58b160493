// Sees to it that phones run the configuration that the log says they should (ARCHITECTURE section 5).
//
//   an event that may change files ─▶ the file's ETag now ─▶ differs from what the phone was last served?
//     ─▶ ConfigWanted ─▶ its turn in the wave ─▶ RebootRequested (the reboot reactor sends the NOTIFY)
//     ─▶ ConfigServed of the wanted ETag ─▶ DeviceConverged ─▶ the phone registers ─▶ DeviceReturned
//     ─▶ no such fetch by its time ─▶ RebootRetryScheduled, in the end RebootFailed
//
// A phone that fetches before its turn has come is not told. A phone that was never served any file is left alone: it
// fetches when it boots.
//
// What follows from what is decided in wave.hpp, device by device. This class carries it out: it follows the log, hands
// each fact to the wave that it is about, wakes waves when they are due (schedule.hpp), goes over the devices that a
// template or a setting concerns (sweeps.hpp), and looks at every device now and then, to find what a crash kept from
// being looked at.
//
// Threads: one follower, which owns everything here; replies of entities are handed over to it.
// Complexity: O(log n) for each event and each step of a device, n being the devices that have not converged; nothing
// for those that wait. A change of many devices looks at each of them once or twice.
#pragma once

#include "actors/convergence/affected.hpp"
#include "actors/convergence/counters.hpp"
#include "actors/convergence/schedule.hpp"
#include "actors/convergence/sweeps.hpp"
#include "actors/log_follower.hpp"
#include "actors/reboot/busy_phones.hpp"
#include "actors/registrar/binding.hpp"
#include "actors/router.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace strowger::convergence {

class ConvergenceReactor {
 public:
  struct World {
    EventLog& log;
    actors::Entities<actors::Device>& devices;
    const DevicesProjection& projection;  // current up to `from` when this is made
    const registrar::Bindings& bindings;
    const reboot::BusyPhones& busy;
    // Of the file that the device would be sent now; fails where it would get none.
    std::function<Result<std::string>(const DefinitionPtr&)> etag;
    // Calls when queries have applied a position (ProjectionRunner::when_applied).
    std::function<void(Position, std::function<void()>)> when_applied;
    // Which verb makes the vendor's phone take over a change of this kind.
    std::function<RebootVerb(const std::string& vendor, RebootReason)> verb;
    std::function<Policy()> policy;
    Clock clock;
    std::function<void(const Error&)> trouble;
    Counters* counters = nullptr;  // none: nothing is counted
  };

  ConvergenceReactor(World world, Position from, Drive drive = Drive::own_thread);
  ~ConvergenceReactor();
  ConvergenceReactor(ConvergenceReactor&&) = delete;

  // Driven by hand: up to `max` events, and what is due.
  Step step(std::size_t max);
  // Nothing is being looked at, asked or waited for, but for devices that were given up. O(waves): for tests.
  bool at_rest() const;
  // Asks whether all that events up to a position may change was looked at, and what it led to decided. Any thread,
  // also when this is gone.
  std::function<bool(Position)> looked() const;

 private:
  struct Entry {
    DeviceWave wave;
    Indexed indexed{};
  };
  struct Shared;
  // What one call of between() may still do, so that the log is followed meanwhile.
  struct Budget {
    std::size_t steps;
    std::size_t looks;
  };

  // Following.
  bool wanted(const Record& record) const;
  void follow(const Envelope& envelope);
  void follow_device(const Envelope& envelope, const MacAddress& mac);
  void phone_seen(const ExtensionNumber& extension, const std::optional<MacAddress>& said, Instant at);
  void count(const Event& event);
  void mark(const Affected& affected, const Envelope& envelope);
  Instant instant_of(Timestamp date);
  void load();

  // What is due.
  void between();
  std::chrono::nanoseconds rest() const;
  void take_answers();
  void read_policy();
  void learn();
  void run_due(Budget& budget);
  void run_sweeps(Budget& budget);
  void run_round(Budget& budget);
  void run_turns(Budget& budget);
  void await_positions();
  void publish_looked();

  Context context() const { return {now_.instant, known_, policy_}; }
  bool may_ask() const;
  void hand(const MacAddress& mac, WaveFact fact);
  std::optional<WaveFact> carry_out(const MacAddress& mac, DeviceWave& wave, Command command);
  std::optional<Looked> look(const MacAddress& mac, Recheck why) const;
  void take_turn(const MacAddress& mac);
  Bound find_phone(const MacAddress& mac, Instant after) const;
  void ask(const MacAddress& mac, AskDevice command);

  World world_;
  Policy policy_;
  std::optional<Instant> policy_read_;
  std::shared_ptr<Shared> shared_;
  std::unordered_map<MacAddress, Entry> waves_;
  Schedule schedule_;
  Sweeps sweeps_;
  Now now_;
  Position followed_{};
  Position applied_{};
  Position known_{};         // followed and applied
  bool awaiting_ = false;    // to be told that a position is applied
  std::size_t asks_ = 0;     // under way
  bool more_ = false;        // is due than one call does
  bool first_round_ = true;  // which a start begins with
  std::optional<MacAddress> round_at_;
  Instant next_page_{};      // of the round
  std::uint64_t steps_ = 0;  // of the clock
  std::optional<Instant> stepped_at_;
  std::unique_ptr<actors::LogFollower> follower_;  // last: its thread uses the rest
};

}  // namespace strowger::convergence
