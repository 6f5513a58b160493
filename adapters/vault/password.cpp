#include "adapters/vault/password.hpp"

#include <array>

#include <sodium.h>

namespace strowger::vault {

Result<PasswordHash> hash_password(std::string_view clear) {
  if (sodium_init() < 0) return internal_error("libsodium cannot be initialised");
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), clear.data(), clear.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return unavailable("out_of_memory", "no memory to hash a password; try again after a moment");
  return PasswordHash{text.data()};
}

bool verify_password(const PasswordHash& hash, std::string_view clear) {
  if (hash.empty()) {
    (void)hash_password(clear);
    return false;
  }
  if (sodium_init() < 0) return false;
  return crypto_pwhash_str_verify(hash.text.c_str(), clear.data(), clear.size()) == 0;
}

}  // namespace strowger::vault
