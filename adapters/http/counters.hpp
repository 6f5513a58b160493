// What the server counts. Each loop's thread writes its own, so that counting costs no contention; a reader sums them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace strowger::http {

// The upper bounds of the latency buckets; one more takes the rest.
inline constexpr std::array<std::chrono::microseconds, 14> latency_bounds{
    std::chrono::microseconds(50),        std::chrono::microseconds(100),       std::chrono::microseconds(250),
    std::chrono::microseconds(500),       std::chrono::microseconds(1'000),     std::chrono::microseconds(2'500),
    std::chrono::microseconds(5'000),     std::chrono::microseconds(10'000),    std::chrono::microseconds(25'000),
    std::chrono::microseconds(50'000),    std::chrono::microseconds(100'000),   std::chrono::microseconds(500'000),
    std::chrono::microseconds(1'000'000), std::chrono::microseconds(10'000'000)};

struct Counts {
  std::array<std::uint64_t, 6> by_class{};  // [2]: 2xx
  std::array<std::uint64_t, latency_bounds.size() + 1> latency{};
  std::uint64_t latency_sum_us = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t accepted = 0;             // connections
  std::uint64_t refused_connections = 0;  // over a limit
  std::uint64_t shed_requests = 0;        // 503: too many in flight
  std::uint64_t malformed_requests = 0;
  std::uint64_t timed_out = 0;    // connections closed by a time limit
  std::uint64_t connections = 0;  // now
  std::uint64_t in_flight = 0;    // now: requests whose handler waits for others
};

// Written by one thread, read by any.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void subtract() { value_.store(value_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed); }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct LoopCounters {
  std::array<Counter, 6> by_class;
  std::array<Counter, latency_bounds.size() + 1> latency;
  Counter latency_sum_us;
  Counter bytes_sent;
  Counter accepted;
  Counter refused_connections;
  Counter shed_requests;
  Counter malformed_requests;
  Counter timed_out;
  Counter connections;
  Counter in_flight;

  void record(std::uint16_t status, std::size_t bytes, std::chrono::microseconds took) {
    by_class[status >= 100 && status < 600 ? status / 100u : 5].add();
    std::size_t bucket = 0;
    while (bucket < latency_bounds.size() && took > latency_bounds[bucket]) ++bucket;
    latency[bucket].add();
    latency_sum_us.add(static_cast<std::uint64_t>(took.count()));
    bytes_sent.add(bytes);
  }

  void add_to(Counts& sum) const {
    for (std::size_t i = 0; i < by_class.size(); ++i) sum.by_class[i] += by_class[i].get();
    for (std::size_t i = 0; i < latency.size(); ++i) sum.latency[i] += latency[i].get();
    sum.latency_sum_us += latency_sum_us.get();
    sum.bytes_sent += bytes_sent.get();
    sum.accepted += accepted.get();
    sum.refused_connections += refused_connections.get();
    sum.shed_requests += shed_requests.get();
    sum.malformed_requests += malformed_requests.get();
    sum.timed_out += timed_out.get();
    sum.connections += connections.get();
    sum.in_flight += in_flight.get();
  }
};

}  // namespace strowger::http
