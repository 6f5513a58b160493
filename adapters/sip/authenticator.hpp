// Decides who sends a REGISTER. One thread.
//
// What a stranger learns: nothing. An unknown user is challenged like a known one and refused like one with a wrong
// password, after the same amount of hashing.
#pragma once

#include "adapters/sip/credentials.hpp"
#include "adapters/sip/digest.hpp"
#include "adapters/sip/guess_gate.hpp"
#include "adapters/sip/register_reader.hpp"
#include "adapters/sip/sofia.hpp"

#include <string>
#include <unordered_map>
#include <vector>

#include <sodium/crypto_shorthash.h>

namespace strowger::sip {

struct AuthenticatorOptions {
  std::string realm = "strowger";
  // Offered in this order. RFC 8760 section 2.4 wants the most secure first, but phones that know only MD5 and read
  // only the first challenge (sipp is one) could then not register at all. A user agent on sofia-sip gives up where it
  // sees any challenge that it does not know: such phones want server.sip_digest: md5.
  std::vector<Algorithm> algorithms{Algorithm::md5, Algorithm::sha256};
  // Whether credentials without qop (RFC 2069) are refused, though the challenge offers one. Old phones send them.
  bool require_qop = false;
  Nonces::Options nonces;
  std::size_t max_hashes = 262144;  // extensions whose HA1 is kept
};

class Authenticator {
 public:
  enum class Verdict : std::uint8_t {
    accepted,
    repeated,   // accepted, and the very same request as before
    challenge,  // no credentials, or none that can be judged
    stale,      // right, but for a nonce that is too old or a count that was used: ask again with stale=true
    denied,     // wrong password or no such user
    malformed,  // the credentials contradict the request
    unheard,    // not judged: there were too many wrong passwords (guess_gate.hpp); no answer tells nothing
  };
  struct Outcome {
    Verdict verdict = Verdict::challenge;
    std::optional<ExtensionNumber> user;  // where accepted or repeated; where denied, if there is such an extension
    Instant challenged{};                 // where accepted or repeated: when the nonce was issued
  };

  Authenticator(AuthenticatorOptions options, Credentials credentials, const NonceKey& key, Instant started);

  // Before the first check(). It outlives this.
  void limit_guesses(GuessGate& gate) { gate_ = &gate; }
  // A client that answers each of our challenges sends several Authorization headers: one that is right is enough.
  Outcome check(const sip_t* sip, const Source& source, Instant now);
  // The values of the WWW-Authenticate headers.
  std::vector<std::string> challenges(bool stale, Instant now);
  Hasher& hasher() { return hasher_; }
  const Credentials& credentials() const { return credentials_; }

 private:
  struct Hashes {
    std::uint64_t version = 0;
    std::optional<HexDigest> md5;
    std::optional<HexDigest> sha256;
  };
  Outcome judge(const sip_authorization_t* header, const sip_t* sip, const Source& source, Instant now);
  std::optional<HexDigest> ha1(const ExtensionNumber& extension, Algorithm algorithm);
  std::uint64_t fingerprint(const sip_t* sip, const DigestClaim& claim, std::string_view source) const;

  AuthenticatorOptions options_;
  Credentials credentials_;
  Nonces nonces_;
  Hasher hasher_;
  GuessGate* gate_ = nullptr;
  std::unordered_map<ExtensionNumber, Hashes> hashes_;
  std::array<unsigned char, crypto_shorthash_KEYBYTES> fingerprint_key_{};
};

}  // namespace strowger::sip
