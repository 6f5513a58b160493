#include "adapters/sip/authenticator.hpp"

#include "actors/registrar/uri.hpp"
#include "adapters/sip/fields.hpp"

#include <algorithm>
#include <cstring>

#include <sodium/randombytes.h>

namespace strowger::sip {
namespace {

// As many as there are algorithms, twice.
constexpr std::size_t most_credentials = 4;

bool is_ours(const sip_authorization_t* header, std::string_view realm) {
  if (!same_token(view(header->au_scheme), "Digest")) return false;
  const auto theirs = parameter(header->au_params, "realm");
  return theirs && unquoted(*theirs) == realm;
}

// Which verdict stands where none of several credentials is right.
int weight_of(Authenticator::Verdict verdict) {
  switch (verdict) {
    case Authenticator::Verdict::stale:
      return 4;
    case Authenticator::Verdict::denied:
      return 3;
    case Authenticator::Verdict::malformed:
      return 2;
    case Authenticator::Verdict::unheard:
      return 1;
    default:
      return 0;
  }
}

// RFC 7616 section 3.4.6: the digest's URI must name what the request names. Phones differ in how they write the port
// and the parameters, so only the host counts; it is what keeps a digest made for another server out.
bool same_target(const std::string& claimed, const sip_t* sip) {
  const auto parts = registrar::parse_uri(claimed);
  return parts && same_token(parts->host, host(sip->sip_request->rq_url));
}

}  // namespace

Authenticator::Authenticator(AuthenticatorOptions options, Credentials credentials, const NonceKey& key,
                             Instant started)
    : options_(std::move(options)), credentials_(std::move(credentials)), nonces_(key, options_.nonces, started) {
  randombytes_buf(fingerprint_key_.data(), fingerprint_key_.size());
}

Authenticator::Outcome Authenticator::check(const sip_t* sip, const Source& source, Instant now) {
  Outcome best{Verdict::challenge, {}};
  std::size_t judged = 0;
  for (const auto* header = sip->sip_authorization; header; header = header->au_next) {
    if (!is_ours(header, options_.realm)) continue;
    auto outcome = judge(header, sip, source, now);
    if (outcome.verdict == Verdict::accepted || outcome.verdict == Verdict::repeated) return outcome;
    if (weight_of(outcome.verdict) > weight_of(best.verdict)) best = std::move(outcome);
    if (++judged >= most_credentials) break;
  }
  return best;
}

Authenticator::Outcome Authenticator::judge(const sip_authorization_t* header, const sip_t* sip, const Source& source,
                                            Instant now) {
  const auto claim = read_claim(header->au_params);
  if (!claim.algorithm || std::ranges::find(options_.algorithms, *claim.algorithm) == options_.algorithms.end())
    return {Verdict::challenge, {}};
  const bool without_qop = claim.qop.empty();
  if (without_qop ? options_.require_qop : !same_token(claim.qop, "auth")) return {Verdict::challenge, {}};
  if (!without_qop && (claim.nc == 0 || claim.nc_text.size() != 8 || claim.cnonce.empty()))
    return {Verdict::malformed, {}};
  const auto nonce = nonces_.read(claim.nonce, now);
  if (!nonce) return {Verdict::challenge, {}};
  if (!same_target(claim.uri, sip)) return {Verdict::malformed, {}};
  const GuessGate::Guess guess{claim.username, source.ip, source.port};
  if (gate_ != nullptr && gate_->buckets() > 0 && !gate_->admits(guess, GuessGate::Time::clock::now()))
    return {Verdict::unheard, {}};

  auto user = ExtensionNumber::parse(claim.username);
  const auto known = user ? ha1(*user, *claim.algorithm) : std::nullopt;
  const auto hash = known ? *known : digest_ha1(hasher_, *claim.algorithm, claim.username, options_.realm, "");
  const auto wanted = digest_response(hasher_, *claim.algorithm, hash.view(), method_name(sip), claim);
  if (!same_digest(wanted.view(), claim.response) || !known) {
    if (gate_ != nullptr) gate_->wrong(guess, GuessGate::Time::clock::now());
    return {Verdict::denied, known ? std::optional(std::move(*user)) : std::nullopt};
  }
  if (nonce->stale) return {Verdict::stale, {}};
  // Without a qop there is no count: such a nonce serves once.
  switch (nonces_.use(*nonce, without_qop ? 1 : claim.nc, fingerprint(sip, claim, source.text()))) {
    case Nonces::Use::fresh:
      return {Verdict::accepted, std::move(*user), nonces_.issued_at(*nonce)};
    case Nonces::Use::repeated:
      return {Verdict::repeated, std::move(*user), nonces_.issued_at(*nonce)};
    case Nonces::Use::replayed:
      break;
  }
  return {Verdict::stale, {}};
}

std::vector<std::string> Authenticator::challenges(bool stale, Instant now) {
  const auto nonce = nonces_.issue(now);
  std::vector<std::string> headers;
  headers.reserve(options_.algorithms.size());
  for (const auto algorithm : options_.algorithms)
    headers.push_back(digest::challenge(options_.realm, nonce, algorithm, stale));
  return headers;
}

std::optional<HexDigest> Authenticator::ha1(const ExtensionNumber& extension, Algorithm algorithm) {
  const auto credential = credentials_(extension);
  if (!credential) {
    hashes_.erase(extension);
    return std::nullopt;
  }
  auto found = hashes_.find(extension);
  if (found == hashes_.end()) {
    if (hashes_.size() >= options_.max_hashes) hashes_.erase(hashes_.begin());
    found = hashes_.try_emplace(extension, Hashes{credential->version, {}, {}}).first;
  } else if (found->second.version != credential->version) {
    found->second = {credential->version, {}, {}};
  }
  auto& cached = algorithm == Algorithm::md5 ? found->second.md5 : found->second.sha256;
  if (!cached) {
    const auto password = credential->password();
    if (!password) return std::nullopt;
    cached = digest_ha1(hasher_, algorithm, extension.text(), options_.realm, *password);
  }
  return cached;
}

std::uint64_t Authenticator::fingerprint(const sip_t* sip, const DigestClaim& claim, std::string_view source) const {
  std::string whole;
  whole.reserve(256);
  const auto add = [&](std::string_view part) {
    whole += part;
    whole += '\n';
  };
  add(source);
  add(branch(sip));
  add(call_id(sip));
  add(std::to_string(cseq(sip)));
  add(claim.response);
  for (const auto* contact = sip->sip_contact; contact; contact = contact->m_next) {
    add(url_text(contact->m_url));
    add(view(contact->m_expires));
  }
  std::uint64_t hash = 0;
  std::array<unsigned char, crypto_shorthash_BYTES> bytes{};
  crypto_shorthash(bytes.data(), reinterpret_cast<const unsigned char*>(whole.data()), whole.size(),
                   fingerprint_key_.data());
  std::memcpy(&hash, bytes.data(), sizeof hash);
  return hash;
}

}  // namespace strowger::sip
