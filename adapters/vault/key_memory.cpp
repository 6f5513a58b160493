#include "adapters/vault/key_memory.hpp"

#include <new>

#include <sodium.h>

namespace strowger::vault {
namespace {

constexpr std::size_t keys_in_a_block = 2'048;

}  // namespace

void KeyMemory::Free::operator()(void* block) const {
  sodium_free(block);
}

KeyMemory::Slot KeyMemory::take() {
  if (free_.empty()) {
    void* block = sodium_malloc(keys_in_a_block * key_bytes);
    if (block == nullptr) throw std::bad_alloc();
    blocks_.emplace_back(block);
    for (std::size_t i = keys_in_a_block; i > 0; --i)
      free_.push_back(static_cast<unsigned char*>(block) + (i - 1) * key_bytes);
  }
  const Slot slot = free_.back();
  free_.pop_back();
  return slot;
}

void KeyMemory::give_back(Slot slot) {
  sodium_memzero(slot, key_bytes);
  free_.push_back(slot);
}

}  // namespace strowger::vault
