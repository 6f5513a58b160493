// The hash chain through the log, which shows what a checksum cannot: a record that was changed, dropped, added or
// moved by somebody who could also make its checksum fit.
//
//   hash = SHA-256(hash of the record before · position, big-endian · SHA-256(the record's body))
// The first record of a log follows on 32 zero bytes. A record of format 1, which carries no hash, stands in the chain
// with the SHA-256 of all its stored bytes: so a log that an older release began is chained from there on.
//
// The body goes in by its digest, so that a record whose body is no longer there (it was folded into a summary) is
// still proved by the two hashes that are left of it.
#pragma once

#include "events/ids.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace strowger::rocks {

inline constexpr std::size_t hash_bytes = 32;
using Hash = std::array<unsigned char, hash_bytes>;

std::string to_hex(const Hash& hash);
Result<Hash> hash_from_hex(std::string_view text);  // 64 hex digits

// Makes hashes without allocating. One thread at a time.
class Hasher {
 public:
  Hasher();

  Hash digest(std::string_view bytes);
  // The hash of a record.
  Hash link(const Hash& previous, Position position, std::string_view body) {
    return link_digest(previous, position, digest(body));
  }
  Hash link_digest(const Hash& previous, Position position, const Hash& body);

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

// Where a log ends: its last position and that record's hash. A log without records ends at 0 with zeros.
struct ChainEnd {
  Position position{};
  Hash hash{};

  bool operator==(const ChainEnd&) const = default;
};

}  // namespace strowger::rocks
