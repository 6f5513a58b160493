// Values that must never be shown. They have types of their own so that the codec can mask them wherever an event
// leaves the house (HTTP, SSE, Kafka, logs), and so that no string of theirs slips into a message.
#pragma once

#include "events/error.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace strowger {

// Ciphertext that only a Vault opens. Safe at rest and in the log; still never shown.
struct SealedSecret {
  std::string text;
  bool empty() const { return text.empty(); }
  auto operator<=>(const SealedSecret&) const = default;
};

// An argon2id hash in its printable form.
struct PasswordHash {
  std::string text;
  bool empty() const { return text.empty(); }
  auto operator<=>(const PasswordHash&) const = default;
};

// Seals secrets before they enter an event: a data key for each subject (an extension), wrapped by the master key.
// Safe from any thread. open() runs on hot paths and takes microseconds.
class Vault {
 public:
  virtual ~Vault() = default;
  // Makes and stores the subject's data key, durably, when it has none. Blocks for that one write.
  virtual Result<SealedSecret> seal(std::string_view subject, std::string_view clear) = 0;
  // Fails with `secret_shredded` when the data key was destroyed, `secret_unreadable` when it does not fit.
  virtual Result<std::string> open(std::string_view subject, const SealedSecret& sealed) const = 0;
  // Destroys the subject's data key: what was sealed for it can never be read again. A later seal() makes a new key.
  virtual Result<void> shred(std::string_view subject) = 0;
};

}  // namespace strowger
