#include "events/clock.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <limits>
#include <mutex>

namespace strowger {
namespace {

constexpr std::chrono::microseconds smallest_clock_step = std::chrono::seconds(1);
constexpr std::chrono::microseconds clocks_read_together = std::chrono::milliseconds(20);
constexpr int clock_readings =
    5;  // until two are together; a machine that is this busy has its clock taken at its word
constexpr std::size_t most_clock_steps = 64;
constexpr std::chrono::microseconds clock_skew =
    std::chrono::minutes(5);  // dates of another machine may be ahead by this
constexpr std::chrono::microseconds longest_clock_span = std::chrono::days(36'500);

std::chrono::microseconds clock_ahead(Timestamp date, Instant instant) {
  return date.time_since_epoch() - std::chrono::floor<std::chrono::microseconds>(instant.time_since_epoch());
}

}  // namespace

struct Clock::Times {
  Dates dates;
  Instants instants;
  std::atomic<bool> begun{false};
  Instant started{};
  std::atomic<std::int64_t> ahead{0};  // of the instants, now
  std::atomic<std::uint64_t> steps{0};

  // What the clock was ahead by before it stepped, and when that was seen; oldest first.
  struct Past {
    std::chrono::microseconds ahead;
    Instant until;
  };
  std::mutex mutex;
  std::deque<Past> past;

  bool same(std::chrono::microseconds is) const {
    const auto known = std::chrono::microseconds(ahead.load(std::memory_order_relaxed));
    return is - known < smallest_clock_step && known - is < smallest_clock_step;
  }
  void stepped(std::chrono::microseconds is, Instant seen);
  void begin();
};

void Clock::Times::begin() {
  if (begun.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex);
  if (begun.load(std::memory_order_relaxed)) return;
  const auto date = dates();
  started = instants();
  ahead.store(clock_ahead(date, started).count(), std::memory_order_relaxed);
  begun.store(true, std::memory_order_release);
}

void Clock::Times::stepped(std::chrono::microseconds is, Instant seen) {
  const std::lock_guard lock(mutex);
  if (same(is)) return;  // another thread saw it
  past.push_back({std::chrono::microseconds(ahead.load(std::memory_order_relaxed)), seen});
  if (past.size() > most_clock_steps) past.pop_front();
  ahead.store(is.count(), std::memory_order_relaxed);
  steps.fetch_add(1, std::memory_order_release);
}

Clock::Clock(Dates dates, Instants instants) : times_(std::make_shared<Times>()) {
  times_->dates = std::move(dates);
  times_->instants = std::move(instants);
}

Clock::Clock(Timestamp (*dates)()) : Clock(Dates(dates), &std::chrono::steady_clock::now) {
  times_->begin();
}

Instant Clock::instant() const {
  times_->begin();
  return times_->instants();
}

// The two cannot be read at once. Where the thread was held up between them they seem to have moved apart: read again.
Now Clock::now() const {
  times_->begin();
  Now now{times_->dates(), times_->instants()};
  if (times_->same(clock_ahead(now.date, now.instant))) return now;
  for (int reading = 0; reading < clock_readings; ++reading) {
    const auto before = times_->instants();
    now = {times_->dates(), times_->instants()};
    if (now.instant - before < clocks_read_together) break;
  }
  if (const auto is = clock_ahead(now.date, now.instant); !times_->same(is)) times_->stepped(is, now.instant);
  return now;
}

Instant::duration Clock::held() const {
  const auto now = this->now();
  const std::lock_guard lock(times_->mutex);
  return now.instant - (times_->past.empty() ? times_->started : times_->past.back().until);
}

Instant::duration Clock::uptime() const {
  return instant() - times_->started;
}

std::uint64_t Clock::steps() const {
  static_cast<void>(now());
  return times_->steps.load(std::memory_order_acquire);
}

bool Clock::within(Timestamp begun, std::chrono::microseconds length) const {
  if (length <= std::chrono::microseconds::zero()) return false;
  length = std::min(length, longest_clock_span);
  const auto now = this->now();
  bool lies_ahead = true;
  const auto under_way = [&](Timestamp date) {
    if (begun > date + clock_skew) return false;
    lies_ahead = false;
    return date - begun < length;
  };
  if (under_way(now.date)) return true;
  if (times_->steps.load(std::memory_order_acquire) > 0) {
    const std::lock_guard lock(times_->mutex);
    for (const auto& past : times_->past)
      if (now.instant - past.until < length &&
          under_way(
              Timestamp(std::chrono::floor<std::chrono::microseconds>(now.instant.time_since_epoch()) + past.ahead)))
        return true;
  }
  return lies_ahead && now.instant - times_->started < length;
}

Timestamp Clock::settled(std::chrono::microseconds held) const {
  const auto now = this->now();
  auto earliest = now.date;
  const std::lock_guard lock(times_->mutex);
  for (const auto& past : times_->past)
    if (now.instant - past.until < held)
      earliest = std::min(
          earliest,
          Timestamp(std::chrono::floor<std::chrono::microseconds>(now.instant.time_since_epoch()) + past.ahead));
  return earliest;
}

}  // namespace strowger
