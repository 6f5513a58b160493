// The reactor's indexes over its waves: who is due, whose turn is next, what is in flight, who waits for a phone.
//
// Threads: one. Complexity: O(log n) for each change of one wave, n being the waves that are in the same index; O(1) to
// see that nothing is due.
#pragma once

#include "actors/convergence/wave.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace strowger::convergence {

// Devices that wait for their turn: the one that has waited longest first, of sites that are not full.
class TurnQueue {
 public:
  struct Place {
    std::string site;
    Instant since;
    bool operator==(const Place&) const = default;
  };
  void add(const MacAddress& mac, const Place& place);
  void remove(const MacAddress& mac, const Place& place);
  // Devices of a site that is full are passed over.
  void set_full(const std::string& site, bool full);
  // As set_full, for every site that somebody waits at. O(sites).
  template <class IsFull>
  void set_all(const IsFull& is_full) {
    for (auto& [name, site] : sites_) {
      site.full = is_full(name);
      list(name, site);
    }
  }
  std::optional<MacAddress> first() const;
  bool empty() const { return sites_.empty(); }

 private:
  using Key = std::pair<Instant, MacAddress>;
  struct Site {
    std::set<Key> waiting;
    bool full = false;
    std::optional<Key> listed;
  };
  void list(const std::string& name, Site& site);

  std::unordered_map<std::string, Site> sites_;   // where somebody waits
  std::set<std::pair<Key, std::string>> listed_;  // the first of each site that is not full
};

// What the indexes hold of a wave.
struct Indexed {
  Due due{};
  std::optional<TurnQueue::Place> turn{};
  std::optional<std::string> slot{};       // in flight, at this site
  std::vector<ExtensionNumber> awaited{};  // its phone is waited for on these
  Position unlooked{};
};

class Schedule {
 public:
  // Brings the indexes up to what the wave is now. `indexed` is what they hold of it.
  void index(const MacAddress& mac, const DeviceWave& wave, Indexed& indexed, const Context& context);

  // --- Who is due
  std::optional<MacAddress> first_due(Instant now) const;
  std::optional<Instant> next_due() const;
  // Those that wait for a position up to this one: to be indexed anew.
  std::vector<MacAddress> known(Position position, std::size_t max) const;
  std::optional<Position> last_awaited() const;
  // The earliest event that has not been looked at by all whom it may concern.
  std::optional<Position> first_unlooked() const;

  // --- Who may be told
  void refill(const Pace& pace, const Now& now);
  std::optional<MacAddress> next_turn() const;  // none also where nobody may be told now
  bool waiting() const { return !turns_.empty(); }
  bool quiet() const { return gate_.quiet(); }
  void told() { gate_.spend(pace_); }

  // --- Whose phone is waited for
  bool awaits_any() const { return !awaited_.empty(); }
  std::vector<MacAddress> awaiting(const ExtensionNumber& extension) const;

 private:
  void set_slot(const std::optional<std::string>& before, const std::optional<std::string>& now);

  std::set<std::pair<Instant, MacAddress>> by_time_;
  std::set<std::pair<Position, MacAddress>> by_position_;
  std::multiset<Position> unlooked_;
  std::unordered_map<ExtensionNumber, std::set<MacAddress>> awaited_;
  TurnQueue turns_;
  Gate gate_;
  Pace pace_;
};

}  // namespace strowger::convergence
