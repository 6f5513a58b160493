// Limits how many wrong passwords are judged. Tokens come back with time; without one a REGISTER with credentials is
// dropped unjudged, so it tells nothing and costs nothing. What takes a token is a wrong password only.
//
//   who sends it                                              taken from
//   the flow of a live binding of the extension (address      nothing: nobody else can send from there
//     and port)
//   an address that the extension is or was registered from   the pair of address and extension: 20, one more every
//                                                             10 s
//   an address of the networks that phones are served in      the pair; the address, whatever extension: 60, one more
//     (provisioning.access.allowed_networks)                  every 3 s
//   any other                                                 the pair; the address; the extension, from wherever: 60,
//                                                             one more every 3 s
//
// So a stranger who guesses at an extension keeps other strangers from it, never a phone that was registered, nor one
// in the own networks that has just been given another address. Unknown extensions are treated like known ones.
// Bounded: where there are too many buckets, any one goes.
//
// Threads: one. Complexity: O(1).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <sodium/crypto_shorthash.h>

namespace strowger::sip {

struct GuessLimits {
  double of_pair = 20;
  std::chrono::seconds pair_refill{10};
  double of_address = 60;
  std::chrono::seconds address_refill{3};
  double of_extension = 60;
  std::chrono::seconds extension_refill{3};
  std::size_t most_buckets = 65'536;  // of each kind, about 50 bytes each
  std::size_t most_remembered = 65'536;
};

class GuessGate {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Sender : std::uint8_t { stranger, local, known, flow };
  // Asked only where a stranger would be dropped, or has given a wrong password.
  using Recognise = std::function<Sender(std::string_view extension, std::string_view address, std::uint16_t port)>;

  GuessGate(GuessLimits limits, Recognise recognise);

  struct Guess {
    std::string_view extension;  // as the credentials claim it
    std::string_view address;
    std::uint16_t port = 0;
  };
  // Whether its password may be judged now.
  bool admits(const Guess& guess, Time now);
  void wrong(const Guess& guess, Time now);
  // The extension was registered from there: it stays known when the binding is gone.
  void remember(std::string_view extension, std::string_view address);
  // Forgets full buckets; call it now and then.
  void sweep(Time now);

  std::size_t buckets() const { return pairs_.size() + addresses_.size() + extensions_.size(); }

 private:
  struct Bucket {
    double taken = 0;
    Time since{};
  };
  struct Kind {
    double most;
    std::chrono::seconds refill;
  };
  using Key = std::uint64_t;
  using Buckets = std::unordered_map<Key, Bucket>;

  Key key(std::string_view one, std::string_view two) const;
  static bool has_token(const Buckets& buckets, Key key, const Kind& kind, Time now);
  void take(Buckets& buckets, Key key, const Kind& kind, Time now) const;
  static double taken_at(const Bucket& bucket, const Kind& kind, Time now);
  Sender sender(const Guess& guess) const;

  GuessLimits limits_;
  Recognise recognise_;
  Kind pair_, address_, extension_;
  Buckets pairs_, addresses_, extensions_;
  std::unordered_set<Key> remembered_;
  std::array<unsigned char, crypto_shorthash_KEYBYTES> hash_key_{};
};

}  // namespace strowger::sip
