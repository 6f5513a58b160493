#include "tests/phones/readers.hpp"

namespace strowger::phones {

Reader grandstream_reader() {
  return {.read = [](const PhoneFile&) { return PhoneAsConfigured(); },
          .gaps = [](const PhoneFile&) { return std::vector<Reader::Gap>{{"*", "no reader yet"}}; }};
}

}  // namespace strowger::phones
