// Secrets at rest: the port events/secret.hpp on libsodium. Read this first.
//
// Each owner of secrets (an extension, while it exists) has a random data key. It is wrapped by a key derived from the
// master key (XChaCha20-Poly1305, bound to the key's id) and kept as state beside the log, table `vault`, under its id.
// A sealed text is
//     v1.<key id, 16 hex digits>.<base64url of nonce and ciphertext>
// bound to that id too. Shredding erases the wrapped key: what it sealed stays closed.
//
// A data key is written before the event that names it, so a crash in between leaves one that nothing uses. Each new
// key is noted in the table `vault_unused`, with the log's end at that time, until a sweep finds its id in a later
// event; those that an earlier process left and no event names are destroyed. So a sealed secret has to be in an event:
// one that is only in a state table loses its key at the next start.
//
// The master key never leaves its locked memory; the log knows a fingerprint of it, so that a start with another key
// is refused before anything is sealed with it.
#pragma once

#include "adapters/vault/key_memory.hpp"
#include "adapters/vault/master_key.hpp"
#include "events/log.hpp"
#include "events/secret.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

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

  // seal(), seal_all() and shred() wait for the log: never call them on its writer thread.
  Result<SealedSecret> seal(std::string_view clear) override;
  Result<std::vector<SealedSecret>> seal_all(const std::vector<std::string>& clear) override;
  Result<SealedSecret> seal_like(const SealedSecret& sibling, std::string_view clear) override;
  Result<std::string> open(const SealedSecret& sealed) const override;
  Result<void> shred(const SealedSecret& sealed) override;

  // Sweeps the notes of `vault_unused`. Reads the events that came since the oldest of them; call it on a thread that
  // nobody waits for. One thread at a time. A stop ends it early, and nothing was done.
  struct Sweep {
    std::size_t used = 0;       // keys that were found in an event
    std::size_t destroyed = 0;  // that an earlier process left, and no event names
  };
  Result<Sweep> sweep(const std::stop_token& stop);

  // Of the master key in force.
  std::array<unsigned char, 32> derive_key(std::string_view purpose) const { return derived_key(*master(), purpose); }

  // Puts another master key in force, while everything goes on: open() as ever, seal() and shred() wait for the one
  // write. All data keys are wrapped anew in a single synced append, beside the fingerprint and `record`, the event of
  // it; so whenever the process ends, one key or the other opens everything, and the next start finds out which:
  //   1. the new key is written to master.key.next, and read back
  //   2. the append; from here on the new key is the one
  //   3. every data key is read back and unwrapped
  //   4. master.key is kept as master.key.previous, which backups made before still need; .next takes its place
  // Where the master key is supplied from outside, step 4 is the operator's: the new one stays in master.key.next, and
  // starts find it there, until what is supplied is that key.
  struct Rotation {
    std::size_t data_keys = 0;
    std::filesystem::path key_file;       // where the new master key is
    std::filesystem::path previous_file;  // where the old one is kept; empty: where it was supplied from
  };
  Result<Rotation> rotate(const std::function<NewRecord(std::size_t data_keys)>& record);

 private:
  using KeyId = std::uint64_t;  // random

  using MasterPtr = std::shared_ptr<const MasterKey>;

  SodiumVault(EventLog& log, MasterKeySource source, MasterKey master, std::size_t cached_keys);
  Result<void> find_left_over();
  // Erases their rows and what is cached of them, and the notes of `noted`, too.
  Result<void> erase(const std::vector<KeyId>& destroyed, const std::vector<KeyId>& noted);
  // Calls use(key) with the data key while it is locked in place. `secret_shredded` when there is none.
  template <class Use>
  auto with_key(KeyId id, Use use) const -> decltype(use(nullptr));
  Result<SealedSecret> seal_with(KeyId id, std::string_view clear) const;
  Result<void> fetch(KeyId id) const;
  Result<std::vector<KeyId>> make_keys(std::size_t count);  // in one write
  void cache(KeyId id, const unsigned char* key, std::uint64_t shreds) const;
  void make_room() const;
  std::uint64_t shreds() const;
  MasterPtr master() const;
  Result<std::size_t> wrap_anew(const MasterKey& next, const std::function<NewRecord(std::size_t)>& record);
  Result<void> prove(const MasterKey& key, std::size_t data_keys) const;

  EventLog& log_;
  const MasterKeySource source_;
  const std::size_t cached_keys_;
  std::unordered_set<KeyId> left_over_;  // noted by an earlier process; the sweeping thread's
  std::shared_mutex rotation_;           // shared: who makes or destroys a data key; alone: who wraps them anew
  mutable std::shared_mutex mutex_;      // guards what follows
  mutable KeyMemory memory_;
  // Those that are open in memory. When there is no room for another, the oldest goes that was not used since it was
  // last passed over.
  struct Cached {
    KeyMemory::Slot slot{};
    std::list<KeyId>::iterator age;  // in ages_
    std::atomic<bool> used = false;
  };
  mutable std::unordered_map<KeyId, Cached> keys_;
  mutable std::list<KeyId> ages_;  // of keys_, oldest first
  std::uint64_t shreds_ = 0;
  MasterPtr master_;
  MasterPtr next_;  // while data keys are being wrapped by it
};

}  // namespace strowger::vault
