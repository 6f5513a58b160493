// HTTP Digest as SIP uses it: RFC 3261 section 22, RFC 7616 and RFC 8760. sofia-sip only knows MD5, so the computing is
// ours (adapters/digest), over the parameters that its parser has split.
#pragma once

#include "adapters/digest/digest.hpp"
#include "adapters/digest/nonces.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace strowger::sip {

using digest::Algorithm;
using digest::digest_ha1;
using digest::digest_response;
using digest::DigestClaim;
using digest::Hasher;
using digest::HexDigest;
using digest::in_quotes;
using digest::NonceKey;
using digest::Nonces;
using digest::parse_algorithm;
using digest::same_digest;
using digest::token;

// What a 401 or 407 asks for.
struct DigestChallenge {
  std::string realm, nonce, opaque;
  Algorithm algorithm = Algorithm::md5;
  bool algorithm_given = false;  // it is then repeated in the answer
  bool qop_auth = false;
  bool qop_auth_int = false;
};

// `parameters` is a null-terminated list of name=value texts, as sofia-sip splits a header.
DigestClaim read_claim(const char* const* parameters);
// None where the algorithm or every offered qop is unknown.
std::optional<DigestChallenge> read_challenge(const char* const* parameters);

// The value of the Authorization or Proxy-Authorization header that answers `challenge`.
std::string answer_challenge(Hasher& hasher, const DigestChallenge& challenge, std::string_view username,
                             std::string_view password, std::string_view method, std::string_view uri,
                             std::string_view cnonce, std::string_view body);

}  // namespace strowger::sip
