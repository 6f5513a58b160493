// Sees the phones out of an extension that was disabled or deleted: each that is a device is told first, where it is
// registered, to fetch its file; then the extension's bindings go. Told, a phone whose user got another number comes
// back with that one; untold, it would keep asking for one that it is refused.
//
//   ExtensionDisabled, ExtensionDeleted ─▶ RebootRequested for each device that has a phone there ─▶ its phone
//   answered,
//     or did not within `told_within` ─▶ the bindings are dropped; after `longest` whoever was told
//
// Nobody can register or refresh meanwhile: the SIP side refuses the extension from the moment queries know. The pace
// is that of reboots; quiet hours do not count, since a phone without a number is of no use to anybody.
//
// After a crash, a start finds the bindings of extensions that are gone and goes on with them. A phone is told once for
// each time that its extension went (by idempotency key).
//
// Threads: one follower, which owns everything here. Complexity: a start looks at every binding, and reads the streams
// of those extensions that are gone and have one; else O(bindings of the extension).
#pragma once

#include "actors/convergence/pace.hpp"
#include "actors/device/device.hpp"
#include "actors/log_follower.hpp"
#include "actors/reboot/busy_phones.hpp"
#include "actors/registrar/binding.hpp"
#include "actors/router.hpp"
#include "events/clock.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/extensions.hpp"

#include <functional>
#include <map>
#include <memory>

namespace strowger::convergence {

struct EvictionTimes {
  std::chrono::seconds told_within{45};  // more than an answer to a NOTIFY may take
  std::chrono::seconds longest{600};
};

class Evictions {
 public:
  struct World {
    EventLog& log;
    actors::Entities<actors::Device>& devices;
    const DevicesProjection& device_rows;  // both current up to `from` when this is made
    const ExtensionsProjection& extension_rows;
    const registrar::Bindings& bindings;
    const reboot::BusyPhones& busy;
    // Of the file that the device would be sent now; fails where it would get none.
    std::function<Result<std::string>(const DefinitionPtr&)> etag;
    // Calls when queries have applied a position (ProjectionRunner::when_applied).
    std::function<void(Position, std::function<void()>)> when_applied;
    std::function<Pace()> pace;
    // Hands over to who registers phones.
    std::function<void(const ExtensionNumber&, UnregisterReason)> drop;
    Clock clock;
    std::function<void(const std::string& line)> log_line;
    std::function<void(const Error&)> trouble;
    EvictionTimes times{};
  };

  Evictions(World world, Position from, Drive drive = Drive::own_thread);
  ~Evictions();
  Evictions(Evictions&&) = delete;

  // Driven by hand: up to `max` events, and what is due.
  Step step(std::size_t max) { return follower_->step(max); }
  // Nobody is being told or waited for. Driven by hand only.
  bool at_rest() const;

 private:
  enum class Stage : std::uint8_t { waits, asked, told, over };
  struct Telling {
    Stage stage = Stage::waits;
    std::string site;
    Instant since{};
    Instant hold{};  // asking failed: not before this time again
  };
  struct Leaving {
    Uuid event;  // that disabled or deleted it
    Uuid correlation;
    Instant give_up{};
    bool looked = false;  // whose phones are there
    std::map<MacAddress, Telling> devices{};
  };
  struct Shared;

  void find_left_over();
  void follow(const ExtensionNumber& number, const Envelope& envelope);
  void between();
  void take_replies();
  void look(const ExtensionNumber& number, Leaving& leaving);
  void tell(const ExtensionNumber& number, Leaving& leaving, const MacAddress& mac, Telling& telling);
  bool is_over(const ExtensionNumber& number, const MacAddress& mac, Telling& telling) const;
  bool see_out(const ExtensionNumber& number, Leaving& leaving);

  World world_;
  std::shared_ptr<Shared> shared_;
  std::map<ExtensionNumber, Leaving> leaving_;
  Gate gate_;
  std::unique_ptr<actors::LogFollower> follower_;  // last: its thread uses the rest
};

}  // namespace strowger::convergence
