// Keeps strangers from filling the log: so many lines of a kind at once, and so many a second; those above are counted.
// One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace strowger::sip {

class LineBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  LineBudget(double at_once, double per_second) : at_once_(at_once), per_second_(per_second), left_(at_once) {}

  // False: the line is counted instead of written.
  bool take(Time now) {
    left_ = std::min(at_once_, left_ + per_second_ * std::max(0.0, std::chrono::duration<double>(now - at_).count()));
    at_ = now;
    if (left_ < 1) {
      ++withheld_;
      return false;
    }
    left_ -= 1;
    return true;
  }
  // Lines counted since the last call.
  std::uint64_t take_withheld() { return std::exchange(withheld_, 0); }

 private:
  double at_once_;
  double per_second_;
  double left_;
  Time at_{};
  std::uint64_t withheld_ = 0;
};

}  // namespace strowger::sip
