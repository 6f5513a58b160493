// Passwords that only have to be recognised, not read: argon2id (RFC 9106) through libsodium.
#pragma once

#include "events/secret.hpp"

#include <string_view>

namespace strowger::vault {

// About 50 ms of one core and 64 MB while it runs: on a thread that may take that long, a few at a time.
Result<PasswordHash> hash_password(std::string_view clear);
// As dear as hashing. An empty hash recognises nothing, but takes the time, so that an unknown user is not told apart.
bool verify_password(const PasswordHash& hash, std::string_view clear);

}  // namespace strowger::vault
