// HTTP Digest as SIP uses it: RFC 3261 section 22, RFC 7616 and RFC 8760. sofia-sip only knows MD5, so the computing is
// here, over the parameters that its parser has split.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace strowger::sip {

enum class Algorithm : std::uint8_t { md5, sha256 };

std::string_view token(Algorithm algorithm);  // MD5, SHA-256
// No text is MD5 (RFC 7616 section 3.3). The -sess variants are not spoken.
std::optional<Algorithm> parse_algorithm(std::optional<std::string_view> text);

// A hash in lower-case hex.
struct HexDigest {
  std::array<char, 64> digits{};
  std::uint8_t size = 0;

  std::string_view view() const { return {digits.data(), size}; }
};

// Hashes; holds the contexts, so that one hash costs no allocation. One thread.
class Hasher {
 public:
  Hasher();
  // Of the parts, joined by colons.
  HexDigest of(Algorithm algorithm, std::initializer_list<std::string_view> parts);

 private:
  template <auto Drop>
  struct Free {
    template <class T>
    void operator()(T* object) const {
      Drop(object);
    }
  };
  std::unique_ptr<EVP_MD, Free<EVP_MD_free>> md5_;
  std::unique_ptr<EVP_MD, Free<EVP_MD_free>> sha256_;
  std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> context_;
};

// What an Authorization header says; views into the message, values without their quotes.
struct DigestClaim {
  std::string username, realm, nonce, uri, response, cnonce, opaque;
  std::string qop;  // empty: RFC 2069, without one
  std::uint32_t nc = 0;
  std::string nc_text;  // as hashed
  std::optional<Algorithm> algorithm;
};

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

// RFC 7616 section 3.4.1. `body` matters for auth-int only.
HexDigest digest_response(Hasher& hasher, Algorithm algorithm, std::string_view ha1, std::string_view method,
                          const DigestClaim& claim, std::string_view body = {});
HexDigest digest_ha1(Hasher& hasher, Algorithm algorithm, std::string_view username, std::string_view realm,
                     std::string_view password);
// The value of the Authorization or Proxy-Authorization header that answers `challenge`.
std::string answer_challenge(Hasher& hasher, const DigestChallenge& challenge, std::string_view username,
                             std::string_view password, std::string_view method, std::string_view uri,
                             std::string_view cnonce, std::string_view body);

bool same_digest(std::string_view left, std::string_view right);  // in constant time, any case

}  // namespace strowger::sip
