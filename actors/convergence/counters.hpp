// What became of reboots since the start, for metrics. Written by the convergence reactor's thread, read by any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace strowger::convergence {

// Upper bounds, in seconds: a resync takes some, a reboot one or two minutes, retries and quiet hours longer.
inline constexpr std::array<double, 12> seconds_bounds{1, 5, 15, 30, 60, 120, 300, 600, 1'800, 3'600, 14'400, 86'400};

struct Counters {
  using Count = std::atomic<std::uint64_t>;
  Count asked = 0;       // phones were told, each attempt counted
  Count accepted = 0;    // and said yes,
  Count refused = 0;     // no,
  Count unanswered = 0;  // or nothing
  Count deferred = 0;    // were in a call
  Count retried = 0;     // another attempt was scheduled
  Count failed = 0;      // devices given up
  Count converged = 0;   // devices that came to run what they should

  // How long that took, from when it was wanted: each bucket's own count; the last takes what is above all bounds.
  struct Seconds {
    std::array<double, seconds_bounds.size()> bounds = seconds_bounds;
    std::array<std::uint64_t, seconds_bounds.size() + 1> counts{};
    double sum = 0;
  };
  void took(double seconds) {
    std::size_t bucket = 0;
    while (bucket < seconds_bounds.size() && seconds > seconds_bounds[bucket]) ++bucket;
    buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.store(sum_.load(std::memory_order_relaxed) + seconds, std::memory_order_relaxed);
  }
  Seconds seconds() const {
    Seconds out;
    for (std::size_t i = 0; i < buckets_.size(); ++i) out.counts[i] = buckets_[i].load(std::memory_order_relaxed);
    out.sum = sum_.load(std::memory_order_relaxed);
    return out;
  }

 private:
  std::array<Count, seconds_bounds.size() + 1> buckets_{};
  std::atomic<double> sum_ = 0;
};

}  // namespace strowger::convergence
