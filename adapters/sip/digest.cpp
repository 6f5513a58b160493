#include "adapters/sip/digest.hpp"

#include "adapters/sip/fields.hpp"

#include <algorithm>

namespace strowger::sip {
namespace {

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

DigestClaim read_claim(const char* const* parameters) {
  DigestClaim claim;
  for (; parameters && *parameters; ++parameters) {
    const std::string_view item = *parameters;
    const auto equals = item.find('=');
    if (equals != std::string_view::npos) claim.take(item.substr(0, equals), item.substr(equals + 1));
  }
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
  std::string header = "Digest username=" + in_quotes(username) + ", realm=" + in_quotes(challenge.realm) +
                       ", nonce=" + in_quotes(challenge.nonce) + ", uri=" + in_quotes(uri) + ", response=\"" +
                       std::string(response.view()) + "\"";
  if (challenge.algorithm_given) header += ", algorithm=" + std::string(token(challenge.algorithm));
  if (!claim.qop.empty()) header += ", cnonce=" + in_quotes(cnonce) + ", qop=" + claim.qop + ", nc=00000001";
  if (!challenge.opaque.empty()) header += ", opaque=" + in_quotes(challenge.opaque);
  return header;
}

}  // namespace strowger::sip
