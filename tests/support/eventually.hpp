// Waiting for a condition with a deadline, instead of sleeping for a guess.
#pragma once

#include <chrono>
#include <thread>

namespace strowger::test {

// Whether `condition()` came true before the deadline. Generous: a loaded machine is slow, a broken one never.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace strowger::test
