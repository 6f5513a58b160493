// Memory for many small keys: locked where the system allows it, kept out of core dumps, wiped when a key goes.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace strowger::vault {

// Not safe from several threads; its owner guards it.
class KeyMemory {
 public:
  static constexpr std::size_t key_bytes = 32;
  using Slot = unsigned char*;  // key_bytes of it

  Slot take();
  void give_back(Slot slot);  // wiped

 private:
  struct Free {
    void operator()(void* block) const;
  };
  std::vector<std::unique_ptr<void, Free>> blocks_;
  std::vector<Slot> free_;
};

}  // namespace strowger::vault
