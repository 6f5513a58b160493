// Changes that may concern many devices: a template, a setting. Their devices are looked at one after the other, and
// what remains of a change is a cursor, whatever the number of devices.
//
// A sweep goes over the devices of its scope in the order of their MAC addresses. Another change of the same scope
// while it is under way does not begin it anew: it goes on and comes round once more to where it was. So a stream of
// changes keeps no device from being looked at.
//
// Threads: one. Complexity: O(log n) for each page and question, n being the sweeps: at most one for each model of the
// catalog, and one for all devices.
#pragma once

#include "actors/convergence/wave.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace strowger::convergence {

// Of a device: <vendor>_<model>.
using ModelKey = std::string;

class Sweeps {
 public:
  // The devices of a model, or all where there is none: at most `max` above `after`, by MAC.
  using Devices = std::function<std::vector<MacAddress>(const std::optional<ModelKey>& model,
                                                        const std::optional<MacAddress>& after, std::size_t max)>;
  explicit Sweeps(Devices devices) : devices_(std::move(devices)) {}

  // The files of the model's devices, or of all, may be others now. `twice`: each is looked at once more later.
  void begin(const std::optional<ModelKey>& model, const Change& change, const Context& context);

  struct Page {
    std::vector<MacAddress> macs;
    Recheck why;
  };
  // The next devices to look at; none: nothing is due.
  std::optional<Page> next(const Context& context, std::size_t max);
  // When to ask again, as of a wave.
  Due due(const Context& context) const;

  // The device is yet to be looked at for a change that is due.
  std::optional<Recheck> ahead(const ModelKey& model, const MacAddress& mac, const Context& context) const;
  // The last change that concerned such a device lately; none: null.
  const Change* lately(const ModelKey& model) const;
  // Whether some change of many devices is recent.
  bool any_recent() const { return !recent_.empty(); }
  void forget(Instant now);

  bool empty() const { return sweeps_.empty(); }
  std::optional<Position> first_unlooked() const;

 private:
  using Scope = std::optional<ModelKey>;
  struct Sweep {
    Recheck why;
    std::optional<MacAddress> cursor{};  // the last that was looked at
    std::optional<MacAddress> until{};   // it comes round to here
    bool round = false;                  // it has passed the end
  };
  bool is_ahead(const Sweep& sweep, const MacAddress& mac) const;
  void end(std::map<Scope, Sweep>::iterator sweep, const Context& context);

  Devices devices_;
  std::map<Scope, Sweep> sweeps_;
  std::map<Scope, Recent> recent_;
};

}  // namespace strowger::convergence
