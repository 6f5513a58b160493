// HTTP Digest (RFC 7616; RFC 3261 section 22 and RFC 8760 for SIP): the computing that who asks and who is asked share.
// How a message carries it is the matter of adapters/sip and adapters/http.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <openssl/evp.h>

namespace strowger::digest {

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

// What an Authorization header says, values without their quotes.
struct DigestClaim {
  std::string username, realm, nonce, uri, response, cnonce, opaque;
  std::string qop;  // empty: RFC 2069, without one
  std::uint32_t nc = 0;
  std::string nc_text;                                  // as hashed
  std::optional<Algorithm> algorithm = Algorithm::md5;  // none: one that is not spoken

  // Takes one name=value of the header, quotes and all.
  void take(std::string_view name, std::string_view value);
};

// RFC 7616 section 3.4.1. `body` matters for auth-int only.
HexDigest digest_response(Hasher& hasher, Algorithm algorithm, std::string_view ha1, std::string_view method,
                          const DigestClaim& claim, std::string_view body = {});
HexDigest digest_ha1(Hasher& hasher, Algorithm algorithm, std::string_view username, std::string_view realm,
                     std::string_view password);
// The value of a WWW-Authenticate header.
std::string challenge(std::string_view realm, std::string_view nonce, Algorithm algorithm, bool stale);

bool same_digest(std::string_view left, std::string_view right);  // in constant time, any case
bool same_token(std::string_view left, std::string_view right);   // any case
std::string in_quotes(std::string_view text);
std::string unquoted(std::string_view text);  // without quotes and backslashes

}  // namespace strowger::digest
