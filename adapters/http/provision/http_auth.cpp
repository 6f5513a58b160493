#include "adapters/http/provision/http_auth.hpp"

#include "actors/provisioning/recorded.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include <boost/beast/http/verb.hpp>
#include <sodium.h>

namespace strowger::http::provision {
namespace {

using provisioning::access::Proof;

constexpr std::string_view realm = "provisioning";
constexpr std::size_t token_bytes = 24;
constexpr int token_encoding = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view provision_folder = "/provision/";

digest::NonceKey random_key() {
  digest::NonceKey key{};
  randombytes_buf(key.data(), key.size());
  return key;
}

bool is_token(std::string_view text) {
  return text.size() == token_size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

// Whatever their lengths are.
bool same_in_constant_time(std::string_view left, std::string_view right) {
  const auto hash = [](std::string_view text) {
    std::array<unsigned char, crypto_generichash_BYTES> out{};
    crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       nullptr, 0);
    return out;
  };
  const auto a = hash(left);
  const auto b = hash(right);
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

// The parameters of a header: name=value or name="value", with commas, which a quoted value may hold too.
template <class Take>
void for_each_parameter(std::string_view text, Take take) {
  while (!text.empty()) {
    bool in_quotes = false;
    std::size_t end = 0;
    for (; end < text.size() && (in_quotes || text[end] != ','); ++end) {
      if (text[end] == '\\' && in_quotes && end + 1 < text.size())
        ++end;
      else if (text[end] == '"')
        in_quotes = !in_quotes;
    }
    auto item = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    const auto equals = item.find('=');
    if (equals != std::string_view::npos) take(item.substr(0, equals), item.substr(equals + 1));
  }
}

// An unknown user's is as stable as a known one's.
std::uint64_t account_of(std::string_view username, const std::optional<MacAddress>& device,
                         const CredentialsPtr& known) {
  auto text = std::string(username) + '\n';
  if (device && known) text += known->password.text;
  return std::hash<std::string>()(text);
}

// RFC 7616 section 3.4.6: the digest must be of what is asked for. Some write the whole URL.
bool same_target(std::string_view claimed, std::string_view target) {
  if (claimed == target) return true;
  const auto scheme = claimed.find("://");
  if (scheme == std::string_view::npos) return false;
  const auto path = claimed.find('/', scheme + 3);
  return path != std::string_view::npos && claimed.substr(path) == target;
}

}  // namespace

TokenPath token_path(std::string_view path) {
  const bool below = path.starts_with(provision_folder);
  const std::size_t begin = below ? provision_folder.size() : 1;
  if (path.size() < begin + token_size + 2 || path.front() != '/' || path[begin + token_size] != '/') return {};
  const auto token = path.substr(begin, token_size);
  if (!is_token(token)) return {};
  std::string rest(path.substr(0, begin));
  rest += path.substr(begin + token_size + 1);
  return {token, std::move(rest)};
}

bool in_grace(const DeviceCredentials& credentials, const Clock& clock) {
  if (!credentials.previous_until) return false;
  const auto begun = credentials.token_issued_at;
  return clock.within(begun, *credentials.previous_until - begun);
}

std::string new_token() {
  std::array<unsigned char, token_bytes> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::array<char, sodium_base64_ENCODED_LEN(token_bytes, token_encoding)> text{};
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), token_encoding);
  return text.data();
}

HttpAuth::HttpAuth(const DevicesProjection& devices, const Vault& vault, const Clock& clock)
    : devices_(devices), vault_(vault), clock_(clock), nonces_(random_key(), {}, clock_.instant()) {}

std::pair<std::optional<MacAddress>, CredentialsPtr> HttpAuth::credentials(const std::string& username) const {
  const auto mac = devices_.with_username(username);
  if (mac)
    if (auto row = devices_.find(*mac); row && row->credentials && row->credentials->username == username)
      return {mac, row->credentials};
  return {std::nullopt, devices_.any_with_password()};
}

Brought HttpAuth::password(const Request& request, Schemes schemes) {
  const auto header = request.header(headers::authorization);
  if (header.empty()) return {};
  const auto space = std::min(header.find(' '), header.size());
  const auto scheme = header.substr(0, space);
  auto rest = header.substr(std::min(space + 1, header.size()));
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (schemes.basic && digest::same_token(scheme, "Basic")) return basic(rest);
  if (schemes.digest && digest::same_token(scheme, "Digest")) return digest(rest, request);
  return {};
}

Brought HttpAuth::basic(std::string_view encoded) const {
  std::string clear(encoded.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(clear.data()), clear.size(), encoded.data(), encoded.size(),
                        nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    return {Proof::wrong};
  clear.resize(size);
  const auto colon = std::min(clear.find(':'), clear.size());
  const auto username = clear.substr(0, colon);
  const auto [device, known] = credentials(username);
  const auto account = account_of(username, device, known);
  auto wanted = known ? vault_.open(known->password) : Result<std::string>(std::string());
  const std::string_view given = std::string_view(clear).substr(std::min(colon + 1, clear.size()));
  const bool same = wanted && same_in_constant_time(*wanted, given);
  if (wanted) sodium_memzero(wanted->data(), wanted->size());
  sodium_memzero(clear.data(), clear.size());
  if (!same || !device) return {Proof::wrong, {}, false, account};
  return {Proof::right, *device, false, account};
}

Brought HttpAuth::digest(std::string_view header, const Request& request) {
  digest::DigestClaim claim;
  for_each_parameter(header, [&](auto name, auto value) { claim.take(name, value); });
  const bool without_qop = claim.qop.empty();
  if (!claim.algorithm || claim.realm != realm) return {};  // of another's challenge: it is given ours
  if (!without_qop &&
      (!digest::same_token(claim.qop, "auth") || claim.nc == 0 || claim.nc_text.size() != 8 || claim.cnonce.empty()))
    return {Proof::wrong};
  if (!same_target(claim.uri, request.target)) return {Proof::wrong};

  const auto [device, known] = credentials(claim.username);
  const auto account = account_of(claim.username, device, known);
  auto password = known ? vault_.open(known->password) : Result<std::string>(std::string());
  const auto method = boost::beast::http::to_string(request.method);

  const std::lock_guard lock(mutex_);
  const auto nonce = nonces_.read(claim.nonce, clock_.instant());
  const auto ha1 = digest::digest_ha1(hasher_, *claim.algorithm, claim.username, realm,
                                      password ? std::string_view(*password) : std::string_view());
  const auto wanted =
      digest::digest_response(hasher_, *claim.algorithm, ha1.view(), {method.data(), method.size()}, claim);
  if (password) sodium_memzero(password->data(), password->size());
  const bool same = digest::same_digest(wanted.view(), claim.response);
  if (!nonce || !same || !password || !device) return {nonce ? Proof::wrong : Proof::none, {}, false, account};
  if (nonce->stale) return {Proof::none, {}, true, account};
  // Without a qop there is no count: such a nonce serves once. Over HTTP nothing is sent twice but by a replay.
  if (nonces_.use(*nonce, without_qop ? 1 : claim.nc, 0) != digest::Nonces::Use::fresh)
    return {Proof::none, {}, true, account};
  return {Proof::right, *device, false, account};
}

Brought HttpAuth::token(std::string_view token) const {
  if (token.empty()) return {};
  const auto hash = provisioning::sha256_of(token);
  const auto device = devices_.with_token(hash);
  const auto row = device ? devices_.find(*device) : std::nullopt;
  const auto known = row ? row->credentials : nullptr;
  const std::string none(hash.size(), '0');
  const auto same = [&](const std::string& other) {
    const auto& with = other.size() == hash.size() ? other : none;
    return sodium_memcmp(hash.data(), with.data(), hash.size()) == 0;
  };
  const bool present = same(known ? known->token_sha256 : none);
  const bool previous = same(known ? known->previous_sha256 : none) && known && in_grace(*known, clock_);
  if (!present && !previous) return {Proof::wrong};
  return {Proof::right, *device};
}

std::vector<std::string> HttpAuth::challenges(Schemes schemes, bool stale) {
  std::vector<std::string> out;
  if (schemes.digest) {
    const std::lock_guard lock(mutex_);
    const auto nonce = nonces_.issue(clock_.instant());
    // MD5 first: phones that know only that read only the first (as for SIP, adapters/sip/authenticator.hpp).
    out.push_back(digest::challenge(realm, nonce, digest::Algorithm::md5, stale));
    out.push_back(digest::challenge(realm, nonce, digest::Algorithm::sha256, stale));
  }
  if (schemes.basic) out.push_back("Basic realm=\"" + std::string(realm) + "\", charset=\"UTF-8\"");
  return out;
}

}  // namespace strowger::http::provision
