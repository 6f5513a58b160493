// Work that is given up because nobody waits for it any more. A function that loops over text of users takes a
// std::stop_token, asks it now and then, and fails with this.
#pragma once

#include "events/error.hpp"

#include <cstddef>
#include <stop_token>

namespace strowger {

inline Error stopped() {
  return unavailable("stopped", "The work was given up because nobody waits for it any more. Ask again.");
}

// Asks a token in the first and then in every 1,024th round of a loop.
class StopCheck {
 public:
  explicit StopCheck(std::stop_token token) : token_(std::move(token)) {}
  bool requested() { return (rounds_++ & 1023U) == 0 && token_.stop_requested(); }

 private:
  std::stop_token token_;
  std::size_t rounds_ = 0;
};

}  // namespace strowger
