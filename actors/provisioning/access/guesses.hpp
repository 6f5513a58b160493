// Keeps a source from trying passwords: after too many wrong ones for an account, or for many accounts, what it brings
// is not believed for a while, also where it is right. So a guess tells nothing, and a weak password lasts longer.
//
// Only the source itself is kept out: nobody can shut a phone out from elsewhere. Nor can what is tried for other
// accounts from its own address (behind the same NAT), once it has given the right password from there. No clock, no
// lock; times are instants of this process. Bounded: of the sources that are watched the oldest go first.
#pragma once

#include "actors/provisioning/access/enumeration.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>

namespace strowger::provisioning::access {

class Guesses {
 public:
  struct Limits {
    // A phone with an old password asks a few times at each boot.
    std::uint32_t wrong_of_account = 20;
    std::uint32_t wrong_of_source = 100;
    std::chrono::seconds window{600};
    std::chrono::seconds pause{300};
    std::size_t most_sources = 4096;
    std::size_t most_known = 16'384;  // sources with an account that was right
  };
  Guesses() : Guesses(Limits{}) {}
  explicit Guesses(Limits limits) : limits_(limits) {}

  // That a password was wrong. `account` stands for a user name with its present password: one that is set anew starts
  // afresh. True: from now on, for a while, none is believed.
  bool note(const Source& source, std::uint64_t account, Instant now);
  bool paused(const Source& source, std::uint64_t account, Instant now) const;
  // That a password was right, and believed.
  void right(const Source& source, std::uint64_t account);

 private:
  struct Count {
    std::uint32_t wrong = 0;
    Instant paused_until{};
  };
  struct Tries {
    Instant since;
    Count all;
    std::map<std::uint64_t, Count> accounts;  // at most as many as the source may be wrong
  };

  Limits limits_;
  std::map<Source, Tries> sources_;
  std::deque<Source> order_;  // of sources_, each once, oldest first
  std::set<std::pair<Source, std::uint64_t>> known_;
  std::deque<std::pair<Source, std::uint64_t>> known_order_;  // each once, oldest first
};

}  // namespace strowger::provisioning::access
