// Secrets at rest: the port events/secret.hpp on libsodium. Read this first.
//
// Each owner of secrets (an extension, while it exists) has a random data key. It is wrapped by a key derived from the
// master key (XChaCha20-Poly1305, bound to the key's id) and kept as state beside the log, table `vault`, under its id.
// A sealed text is
//     v1.<key id, 16 hex digits>.<base64url of nonce and ciphertext>
// bound to that id too. Shredding erases the wrapped key: what it sealed stays closed.
//
// The master key never leaves its locked memory; the log knows a fingerprint of it, so that a start with another key
// is refused before anything is sealed with it.
#pragma once

#include "adapters/vault/key_memory.hpp"
#include "adapters/vault/master_key.hpp"
#include "events/log.hpp"
#include "events/secret.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace strowger::vault {

// A key for another purpose (signing tokens, nonces): always the same for one master key and purpose, and none of them
// tells anything about another.
std::array<unsigned char, 32> derived_key(const MasterKey& master, std::string_view purpose);

class SodiumVault : public Vault {
 public:
  // Loads the master key, or makes one when the log has never had one. `wrong_master_key` when it is not the one that
  // the log was begun with. The log outlives the vault.
  static Result<std::unique_ptr<SodiumVault>> open(EventLog& log, const MasterKeySource& source,
                                                   std::size_t cached_keys = 200'000);

  // seal() and shred() wait for the log: never call them on its writer thread.
  Result<SealedSecret> seal(std::string_view clear) override;
  Result<SealedSecret> seal_like(const SealedSecret& sibling, std::string_view clear) override;
  Result<std::string> open(const SealedSecret& sealed) const override;
  Result<void> shred(const SealedSecret& sealed) override;

  std::array<unsigned char, 32> derive_key(std::string_view purpose) const { return derived_key(master_, purpose); }

 private:
  using KeyId = std::uint64_t;  // random

  SodiumVault(EventLog& log, MasterKey master, std::size_t cached_keys);
  // Calls use(key) with the data key while it is locked in place. `secret_shredded` when there is none.
  template <class Use>
  auto with_key(KeyId id, Use use) const -> decltype(use(nullptr));
  Result<SealedSecret> seal_with(KeyId id, std::string_view clear) const;
  Result<void> fetch(KeyId id) const;
  Result<KeyId> make_key();
  void cache(KeyId id, const unsigned char* key, std::uint64_t shreds) const;
  std::uint64_t shreds() const;

  EventLog& log_;
  const MasterKey master_;
  const std::size_t cached_keys_;
  mutable std::shared_mutex mutex_;  // guards what follows
  mutable KeyMemory memory_;
  mutable std::unordered_map<KeyId, KeyMemory::Slot> keys_;
  std::uint64_t shreds_ = 0;
};

}  // namespace strowger::vault
