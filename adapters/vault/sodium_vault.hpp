// Secrets at rest: the port events/secret.hpp on libsodium. Read this first.
//
// Each subject (an extension) has a random data key. It is wrapped by a key derived from the master key
// (XChaCha20-Poly1305, bound to subject and key id) and kept as state beside the log, table `vault`. A sealed text is
//     v1.<key id, 16 hex digits>.<base64url of nonce and ciphertext>
// bound to subject and key id too, so that it opens for nobody else. Shredding erases the wrapped key; a later seal()
// makes one with another id, so what was sealed before stays closed.
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

class SodiumVault : public Vault {
 public:
  // Loads the master key, or makes one when the log has never had one. `wrong_master_key` when it is not the one that
  // the log was begun with. The log outlives the vault.
  static Result<std::unique_ptr<SodiumVault>> open(EventLog& log, const MasterKeySource& source,
                                                   std::size_t cached_keys = 200'000);

  // seal() of a new subject and shred() wait for the log: never call them on its writer thread.
  Result<SealedSecret> seal(std::string_view subject, std::string_view clear) override;
  Result<std::string> open(std::string_view subject, const SealedSecret& sealed) const override;
  Result<void> shred(std::string_view subject) override;

  // A key for another purpose (signing tokens, nonces): always the same for one master key and purpose, and none of
  // them tells anything about another.
  std::array<unsigned char, 32> derive_key(std::string_view purpose) const;

 private:
  using KeyId = std::array<unsigned char, 8>;
  struct CachedKey {
    KeyId id{};
    KeyMemory::Slot slot = nullptr;
  };

  SodiumVault(EventLog& log, MasterKey master, std::size_t cached_keys);
  // Calls use(id, key) with the subject's data key while it is locked in place. `secret_shredded` when there is none.
  template <class Use>
  auto with_key(std::string_view subject, Use use) const -> decltype(use(KeyId{}, nullptr));
  Result<void> fetch(std::string_view subject) const;
  Result<void> make_key(std::string_view subject);
  // Keeps the key, unless something was shredded since `shreds` was read: it might be this one.
  void cache(std::string_view subject, const KeyId& id, const unsigned char* key, std::uint64_t shreds) const;
  std::uint64_t shreds() const;
  std::mutex& making(std::string_view subject);

  EventLog& log_;
  const MasterKey master_;
  const std::size_t cached_keys_;
  std::array<std::mutex, 64> making_;  // by subject: one thread makes or destroys its key
  mutable std::shared_mutex mutex_;    // guards what follows
  mutable KeyMemory memory_;
  mutable std::unordered_map<std::string, CachedKey> keys_;
  std::uint64_t shreds_ = 0;
};

}  // namespace strowger::vault
