// The load: keep-alive connections that each ask for one file after the other. The same for the peer and for ours.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace strowger::bench {

struct LoadResult {
  std::uint64_t replies = 0;
  std::uint64_t failures = 0;  // not 200, or a broken connection
  std::uint64_t bytes = 0;
  std::chrono::microseconds took{0};
  double rate() const { return static_cast<double>(replies) * 1e6 / static_cast<double>(took.count()); }
};

// One thread with epoll. `paths` are asked for in a shuffled order of the seed.
LoadResult run_load(std::uint16_t port, unsigned connections, const std::vector<std::string>& paths,
                    std::chrono::milliseconds time, std::uint64_t seed);

}  // namespace strowger::bench
