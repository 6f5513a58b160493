#include "adapters/sip/digest.hpp"

#include "adapters/sip/fields.hpp"

#include <charconv>
#include <stdexcept>

namespace strowger::sip {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

bool has_token(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    auto item = list.substr(0, end);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (same_token(item, wanted)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

}  // namespace

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
    throw std::runtime_error("OpenSSL offers no MD5 or no SHA-256; SIP digest needs both (is a FIPS provider forced?)");
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

DigestClaim read_claim(const char* const* parameters) {
  DigestClaim claim;
  bool algorithm_given = false;
  for (; parameters && *parameters; ++parameters) {
    const std::string_view item = *parameters;
    const auto equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const auto name = item.substr(0, equals);
    const auto value = item.substr(equals + 1);
    if (same_token(name, "username"))
      claim.username = unquoted(value);
    else if (same_token(name, "realm"))
      claim.realm = unquoted(value);
    else if (same_token(name, "nonce"))
      claim.nonce = unquoted(value);
    else if (same_token(name, "uri"))
      claim.uri = unquoted(value);
    else if (same_token(name, "response"))
      claim.response = unquoted(value);
    else if (same_token(name, "cnonce"))
      claim.cnonce = unquoted(value);
    else if (same_token(name, "opaque"))
      claim.opaque = unquoted(value);
    else if (same_token(name, "qop"))
      claim.qop = unquoted(value);
    else if (same_token(name, "nc"))
      claim.nc_text = unquoted(value);
    else if (same_token(name, "algorithm")) {
      algorithm_given = true;
      claim.algorithm = parse_algorithm(value);
    }
  }
  if (!algorithm_given) claim.algorithm = Algorithm::md5;
  std::from_chars(claim.nc_text.data(), claim.nc_text.data() + claim.nc_text.size(), claim.nc, 16);
  return claim;
}

std::optional<DigestChallenge> read_challenge(const char* const* parameters) {
  DigestChallenge challenge;
  const auto algorithm = parameter(parameters, "algorithm");
  const auto known = parse_algorithm(algorithm);
  if (!known) return std::nullopt;
  challenge.algorithm = *known;
  challenge.algorithm_given = algorithm.has_value();
  challenge.realm = unquoted(parameter(parameters, "realm").value_or(""));
  challenge.nonce = unquoted(parameter(parameters, "nonce").value_or(""));
  challenge.opaque = unquoted(parameter(parameters, "opaque").value_or(""));
  if (const auto qop = parameter(parameters, "qop")) {
    const auto offered = unquoted(*qop);
    challenge.qop_auth = has_token(offered, "auth");
    challenge.qop_auth_int = has_token(offered, "auth-int");
    if (!challenge.qop_auth && !challenge.qop_auth_int) return std::nullopt;
  }
  return challenge;
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

std::string answer_challenge(Hasher& hasher, const DigestChallenge& challenge, std::string_view username,
                             std::string_view password, std::string_view method, std::string_view uri,
                             std::string_view cnonce, std::string_view body) {
  DigestClaim claim;
  claim.nonce = challenge.nonce;
  claim.uri = uri;
  if (challenge.qop_auth || challenge.qop_auth_int) {
    claim.qop = challenge.qop_auth ? "auth" : "auth-int";
    claim.nc_text = "00000001";
    claim.cnonce = cnonce;
  }
  const auto ha1 = digest_ha1(hasher, challenge.algorithm, username, challenge.realm, password);
  const auto response = digest_response(hasher, challenge.algorithm, ha1.view(), method, claim, body);
  std::string header = "Digest username=" + quoted(username) + ", realm=" + quoted(challenge.realm) +
                       ", nonce=" + quoted(challenge.nonce) + ", uri=" + quoted(uri) + ", response=\"" +
                       std::string(response.view()) + "\"";
  if (challenge.algorithm_given) header += ", algorithm=" + std::string(token(challenge.algorithm));
  if (!claim.qop.empty()) header += ", cnonce=" + quoted(cnonce) + ", qop=" + claim.qop + ", nc=00000001";
  if (!challenge.opaque.empty()) header += ", opaque=" + quoted(challenge.opaque);
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

}  // namespace strowger::sip
