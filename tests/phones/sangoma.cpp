#include "tests/phones/hanlong.hpp"

namespace strowger::phones {

Reader sangoma_reader() {
  return {.read = read_hanlong, .gaps = hanlong_gaps};
}

}  // namespace strowger::phones
