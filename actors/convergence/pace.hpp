// How fast phones are told, so that a site's PoE, DHCP and directory survive.
#pragma once

#include "events/clock.hpp"
#include "events/quiet_hours.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace strowger::convergence {

struct Pace {
  std::uint32_t max_in_flight = 50;  // phones that were told and have not fetched yet; 0: no limit, as below
  std::uint32_t max_per_second = 10;
  std::uint32_t per_site = 0;  // in flight at one site
  QuietHours quiet;
  bool operator==(const Pace&) const = default;
};

// Counts what one wave has in flight and lets so many pass a second.
// Threads: one. Complexity: O(1) each.
class Gate {
 public:
  // The time goes on: more may pass.
  void refill(const Pace& pace, const Now& now) {
    const double most = std::max(1.0, static_cast<double>(pace.max_per_second));
    const auto passed = last_ ? std::chrono::duration<double>(now.instant - *last_).count() : 0;
    tokens_ = last_ ? std::min(most, tokens_ + passed * pace.max_per_second) : most;
    last_ = now.instant;
    quiet_ = pace.quiet.contains(now.date);  // hours of the day: people's time
  }
  // For an owner that counts anew in each round what is in flight.
  void begin(const Pace& pace, const Now& now) {
    refill(pace, now);
    in_flight_ = 0;
    at_site_.clear();
  }
  void in_flight(const std::string& site) {
    ++in_flight_;
    if (!site.empty()) ++at_site_[site];
  }
  // What was in flight is no longer.
  void landed(const std::string& site) {
    --in_flight_;
    if (const auto found = at_site_.find(site); found != at_site_.end() && --found->second == 0) at_site_.erase(found);
  }
  bool closed(const Pace& pace) const {
    return quiet_ || (pace.max_in_flight > 0 && in_flight_ >= pace.max_in_flight) ||
           (pace.max_per_second > 0 && tokens_ < 1);
  }
  bool full(const Pace& pace, const std::string& site) const {
    if (pace.per_site == 0 || site.empty()) return false;
    const auto found = at_site_.find(site);
    return found != at_site_.end() && found->second >= pace.per_site;
  }
  bool closed(const Pace& pace, const std::string& site) const { return closed(pace) || full(pace, site); }
  // One was told. Its owner counts it in flight.
  void spend(const Pace& pace) {
    if (pace.max_per_second > 0) tokens_ -= 1;
  }
  // Whether one more may be told now; then it is in flight.
  bool pass(const Pace& pace, const std::string& site) {
    if (closed(pace, site)) return false;
    spend(pace);
    in_flight(site);
    return true;
  }
  bool quiet() const { return quiet_; }

 private:
  std::optional<Instant> last_;
  double tokens_ = 0;
  std::uint32_t in_flight_ = 0;
  std::unordered_map<std::string, std::uint32_t> at_site_;
  bool quiet_ = false;
};

}  // namespace strowger::convergence
