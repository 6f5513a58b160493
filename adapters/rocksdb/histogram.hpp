// Counts by size, for metrics. Written by one thread without a lock, read by any; a reader may see the newest sample in
// one of the numbers and not yet in another.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace strowger::rocks {

template <std::size_t N>
struct HistogramValues {
  std::array<double, N> bounds{};             // the buckets' upper bounds…
  std::array<std::uint64_t, N + 1> counts{};  // …each bucket's own count; the last takes what is above all bounds
  double sum = 0;
};

template <std::size_t N>
class Histogram {
 public:
  explicit Histogram(const std::array<double, N>& bounds) : bounds_(bounds) {}

  void record(double value) {
    std::size_t bucket = 0;
    while (bucket < N && value > bounds_[bucket]) ++bucket;
    counts_[bucket].store(counts_[bucket].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
  }

  HistogramValues<N> values() const {
    HistogramValues<N> values{bounds_, {}, sum_.load(std::memory_order_relaxed)};
    for (std::size_t i = 0; i <= N; ++i) values.counts[i] = counts_[i].load(std::memory_order_relaxed);
    return values;
  }

 private:
  const std::array<double, N> bounds_;
  std::array<std::atomic<std::uint64_t>, N + 1> counts_{};
  std::atomic<double> sum_{0};
};

// In seconds.
inline constexpr std::array<double, 14> latency_bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                       0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
inline constexpr std::array<double, 13> size_bounds{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
using LatencyHistogram = Histogram<latency_bounds.size()>;
using SizeHistogram = Histogram<size_bounds.size()>;
using Latencies = HistogramValues<latency_bounds.size()>;
using Sizes = HistogramValues<size_bounds.size()>;

}  // namespace strowger::rocks
