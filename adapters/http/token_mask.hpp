// Hides the tokens of phones' URLs in whatever is recorded: events, the history of requests, log lines, errors. A token
// is found by what it is, wherever it stands: a phone that is given its URL a little wrong still shows its token only
// to the server.
//
// Hidden is, in the text as it is and in each of its percent-decodings: what is the token of a device (by its SHA-256),
// and what looks like one: a run of 24 or more of its characters that is as mixed as a random one. The look also hides
// a token that was cut, replaced or revoked. Words, MAC addresses, versions and UUIDs do not look so.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace strowger::http {

inline constexpr std::size_t token_size = 32;  // characters: base64url of 24 random bytes

class TokenMask {
 public:
  // Whether a text with this SHA-256, in small hex digits, is the token of a device.
  using IsToken = std::function<bool(const std::string& sha256)>;

  // Without `is_token` the look alone decides.
  explicit TokenMask(IsToken is_token = {}) : is_token_(std::move(is_token)) {}

  // The text with a mask in place of each token; none where there is nothing to hide. **Threads**: any.
  // **Complexity**: O(text), and at most 128 hashes of 32 bytes; what is left unhashed then is hidden.
  std::optional<std::string> hidden(std::string_view text) const;
  // The same, or the text as it is.
  std::string operator()(std::string_view text) const;

 private:
  IsToken is_token_;
};

}  // namespace strowger::http
