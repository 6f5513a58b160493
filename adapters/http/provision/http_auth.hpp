// What a phone proves itself with over HTTP: Basic (RFC 7617) and Digest (RFC 7616, MD5 and SHA-256, qop auth) with the
// device's password, and the token in the path of its URL. Any thread.
//
// What a stranger learns: nothing. Whoever names no device is put through the same computing, over another device's
// credentials, and refused by the same comparison.
#pragma once

#include "actors/provisioning/access/policy.hpp"
#include "adapters/digest/digest.hpp"
#include "adapters/digest/nonces.hpp"
#include "adapters/http/message.hpp"
#include "adapters/http/token_mask.hpp"
#include "events/projections/devices.hpp"
#include "events/secret.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::http::provision {

struct Schemes {
  bool basic = true;
  bool digest = true;
  bool any() const { return basic || digest; }
};

// What a request brought, and whose it is.
struct Brought {
  provisioning::access::Proof proof = provisioning::access::Proof::none;  // none, wrong or right
  MacAddress device{};                                                    // where it is right
  bool stale = false;  // right, but for a nonce that is too old or a count that was used: ask again
  // Of a password: whose it was said to be, with what that one's is now.
  std::uint64_t account = 0;
};

// A token stands as a folder before the file: /provision/<token>/<file>, /<token>/<file>.
struct TokenPath {
  std::string_view token;  // empty: none
  std::string rest;        // the path without it; empty where there is none
};
TokenPath token_path(std::string_view path);
std::string new_token();
// Whether the token before the present one is still taken.
bool in_grace(const DeviceCredentials& credentials, const Clock& clock);

class HttpAuth {
 public:
  // The first two outlive it.
  HttpAuth(const DevicesProjection& devices, const Vault& vault, const Clock& clock);

  Brought password(const Request& request, Schemes schemes);
  Brought token(std::string_view token) const;
  // The values of the WWW-Authenticate headers.
  std::vector<std::string> challenges(Schemes schemes, bool stale);

 private:
  // Of the device with this user name; of another one where there is none: then the first is empty.
  std::pair<std::optional<MacAddress>, CredentialsPtr> credentials(const std::string& username) const;
  Brought basic(std::string_view encoded) const;
  Brought digest(std::string_view header, const Request& request);

  const DevicesProjection& devices_;
  const Vault& vault_;
  const Clock clock_;
  std::mutex mutex_;  // guards the two below
  digest::Nonces nonces_;
  digest::Hasher hasher_;
};

}  // namespace strowger::http::provision
