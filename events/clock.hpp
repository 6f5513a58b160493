// The two times of a process, and one object that gives both.
//
//   Timestamp  a date: what people and the log see. People, NTP and a resumed virtual machine set it forward and back.
//   Instant    of this process: it only goes forward. Every duration is measured with it.
//
// They are distinct types: one cannot be compared with, or subtracted from, the other. A duration that must survive a
// restart is stored as a date, and turned into an instant when it is loaded (due_at, begun_at); one that is kept as a
// date alone is asked of within(), which knows the steps that the clock has made.
#pragma once

#include "events/time.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>

namespace strowger {

// Both, read together.
struct Now {
  Timestamp date;
  Instant instant;
};

// Threads: any. Copies share what was seen of the clock's steps.
class Clock {
 public:
  using Dates = std::function<Timestamp()>;
  using Instants = std::function<Instant()>;

  // It begins when it is first asked.
  Clock(Dates dates, Instants instants);
  // The machine's: system_now, with the steady clock beside it. It begins now.
  Clock(Timestamp (*dates)());  // NOLINT(google-explicit-constructor): as system_now
  // A clock that its owner moves, and that never steps: both times are what `dates` says. For tests.
  template <class F>
    requires(std::is_class_v<std::remove_cvref_t<F>> && !std::same_as<std::remove_cvref_t<F>, Clock> &&
             std::is_invocable_r_v<Timestamp, F&>)
  Clock(F dates)  // NOLINT(google-explicit-constructor)
      : Clock(Dates(dates), [dates]() mutable { return Instant(dates().time_since_epoch()); }) {}

  Timestamp operator()() const { return now().date; }
  Instant instant() const;
  Now now() const;

  // Whether what began at this date and takes so long is still under way, whatever steps the clock has made since: a
  // date may have been read from the clock as it was before a step, and counts as that clock does for `length` after
  // the step. A date that lies ahead by every clock that is remembered was written by an earlier process whose clock
  // was ahead: it began no later than this one did.
  // Complexity: O(steps of the clock that are remembered), at most 64.
  bool within(Timestamp begun, std::chrono::microseconds length) const;
  // The date, not trusted before it has run evenly for so long: the earliest of what the clocks of that time say now.
  // What destroys something asks this.
  Timestamp settled(std::chrono::microseconds held) const;
  // For how long it has run evenly: since its last step that was seen, or since it began.
  Instant::duration held() const;
  // Since this clock began.
  Instant::duration uptime() const;
  // How often the clock was seen to step by a second or more; it is looked at whenever the time is read.
  std::uint64_t steps() const;

 private:
  struct Times;
  std::shared_ptr<Times> times_;
};

// A date that lies ahead, as an instant; no sooner than now and no later than `longest` from now, whatever a clock that
// stepped has made of it.
inline Instant due_at(const Now& now, Timestamp date, std::chrono::microseconds longest) {
  if (date <= now.date) return now.instant;
  return now.instant + (date - longest >= now.date ? longest : date - now.date);
}
// A date that has passed, as an instant; no later than now and no sooner than `longest` ago.
inline Instant begun_at(const Now& now, Timestamp date, std::chrono::microseconds longest) {
  if (date >= now.date) return now.instant;
  return now.instant - (date + longest <= now.date ? longest : now.date - date);
}
// What people are shown of an instant.
inline Timestamp date_of(const Now& now, Instant instant) {
  return now.date + std::chrono::floor<std::chrono::microseconds>(instant - now.instant);
}

}  // namespace strowger
