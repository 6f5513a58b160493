// Bearer tokens: `stw1.` + base64url(payload JSON) + `.` + base64url(HMAC-SHA256 of what stands before that dot).
// They carry who and for how long. Whether a token was revoked, or its account changed since (its epoch), is asked of
// the caller.
#pragma once

#include "adapters/http/principal.hpp"
#include "events/error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace strowger::http {

using TokenKey = std::array<std::uint8_t, 32>;

class TokenSigner {
 public:
  // Whether the token with this id was revoked. Called at each verification, on any thread; must be fast.
  using Revoked = std::function<bool(const Uuid& token)>;

  // Asked at each use: the key may change while the server runs. Any thread; must be fast.
  using KeySource = std::function<TokenKey()>;

  explicit TokenSigner(KeySource key, Clock clock = system_now, Revoked revoked = {});
  TokenSigner(const TokenSigner&) = delete;
  TokenSigner& operator=(const TokenSigner&) = delete;

  // `token` is the id by which it can be revoked. `epoch` is that of the account at the moment; nil where the issuer
  // cannot know it (`strowger token`): then the token is bound to the account by when it was issued.
  std::string issue(std::string_view name, Role role, const Uuid& token, Timestamp expires_at,
                    const Uuid& epoch = {}) const;
  // Fails with unauthenticated: `invalid_token`, `token_expired` or `token_revoked`.
  Result<Principal> verify(std::string_view token) const;

 private:
  std::string sign(std::string_view text) const;

  KeySource key_;
  Clock clock_;
  Revoked revoked_;
};

}  // namespace strowger::http
