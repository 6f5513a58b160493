// Who makes a part go on that follows the log: a thread of its own, or whoever calls its step(). The simulation
// (tests/faults/simulation) drives by hand, so that a seed decides about every interleaving.
#pragma once

#include <cstdint>

namespace strowger {

enum class Drive : std::uint8_t { own_thread, by_hand };

// What a step came to.
enum class Step : std::uint8_t {
  more,    // something was done, and there may be more
  idle,    // nothing to do until the log grows
  failed,  // said in the part's own way; worth another try after a pause
};

}  // namespace strowger
