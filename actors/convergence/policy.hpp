// How phones are brought to the configuration that they should run: settings and their defaults.
#pragma once

#include "actors/convergence/pace.hpp"

#include <chrono>
#include <cstdint>

namespace strowger::convergence {

struct Policy {
  Pace pace;
  std::chrono::seconds fetch_deadline{180};  // from the phone's answer to its fetch
  std::uint16_t retries = 3;                 // after the first attempt
  std::chrono::seconds first_backoff{30};    // doubles with each attempt
  std::chrono::seconds longest_backoff{900};
  // A phone that registers after it could not be told has booted, and its fetch is on its way.
  std::chrono::seconds registration_grace{30};
  // Changes that come together are looked at together.
  std::chrono::milliseconds settle{300};
  std::chrono::seconds round_every{600};
  std::chrono::seconds return_within{600};  // how long a registration after the fetch is waited for
  bool operator==(const Policy&) const = default;
};

}  // namespace strowger::convergence
