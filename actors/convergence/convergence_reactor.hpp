// Sees to it that phones run the configuration that the log says they should (ARCHITECTURE section 5).
//
//   an event that may change files ─▶ the file's ETag now ─▶ differs from what the phone was last served?
//     ─▶ ConfigWanted ─▶ its turn in the wave ─▶ RebootRequested (the reboot reactor sends the NOTIFY)
//     ─▶ ConfigServed of the wanted ETag ─▶ DeviceConverged ─▶ the phone registers ─▶ DeviceReturned
//     ─▶ no such fetch by its time ─▶ RebootRetryScheduled, in the end RebootFailed
//
// A phone that fetches before its turn has come is not told. What a phone that was never served any file would be sent
// is nobody's concern: it asks when it is there.
//
// What a fetch or a request to reboot is about may be older than a change that is before it in the log and was looked
// at: each request is looked at too, and each fetch for a while after a change.
//
// Threads: one follower, which owns everything here; replies of entities are handed over to it. Facts stay facts: of
// each ConfigServed only the MAC address is looked at, against the table of the devices that have not converged, and of
// those that changed lately. The first is loaded from the devices projection and kept by the same fold, so timers
// survive a crash: they are dates in events, which become instants of this process when they are loaded or followed,
// so that no step of the clock runs them out or puts them off. What a crash kept from being looked at is found by the
// round over all devices that each start begins with.
#pragma once

#include "actors/convergence/affected.hpp"
#include "actors/convergence/counters.hpp"
#include "actors/convergence/pace.hpp"
#include "actors/device/device.hpp"
#include "actors/log_follower.hpp"
#include "actors/reboot/busy_phones.hpp"
#include "actors/registrar/binding.hpp"
#include "actors/router.hpp"
#include "events/projections/devices.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace strowger::convergence {

struct Policy {
  Pace pace;
  std::chrono::seconds fetch_deadline{180};  // from the phone's answer to its fetch
  std::uint16_t retries = 3;                 // after the first attempt
  std::chrono::seconds first_backoff{30};    // doubles with each attempt
  std::chrono::seconds longest_backoff{900};
  // A phone that registers after it could not be told has booted, and its fetch is on its way.
  std::chrono::seconds registration_grace{30};
  // Changes that come together are looked at together.
  std::chrono::milliseconds settle{300};
  std::chrono::seconds round_every{600};
  std::chrono::seconds return_within{600};  // how long a registration after the fetch is waited for
};

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
    std::function<void(const std::string& line)> log_line;
    std::function<void(const Error&)> trouble;
    Counters* counters = nullptr;  // none: nothing is counted
  };

  ConvergenceReactor(World world, Position from, Drive drive = Drive::own_thread);
  ~ConvergenceReactor();
  ConvergenceReactor(ConvergenceReactor&&) = delete;

  // Driven by hand: up to `max` events, and a round of what is due.
  Step step(std::size_t max) { return follower_->step(max); }
  // Nothing is being looked at, asked or waited for, but for devices that were given up.
  bool at_rest() const;
  // Asks whether all that events up to a position may change was looked at, and what it led to decided. Any thread,
  // also when this is gone.
  std::function<bool(Position)> looked() const;

 private:
  struct Fetched {
    Instant at;
    Uuid event;
  };
  // A device that has not converged.
  struct Open {
    ExtensionNumber extension;
    std::vector<ExtensionNumber> former;  // that its phone may still be on
    std::string site;
    Convergence state;
    Instant since;                   // it is open for this configuration
    Instant changed;                 // the stage
    Instant retry;                   // the next attempt, where it is retrying
    Instant told_at;                 // the last time; or since when it is open
    bool asking = false;             // a command is under way
    Position looked{};               // what it led to is not in the table before this position is followed
    Instant hold{};                  // the command failed: not before this time again
    std::optional<Fetched> fetched;  // what is wanted: to be decided upon; the phone may register again before
    std::optional<Instant> early;    // the phone fetched, but something older: its fetch is overdue then
    std::optional<Instant> rearm;    // it was given up, and its phone is there again
    Instant heard{};                 // when its extension's phone was last heard of

    void moves_to(const ExtensionNumber& other) {
      if (extension == other) return;
      if (!extension.text().empty()) former.push_back(extension);
      extension = other;
    }
  };
  // May have another file now.
  struct Dirty {
    RebootReason reason = RebootReason::config_changed;
    Position cause{};
    Uuid correlation;
    Uuid causation;
    Position after{};  // queries must have applied this
    Instant due;
    bool again = false;  // once more later: what files are made of is put in force after its event
  };
  struct Returning {
    Uuid reboot;
    Instant fetched;
    Uuid correlation;
    Uuid causation;
  };
  using Opens = std::map<MacAddress, Open>;
  struct Shared;

  // Following.
  bool wanted(const Record& record);
  void follow(const Envelope& envelope);
  void follow_device(const Envelope& envelope, const MacAddress& mac);
  void count(const Event& event);
  void served(const Envelope& envelope, const ConfigServed& fact);
  void look_again(const MacAddress& mac, const Envelope& envelope, RebootReason reason);
  void phone_is_there(const ExtensionNumber& extension, const std::optional<MacAddress>& said, Instant at);
  Instant instant_of(Timestamp date);
  void keep(const MacAddress& mac, const Convergence& state);
  bool came_back(const DeviceRow& row, const Open& open) const;
  void mark(const Affected& affected, const Envelope& envelope);
  void load();

  // What is due.
  void between();
  void take_replies();
  void say_looked();
  void look_at_dirty(Instant now);
  void look_at(const MacAddress& mac, const Dirty& dirty);
  void go_round(Instant now);
  void find_overdue(Instant now);
  void overdue(const MacAddress& mac, Open& open, std::string code, std::string reason);
  void run_wave(const Now& now);
  void tell(const MacAddress& mac, Open& open);
  void find_returned(Instant now);

  void ask(const MacAddress& mac, Open& open, actors::Device::Command command);
  void ask(const MacAddress& mac, Open& open, actors::Device::Command command, Cause cause);
  void say_fetched(const MacAddress& mac, Open& open);

  World world_;
  Policy policy_;
  std::shared_ptr<Shared> shared_;
  const Drive drive_;
  std::chrono::steady_clock::time_point next_between_{};
  Opens open_;
  std::size_t failed_ = 0;  // of them
  std::map<MacAddress, Dirty> dirty_;
  std::map<MacAddress, Dirty> changed_;  // lately; due when that is forgotten
  std::map<MacAddress, Returning> returning_;
  Gate gate_;
  Position followed_{};
  Position applied_{};
  Position awaited_{};  // asked to be told when it is applied
  std::size_t looking_ = 0;
  bool round_ = true;  // under way
  std::optional<MacAddress> round_at_;
  Instant next_round_{};
  Instant next_returns_{};
  bool loading_ = true;
  std::uint64_t steps_ = 0;  // of the clock
  std::optional<Instant> stepped_at_;
  std::unique_ptr<actors::LogFollower> follower_;  // last: its thread uses the rest
};

}  // namespace strowger::convergence
