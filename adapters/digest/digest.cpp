#include "adapters/digest/digest.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace strowger::digest {

std::string_view token(Algorithm algorithm) {
  return algorithm == Algorithm::md5 ? "MD5" : "SHA-256";
}

std::optional<Algorithm> parse_algorithm(std::optional<std::string_view> text) {
  if (!text || same_token(*text, "MD5") || same_token(*text, "\"MD5\"")) return Algorithm::md5;
  if (same_token(*text, "SHA-256") || same_token(*text, "\"SHA-256\"")) return Algorithm::sha256;
  return std::nullopt;
}

Hasher::Hasher()
    : md5_(EVP_MD_fetch(nullptr, "MD5", nullptr)),
      sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)),
      context_(EVP_MD_CTX_new()) {
  if (!md5_ || !sha256_ || !context_)
    throw std::runtime_error(
        "OpenSSL offers no MD5 or no SHA-256; digest authentication needs both (is a FIPS provider forced?)");
}

HexDigest Hasher::of(Algorithm algorithm, std::initializer_list<std::string_view> parts) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  EVP_DigestInit_ex2(context_.get(), algorithm == Algorithm::md5 ? md5_.get() : sha256_.get(), nullptr);
  bool first = true;
  for (const auto part : parts) {
    if (!first) EVP_DigestUpdate(context_.get(), ":", 1);
    first = false;
    EVP_DigestUpdate(context_.get(), part.data(), part.size());
  }
  EVP_DigestFinal_ex(context_.get(), raw.data(), &size);
  constexpr std::string_view kHex = "0123456789abcdef";
  HexDigest digest;
  for (unsigned i = 0; i < size; ++i) {
    digest.digits[2 * i] = kHex[raw[i] >> 4];
    digest.digits[2 * i + 1] = kHex[raw[i] & 15];
  }
  digest.size = static_cast<std::uint8_t>(2 * size);
  return digest;
}

void DigestClaim::take(std::string_view name, std::string_view value) {
  if (same_token(name, "username"))
    username = unquoted(value);
  else if (same_token(name, "realm"))
    realm = unquoted(value);
  else if (same_token(name, "nonce"))
    nonce = unquoted(value);
  else if (same_token(name, "uri"))
    uri = unquoted(value);
  else if (same_token(name, "response"))
    response = unquoted(value);
  else if (same_token(name, "cnonce"))
    cnonce = unquoted(value);
  else if (same_token(name, "opaque"))
    opaque = unquoted(value);
  else if (same_token(name, "qop"))
    qop = unquoted(value);
  else if (same_token(name, "algorithm"))
    algorithm = parse_algorithm(value);
  else if (same_token(name, "nc")) {
    nc_text = unquoted(value);
    nc = 0;
    std::from_chars(nc_text.data(), nc_text.data() + nc_text.size(), nc, 16);
  }
}

HexDigest digest_ha1(Hasher& hasher, Algorithm algorithm, std::string_view username, std::string_view realm,
                     std::string_view password) {
  return hasher.of(algorithm, {username, realm, password});
}

HexDigest digest_response(Hasher& hasher, Algorithm algorithm, std::string_view ha1, std::string_view method,
                          const DigestClaim& claim, std::string_view body) {
  HexDigest ha2;
  if (same_token(claim.qop, "auth-int"))
    ha2 = hasher.of(algorithm, {method, claim.uri, hasher.of(algorithm, {body}).view()});
  else
    ha2 = hasher.of(algorithm, {method, claim.uri});
  if (claim.qop.empty()) return hasher.of(algorithm, {ha1, claim.nonce, ha2.view()});
  return hasher.of(algorithm, {ha1, claim.nonce, claim.nc_text, claim.cnonce, claim.qop, ha2.view()});
}

std::string challenge(std::string_view realm, std::string_view nonce, Algorithm algorithm, bool stale) {
  std::string header;
  header.reserve(160);
  header += "Digest realm=";
  header += in_quotes(realm);
  header += ", nonce=\"";
  header += nonce;
  header += "\", algorithm=";
  header += token(algorithm);
  header += ", qop=\"auth\"";
  if (stale) header += ", stale=true";
  return header;
}

bool same_digest(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    // Hex digits only: setting the bit that separates the cases changes no digit.
    difference |= static_cast<unsigned char>(left[i] | 0x20) ^ static_cast<unsigned char>(right[i] | 0x20);
  }
  return difference == 0;
}

bool same_token(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out.push_back(text[i]);
  }
  return out;
}

}  // namespace strowger::digest
