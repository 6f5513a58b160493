// The one key that everything secret hangs on, and where it comes from.
#pragma once

#include "events/error.hpp"

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::vault {

// Looked at in this order; the first that is there is taken.
struct MasterKeySource {
  // A systemd credential: $CREDENTIALS_DIRECTORY/strowger-master-key.
  std::optional<std::filesystem::path> credentials_directory;
  // The value of STROWGER_MASTER_KEY: 32 bytes in hex or base64.
  std::optional<std::string> text;
  // data_dir/master.key: 32 bytes. Refused when others than its owner may read it. Made when there is none.
  std::filesystem::path file;

  // The key comes from outside: the environment or a credential, which is not ours to change.
  bool supplied() const;
  // What a rotation makes: the new key until it has taken the file's place, and the one before.
  std::filesystem::path next_file() const;
  std::filesystem::path previous_file() const;

  // With the two environment variables as they are now.
  static MasterKeySource from_environment(const std::filesystem::path& data_dir);
};

class MasterKey {
 public:
  static constexpr std::size_t bytes = 32;

  // Errors name the source and what to do: `bad_master_key`, `master_key_readable`, `master_key_unavailable`,
  // and `master_key_missing` when there is none and `may_create` is false.
  static Result<MasterKey> load(const MasterKeySource& source, bool may_create);

  // The key that a rotation left beside the file; none where there is none.
  static Result<std::optional<MasterKey>> load_next(const MasterKeySource& source);
  // Makes a new key, durably, as source.next_file(). One that is there already was never in force.
  static Result<MasterKey> make_next(const MasterKeySource& source);
  // The next key is in force: it takes the file's place in one step, and what was there is kept as previous_file().
  static Result<void> promote_next(const MasterKeySource& source);
  static void forget_next(const MasterKeySource& source);

  // crypto_kdf: a subkey for a purpose.
  std::array<unsigned char, 32> derive(std::string_view purpose) const;
  const std::string& origin() const { return origin_; }  // for messages

 private:
  struct Free {
    void operator()(unsigned char* key) const;
  };
  MasterKey(const unsigned char* key, std::string origin);
  static Result<MasterKey> from(std::string_view text, const std::string& origin, bool may_be_raw);
  static Result<MasterKey> create(const std::filesystem::path& path);
  std::unique_ptr<unsigned char, Free> key_;
  std::string origin_;
};

}  // namespace strowger::vault
