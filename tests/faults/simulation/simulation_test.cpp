#include "tests/faults/simulation/simulation.hpp"

#include <cstdlib>

using namespace strowger;
using namespace strowger::test::simulation;

namespace {

// Of each half. Under sanitizers a seed takes thirty times as long.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif
constexpr std::uint64_t half = sanitized ? 50 : 500;

// STROWGER_SEED=42 or STROWGER_SEED=5000-9000 instead of a case's own.
struct Seeds {
  std::uint64_t first;
  std::uint64_t last;
};
Seeds seeds(Seeds own) {
  const char* chosen = std::getenv("STROWGER_SEED");
  if (chosen == nullptr) return own;
  char* rest = nullptr;
  const auto first = std::strtoull(chosen, &rest, 10);
  return {first, *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : first};
}

std::string report(std::uint64_t seed, const Simulation& run, const std::string& what) {
  constexpr std::size_t shown = 120;
  const auto& trace = run.trace();
  std::string text = "seed " + std::to_string(seed) + ", step " + std::to_string(trace.size()) + ": " + what + "\n";
  text += "Again with: STROWGER_SEED=" + std::to_string(seed) + " " + SIMULATION_PROGRAM + "\nThe last steps:\n";
  for (std::size_t i = trace.size() > shown ? trace.size() - shown : 0; i < trace.size(); ++i)
    text += "  " + std::to_string(i + 1) + " " + trace[i] + "\n";
  constexpr std::size_t records_shown = 40;
  const auto records = run.disk().log.records();
  text += "The log's last events:\n";
  for (std::size_t i = records.size() > records_shown ? records.size() - records_shown : 0; i < records.size(); ++i)
    text += "  " + std::to_string(i + 1) + " " + records[i].stream.text() + " " + std::string(records[i].type) +
            " by " + records[i].by + " " + std::string(records[i].data) + "\n";
  return text;
}

void run(Seeds chosen, Simulation::WallClock wall_clock = Simulation::WallClock::runs_evenly) {
  std::size_t failed = 0;
  std::string first;
  for (auto seed = chosen.first; seed <= chosen.last; ++seed) {
    Simulation simulation(seed, wall_clock);
    const auto violation = simulation.run();
    if (violation && failed++ == 0) first = report(seed, simulation, *violation);
  }
  INFO(first);
  INFO(failed << " of " << chosen.last - chosen.first + 1 << " seeds failed; the first:");
  CHECK(failed == 0);
}

}  // namespace

TEST_CASE("whatever happens in whatever order, promises are kept: the first half of the seeds") {
  run(seeds({1, half}));
}

TEST_CASE("whatever happens in whatever order, promises are kept: the second half of the seeds") {
  run(seeds({half + 1, 2 * half}));
}

TEST_CASE("promises are kept while the wall clock is set forward and back") {
  run(seeds({1, half}), Simulation::WallClock::is_set);
}

TEST_CASE("a seed is a run") {
  Simulation one(7), two(7), other(8);
  CHECK_FALSE(one.run());
  CHECK_FALSE(two.run());
  CHECK_FALSE(other.run());
  CHECK(one.trace() == two.trace());
  CHECK(one.disk().log.records() == two.disk().log.records());
  CHECK(one.trace() != other.trace());
}
