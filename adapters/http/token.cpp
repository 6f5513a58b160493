#include "adapters/http/token.hpp"

#include "events/json.hpp"

#include <optional>

#include <sodium.h>

namespace strowger::http {
namespace {

struct Payload {
  Uuid id;
  std::string sub;
  std::string role;
  std::int64_t iat = 0;  // seconds since 1970
  std::int64_t exp = 0;
  // Not in tokens of releases before epochs.
  Uuid epoch{};
  std::int64_t at = 0;  // iat in microseconds
};
BOOST_DESCRIBE_STRUCT(Payload, (), (id, sub, role, iat, exp, epoch, at))

constexpr std::string_view token_prefix = "stw1.";
constexpr std::size_t longest_token = 2048;

std::string base64url(std::string_view bytes) {
  std::string out(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.resize(out.size() - 1);  // the terminating zero
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr,
                        &size, nullptr, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return std::nullopt;
  out.resize(size);
  return out;
}

std::int64_t seconds(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::optional<Role> role_of(std::string_view text) {
  for (const Role role : {Role::admin, Role::operator_, Role::viewer, Role::user})
    if (text == to_text(role)) return role;
  return std::nullopt;
}

Error refused(std::string code, std::string message) {
  return {ErrorKind::unauthenticated, std::move(code), std::move(message)};
}

Error invalid() {
  return refused("invalid_token", "The bearer token is not one of this server's. Log in again at /api/auth/login.");
}

}  // namespace

std::string_view to_text(Role role) {
  switch (role) {
    case Role::admin:
      return "admin";
    case Role::operator_:
      return "operator";
    case Role::viewer:
      return "viewer";
    case Role::user:
      break;
  }
  return "user";
}

std::string Principal::by() const {
  return std::string(to_text(role)) + ":" + name;
}

TokenSigner::TokenSigner(KeySource key, Clock clock, Revoked revoked)
    : key_(std::move(key)), clock_(std::move(clock)), revoked_(std::move(revoked)) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium cannot start: no source of randomness");
}

std::string TokenSigner::sign(std::string_view text) const {
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  auto key = key_();
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(mac.data()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(), key.data());
  sodium_memzero(key.data(), key.size());
  return mac;
}

std::string TokenSigner::issue(std::string_view name, Role role, const Uuid& token, Timestamp expires_at,
                               const Uuid& epoch) const {
  const auto now = clock_();
  const Payload payload{token,
                        std::string(name),
                        std::string(to_text(role)),
                        seconds(now),
                        seconds(expires_at),
                        epoch,
                        now.time_since_epoch().count()};
  std::string text(token_prefix);
  text += base64url(json::to_string(payload));
  const auto mac = sign(text);
  return text + "." + base64url(mac);
}

Result<Principal> TokenSigner::verify(std::string_view token) const {
  const auto dot = token.rfind('.');
  if (token.size() > longest_token || !token.starts_with(token_prefix) || dot < token_prefix.size()) return invalid();
  const auto mac = from_base64url(token.substr(dot + 1));
  if (!mac || mac->size() != crypto_auth_hmacsha256_BYTES) return invalid();
  const auto expected = sign(token.substr(0, dot));
  if (sodium_memcmp(mac->data(), expected.data(), expected.size()) != 0) return invalid();

  const auto text = from_base64url(token.substr(token_prefix.size(), dot - token_prefix.size()));
  if (!text) return invalid();
  auto payload = json::from_string<Payload>(*text);
  if (!payload) return invalid();
  const auto role = role_of(payload->role);
  if (!role || payload->sub.empty()) return invalid();

  const Timestamp issued_at = payload->at != 0 ? Timestamp{std::chrono::microseconds(payload->at)}
                                               : Timestamp{std::chrono::seconds(payload->iat)};
  const Timestamp expires_at{std::chrono::seconds(payload->exp)};
  if (!clock_.within(issued_at, expires_at - issued_at))
    return refused("token_expired", "The bearer token expired at " + to_iso8601(expires_at) + ". Log in again.");
  if (revoked_ && revoked_(payload->id))
    return refused("token_revoked", "The bearer token was revoked by a logout. Log in again.");
  return Principal{std::move(payload->sub), *role, payload->id, expires_at, payload->epoch, issued_at};
}

}  // namespace strowger::http
