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

  // With the two environment variables as they are now.
  static MasterKeySource from_environment(const std::filesystem::path& data_dir);
};

class MasterKey {
 public:
  static constexpr std::size_t bytes = 32;

  // Errors name the source and what to do: `bad_master_key`, `master_key_readable`, `master_key_unavailable`,
  // and `master_key_missing` when there is none and `may_create` is false.
  static Result<MasterKey> load(const MasterKeySource& source, bool may_create);

  // crypto_kdf: a subkey for a purpose.
  std::array<unsigned char, 32> derive(std::string_view purpose) const;
  const std::string& origin() const { return origin_; }  // for messages

 private:
  struct Free {
    void operator()(unsigned char* key) const;
  };
  MasterKey(const unsigned char* key, std::string origin);
  std::unique_ptr<unsigned char, Free> key_;
  std::string origin_;
};

}  // namespace strowger::vault
