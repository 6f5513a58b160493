// Counts what comes again: says which sightings are the first of their kind within a window, and hands out the counts
// of the others when their window is over. Bounded: a source has its few different ones, all sources together have
// theirs, and what is beyond is counted as others of the source, or of all.
//
// No clock, no thread, no log: sightings.hpp has those. One thread at a time.
#pragma once

#include "events/time.hpp"

#include <bitset>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace strowger::http {

// About how many different ones there were, in 4 kB: good to a percent up to a hundred thousand.
class DifferentOnes {
 public:
  void add(std::string_view key) { seen_->set(std::hash<std::string_view>{}(key) % bits); }
  std::uint64_t count() const {
    const auto empty = std::max<std::size_t>(1, bits - seen_->count());
    return static_cast<std::uint64_t>(
        std::llround(-static_cast<double>(bits) * std::log(static_cast<double>(empty) / static_cast<double>(bits))));
  }

 private:
  static constexpr std::size_t bits = 32'768;
  std::unique_ptr<std::bitset<bits>> seen_ = std::make_unique<std::bitset<bits>>();
};

struct FoldingLimits {
  std::size_t of_source = 100;  // different ones that are told of one source
  std::size_t of_all = 4'096;   // and of all sources
  std::size_t sources = 100;    // that have their others counted for themselves
};

// `T` is the sighting.
template <class T>
class Folding {
 public:
  using Ticks = std::chrono::steady_clock::time_point;

  struct Again {
    T last;
    std::uint64_t count = 0;
    Timestamp first_seen, last_seen;
  };
  struct Others {
    std::string source;  // empty: of many
    std::uint64_t count = 0;
    std::uint64_t different = 0;
    std::map<std::string, std::uint64_t> codes;
    Timestamp first_seen, last_seen;
  };
  struct Closed {
    std::vector<Again> again;
    std::vector<Others> others;
  };

  explicit Folding(FoldingLimits limits = {}) : limits_(limits) {}

  struct Sighting {
    std::string key;  // what makes two the same; begins with the source
    std::string source;
    std::string code;
    Timestamp time;
  };
  // True for the first of its kind: tell it at once. The others are counted until their window ends.
  bool add(const Sighting& seen, T what, Ticks now, Ticks::duration window) {
    if (const auto known = kinds_.find(seen.key); known != kinds_.end()) {
      count(known->second, seen.time, std::move(what));
      return false;
    }
    auto& of_source = of_source_[seen.source];
    if (kinds_.size() < limits_.of_all && of_source < limits_.of_source) {
      ++of_source;
      kinds_.emplace(seen.key, Kind{{std::move(what), 0, seen.time, seen.time}, seen.source});
      ends_.emplace_back(now + window, seen.key);
      return true;
    }
    if (of_source == 0) of_source_.erase(seen.source);
    auto& rest = others_of(seen.source, now + window);
    if (rest.others.count++ == 0) rest.others.first_seen = seen.time;
    rest.others.last_seen = seen.time;
    ++rest.others.codes[seen.code];
    rest.different.add(seen.key);
    return false;
  }
  // A first one that could not be told after all: it is counted with those that follow.
  void take_back(const Sighting& seen, T what, Ticks now, Ticks::duration window) {
    auto known = kinds_.find(seen.key);
    if (known == kinds_.end()) {
      ++of_source_[seen.source];
      known = kinds_.emplace(seen.key, Kind{{what, 0, seen.time, seen.time}, seen.source}).first;
      ends_.emplace_back(now + window, seen.key);
    }
    auto& again = known->second.again;
    if (again.count++ == 0) again.last_seen = seen.time;
    again.first_seen = seen.time;
  }

  // Those whose window is over.
  Closed close(Ticks now) {
    Closed closed;
    for (; !ends_.empty() && ends_.front().first <= now; ends_.pop_front()) {
      const auto kind = kinds_.find(ends_.front().second);
      if (const auto source = of_source_.find(kind->second.source); --source->second == 0) of_source_.erase(source);
      if (kind->second.again.count > 0) closed.again.push_back(std::move(kind->second.again));
      kinds_.erase(kind);
    }
    for (auto rest = others_.begin(); rest != others_.end();) {
      if (rest->second.ends > now) {
        ++rest;
        continue;
      }
      rest->second.others.different = rest->second.different.count();
      closed.others.push_back(std::move(rest->second.others));
      rest = others_.erase(rest);
    }
    return closed;
  }
  bool idle() const { return ends_.empty() && others_.empty(); }
  std::optional<Ticks> next_end() const {
    std::optional<Ticks> next;
    if (!ends_.empty()) next = ends_.front().first;
    for (const auto& [source, rest] : others_)
      if (!next || rest.ends < *next) next = rest.ends;
    return next;
  }

  // What is counted by now.
  template <class Visit>
  void each(Visit visit) const {
    for (const auto& [key, kind] : kinds_)
      if (kind.again.count > 0) visit(kind.again);
    for (const auto& [source, rest] : others_) {
      auto others = rest.others;
      others.different = rest.different.count();
      visit(others);
    }
  }

 private:
  struct Kind {
    Again again;
    std::string source;
  };
  struct Rest {
    Others others;
    DifferentOnes different;
    Ticks ends;
  };

  static void count(Kind& kind, Timestamp time, T&& what) {
    auto& again = kind.again;
    if (again.count++ == 0) again.first_seen = time;
    again.last_seen = time;
    again.last = std::move(what);
  }
  Rest& others_of(const std::string& source, Ticks ends) {
    // The place for many sources is always there beside the others.
    const bool own = others_.contains(source) || others_.size() < limits_.sources;
    const auto& name = own ? source : std::string();
    auto [found, fresh] = others_.try_emplace(name);
    if (fresh) {
      found->second.others.source = name;
      found->second.ends = ends;
    }
    return found->second;
  }

  const FoldingLimits limits_;
  std::unordered_map<std::string, Kind> kinds_;
  std::deque<std::pair<Ticks, std::string>> ends_;  // of the kinds, in the order in which they came
  std::unordered_map<std::string, std::size_t> of_source_;
  std::map<std::string, Rest> others_;
};

}  // namespace strowger::http
