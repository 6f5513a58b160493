// For std::visit: one lambda an alternative.
#pragma once

namespace strowger {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace strowger
