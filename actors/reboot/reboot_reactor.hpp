// Tells phones to reboot (ARCHITECTURE section 5): for each RebootRequested, a NOTIFY to every binding of the device,
// and what became of it reported to the device as a command.
//
// A phone in a call is told when that has ended.
//
// At least once: what a crash left unanswered is found in the devices projection at the next start and told again.
// The device ignores a second report of one reboot.
//
// No outcome is dropped: a report that the device did not take is made again, and parked (dead_letters.hpp, handler
// "reboots") when it failed too often for another reason than a log that is down or full.
#pragma once

#include "actors/dead_letters.hpp"
#include "actors/device/device.hpp"
#include "actors/log_follower.hpp"
#include "actors/reboot/busy_phones.hpp"
#include "actors/reboot/phone_notifier.hpp"
#include "actors/router.hpp"
#include "events/projections/devices.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace strowger::reboot {

class RebootReactor {
 public:
  struct World {
    EventLog& log;
    actors::Entities<actors::Device>& devices;
    const DevicesProjection& projection;  // current up to `from` when the reactor is made
    const registrar::Bindings& bindings;
    PhoneNotifier& notifier;
    const BusyPhones& busy;
    // The vendor's Event header value for a verb (VENDORS.md section 2).
    std::function<std::string(const std::string& vendor, RebootVerb verb)> event_value;
    std::function<void(const std::string& line)> log_line;
    std::function<void(const Error&)> trouble;
    actors::DeadLetters* parked = nullptr;  // none: failed reports are made again for ever
  };
  static constexpr std::string_view its_name = "reboots";

  // Follows the log from `from`; first tells again what was left unanswered until then.
  RebootReactor(World world, Position from, Drive drive = Drive::own_thread);
  ~RebootReactor();
  RebootReactor(RebootReactor&&) = delete;

  // Driven by hand: up to `max` events.
  Step step(std::size_t max) { return follower_->step(max); }

  // Reboots whose phones are being told now.
  std::size_t under_way() const;

 private:
  struct Reboot {
    MacAddress mac;
    Uuid id;
    ExtensionNumber extension;
    std::string vendor;
    RebootVerb verb = RebootVerb::reboot;
    RebootReason reason = RebootReason::manual;
    Cause cause;  // of the report
  };
  class Telling;
  // Shared with notifications and reports that outlive the reactor.
  struct Shared;

  void tell_left_over();
  void begin(Reboot reboot);
  void tell(const Reboot& reboot);
  void tell_held();
  void retry_reports();
  bool park(const Reboot& reboot, const Error& error, std::uint32_t tries);

  std::shared_ptr<Shared> shared_;
  std::vector<Reboot> held_;  // their phones are in a call; of the follower's thread
  std::unique_ptr<actors::LogFollower> follower_;
};

}  // namespace strowger::reboot
