// Nonces that nobody has to remember: each carries its time and is signed, so that a flood of unauthenticated requests
// costs no memory. Only one that a client has used successfully is noted, with the highest nonce count seen, which is
// what refuses a replay. One thread.
//
// Their time is that of this process (events/clock.hpp), counted from a random point: no step of the clock makes one
// stale or keeps it alive, and one of before the start lies outside, which makes it stale without any clock. What was
// used then is unknown.
//
// Memory is bounded: notes are kept by the time their nonces were issued; when there are too many the oldest go, and
// every nonce as old as those is stale from then on.
#pragma once

#include "events/time.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <sodium/crypto_auth_hmacsha256.h>

namespace strowger::digest {

using NonceKey = std::array<unsigned char, 32>;

class Nonces {
 public:
  struct Options {
    std::chrono::seconds lifetime{300};
    std::size_t max_noted = 262144;  // about 60 bytes each
  };
  // What a nonce that is ours says of itself.
  struct Nonce {
    std::int64_t issued = 0;  // microseconds since the start; of another start: unspecified
    std::uint64_t serial = 0;
    bool stale = false;
  };
  enum class Use : std::uint8_t { fresh, repeated, replayed };

  Nonces(const NonceKey& key, Options options, Instant started);

  std::string issue(Instant now);
  // None where it was not signed with the key.
  std::optional<Nonce> read(std::string_view text, Instant now) const;
  // Notes the use of a nonce whose digest was right and that is not stale. `fingerprint` names the whole request: the
  // same count with the same fingerprint is the same request once more, not a replay.
  Use use(const Nonce& nonce, std::uint32_t count, std::uint64_t fingerprint);
  std::size_t noted() const { return noted_; }
  // Of one that is not stale.
  Instant issued_at(const Nonce& nonce) const {
    return started_ + std::chrono::duration_cast<Instant::duration>(std::chrono::microseconds(nonce.issued));
  }

 private:
  struct Note {
    std::uint32_t count = 0;
    std::uint64_t fingerprint = 0;
  };
  struct Slice {  // nonces issued within the same few seconds
    std::int64_t index = 0;
    std::unordered_map<std::uint64_t, Note> notes;
  };
  using Bytes = std::array<unsigned char, 32>;  // time, serial, the first 16 bytes of the signature

  std::int64_t since_start(Instant now) const;
  void sign(Bytes& bytes) const;
  Slice& slice(std::int64_t index);
  void shed();

  Options options_;
  crypto_auth_hmacsha256_state keyed_;
  const Instant started_;
  std::uint64_t epoch_ = 0;  // random: what a nonce issued at the start carries as its time
  std::uint64_t serial_ = 0;
  std::int64_t floor_ = -1;   // nonces issued up to here are stale
  std::deque<Slice> slices_;  // by index, which never lies ahead
  std::size_t noted_ = 0;
};

}  // namespace strowger::digest
