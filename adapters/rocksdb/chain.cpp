#include "adapters/rocksdb/chain.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include <boost/algorithm/hex.hpp>

namespace strowger::rocks {
namespace {

// OpenSSL fails here only where it has no SHA-256 at all.
void must(int done) {
  if (done != 1) throw std::runtime_error("OpenSSL cannot make a SHA-256");
}

}  // namespace

std::string to_hex(const Hash& hash) {
  std::string text;
  boost::algorithm::hex_lower(hash.begin(), hash.end(), std::back_inserter(text));
  return text;
}

Result<Hash> hash_from_hex(std::string_view text) {
  const auto fault = [] { return malformed("bad_hash", "a hash has 64 hex digits"); };
  Hash hash;
  if (text.size() != 2 * hash.size()) return fault();
  try {
    boost::algorithm::unhex(text.begin(), text.end(), hash.begin());
  } catch (const boost::algorithm::hex_decode_error&) {
    return fault();
  }
  return hash;
}

Hasher::Hasher() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  must(context_ ? 1 : 0);
  must(EVP_DigestInit_ex2(context_.get(), EVP_sha256(), nullptr));
}

Hash Hasher::digest(std::string_view bytes) {
  Hash hash;
  must(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr));  // the same digest again: nothing is allocated
  must(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  must(EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr));
  return hash;
}

Hash Hasher::link_digest(const Hash& previous, Position position, const Hash& body) {
  std::array<char, hash_bytes + 8 + hash_bytes> joined;
  auto* const middle = std::copy(previous.begin(), previous.end(), joined.begin());
  auto place = number(position);
  for (int i = 7; i >= 0; --i, place >>= 8) middle[i] = static_cast<char>(place & 0xff);
  std::copy(body.begin(), body.end(), middle + 8);
  return digest({joined.data(), joined.size()});
}

}  // namespace strowger::rocks
