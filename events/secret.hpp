// Values that must never be shown. They have types of their own so that the codec can mask them wherever an event
// leaves the house (HTTP, SSE, Kafka, logs), and so that no string of theirs slips into a message.
#pragma once

#include "events/error.hpp"

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace strowger {

// Ciphertext that only a Vault opens; it names the data key that it was made with. Safe at rest and in the log; still
// never shown.
struct SealedSecret {
  std::string text;
  bool empty() const { return text.empty(); }
  // Names the data key: what is before the second dot. Empty where there is none.
  std::string_view key() const {
    const auto dot = text.find('.');
    const auto end = dot == std::string::npos ? dot : text.find('.', dot + 1);
    return end == std::string::npos ? std::string_view() : std::string_view(text).substr(0, end);
  }
  auto operator<=>(const SealedSecret&) const = default;
};

// An argon2id hash in its printable form.
struct PasswordHash {
  std::string text;
  bool empty() const { return text.empty(); }
  auto operator<=>(const PasswordHash&) const = default;
};

// Seals secrets before they enter an event: a data key for each owner (an extension, from its creation to its
// deletion), wrapped by the master key. Safe from any thread. open() runs on hot paths and takes microseconds.
class Vault {
 public:
  virtual ~Vault() = default;
  // With a new data key, stored durably before this returns: it blocks for that one write.
  virtual Result<SealedSecret> seal(std::string_view clear) = 0;
  // Many owners' at once: one write for all of them.
  virtual Result<std::vector<SealedSecret>> seal_all(const std::vector<std::string>& clear) {
    std::vector<SealedSecret> out;
    for (const auto& one : clear) {
      auto sealed = seal(one);
      if (!sealed) return sealed.error();
      out.push_back(std::move(*sealed));
    }
    return out;
  }
  // With the data key of `sibling`, an earlier secret of the same owner. By the time that it is used, the owner may
  // have been deleted and made anew, and this key is destroyed with the former one: whoever decides on its use must
  // check that the owner still has a secret of this key (check_sibling).
  virtual Result<SealedSecret> seal_like(const SealedSecret& sibling, std::string_view clear) = 0;
  // Fails with `secret_shredded` when the data key was destroyed, `secret_unreadable` when it does not fit.
  virtual Result<std::string> open(const SealedSecret& sealed) const = 0;
  // Destroys the data key: neither this secret nor its siblings can ever be read again. Idempotent.
  virtual Result<void> shred(const SealedSecret& sealed) = 0;
};

// Whether a secret that was sealed like `sibling` may take the place of `present`, which its owner has now. An empty
// sibling: it was sealed with a data key of its own. `secret_outdated` where the key is not the owner's any more.
inline Result<void> check_sibling(const SealedSecret& sibling, const SealedSecret& present) {
  if (sibling.empty() || sibling.key() == present.key()) return {};
  return conflict(
      "secret_outdated",
      "The secret that this one replaces was removed meanwhile, and its key with it. Send the request again.");
}

}  // namespace strowger
