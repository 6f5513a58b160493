#include "actors/convergence/schedule.hpp"

#include <utility>

namespace strowger::convergence {

void TurnQueue::list(const std::string& name, Site& site) {
  const auto first = site.full || site.waiting.empty() ? std::nullopt : std::optional(*site.waiting.begin());
  if (first == site.listed) return;
  if (site.listed) listed_.erase({*site.listed, name});
  if (first) listed_.emplace(*first, name);
  site.listed = first;
}

void TurnQueue::add(const MacAddress& mac, const Place& place) {
  auto& site = sites_[place.site];
  site.waiting.emplace(place.since, mac);
  list(place.site, site);
}

void TurnQueue::remove(const MacAddress& mac, const Place& place) {
  const auto found = sites_.find(place.site);
  if (found == sites_.end()) return;
  found->second.waiting.erase({place.since, mac});
  list(place.site, found->second);
  if (found->second.waiting.empty()) sites_.erase(found);
}

void TurnQueue::set_full(const std::string& site, bool full) {
  const auto found = sites_.find(site);
  if (found == sites_.end()) return;
  found->second.full = full;
  list(site, found->second);
}

std::optional<MacAddress> TurnQueue::first() const {
  if (listed_.empty()) return std::nullopt;
  return listed_.begin()->first.second;
}

void Schedule::index(const MacAddress& mac, const DeviceWave& wave, Indexed& indexed, const Context& context) {
  if (const auto due = convergence::due(wave, context); due != indexed.due) {
    if (due.at != indexed.due.at) {
      if (indexed.due.at) by_time_.erase({*indexed.due.at, mac});
      if (due.at) by_time_.emplace(*due.at, mac);
    }
    if (due.position != indexed.due.position) {
      if (indexed.due.position) by_position_.erase({*indexed.due.position, mac});
      if (due.position) by_position_.emplace(*due.position, mac);
    }
    indexed.due = due;
  }

  std::optional<std::string> slot;
  if (in_flight(wave, context.known)) slot = indexed.slot ? *indexed.slot : wave.site;
  if (slot != indexed.slot) set_slot(indexed.slot, slot);
  indexed.slot = std::move(slot);

  std::optional<TurnQueue::Place> turn;
  if (wave.attempt && wave.attempt->queued) turn = TurnQueue::Place{wave.site, wave.attempt->since};
  if (turn != indexed.turn) {
    if (indexed.turn) turns_.remove(mac, *indexed.turn);
    if (turn) {
      turns_.add(mac, *turn);
      turns_.set_full(turn->site, gate_.full(pace_, turn->site));
    }
    indexed.turn = std::move(turn);
  }

  std::vector<ExtensionNumber> awaited;
  if (awaits_phone(wave)) {
    awaited = wave.former;
    awaited.push_back(wave.extension);
  }
  if (awaited != indexed.awaited) {
    for (const auto& extension : indexed.awaited) {
      const auto found = awaited_.find(extension);
      if (found == awaited_.end()) continue;  // named twice
      found->second.erase(mac);
      if (found->second.empty()) awaited_.erase(found);
    }
    for (const auto& extension : awaited) awaited_[extension].insert(mac);
    indexed.awaited = std::move(awaited);
  }

  if (const auto unlooked = convergence::unlooked(wave); unlooked != indexed.unlooked) {
    if (indexed.unlooked != Position{}) unlooked_.erase(unlooked_.find(indexed.unlooked));
    if (unlooked != Position{}) unlooked_.insert(unlooked);
    indexed.unlooked = unlooked;
  }
}

void Schedule::set_slot(const std::optional<std::string>& before, const std::optional<std::string>& now) {
  if (before) {
    gate_.landed(*before);
    turns_.set_full(*before, gate_.full(pace_, *before));
  }
  if (now) {
    gate_.in_flight(*now);
    turns_.set_full(*now, gate_.full(pace_, *now));
  }
}

std::optional<MacAddress> Schedule::first_due(Instant now) const {
  if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
  return by_time_.begin()->second;
}

std::optional<Instant> Schedule::next_due() const {
  if (by_time_.empty()) return std::nullopt;
  return by_time_.begin()->first;
}

std::vector<MacAddress> Schedule::known(Position position, std::size_t max) const {
  std::vector<MacAddress> out;
  for (auto at = by_position_.begin(); at != by_position_.end() && at->first <= position && out.size() < max; ++at)
    out.push_back(at->second);
  return out;
}

std::optional<Position> Schedule::last_awaited() const {
  if (by_position_.empty()) return std::nullopt;
  return by_position_.rbegin()->first;
}

std::optional<Position> Schedule::first_unlooked() const {
  if (unlooked_.empty()) return std::nullopt;
  return *unlooked_.begin();
}

void Schedule::refill(const Pace& pace, const Now& now) {
  gate_.refill(pace, now);
  if (pace == pace_) return;
  pace_ = pace;
  turns_.set_all([this](const std::string& site) { return gate_.full(pace_, site); });
}

std::optional<MacAddress> Schedule::next_turn() const {
  return gate_.closed(pace_) ? std::nullopt : turns_.first();
}

std::vector<MacAddress> Schedule::awaiting(const ExtensionNumber& extension) const {
  const auto found = awaited_.find(extension);
  if (found == awaited_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace strowger::convergence
