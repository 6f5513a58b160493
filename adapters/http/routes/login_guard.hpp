// Limits how often passwords may be tried. A try is counted when it begins and given back when the password was right,
// so that tries at the same time count too.
//
//   by (name, source)   hard: most_of_pair within the window, then refused until the window ends
//   by source           hard: most_of_source, whatever the names; a success gives back its own try and no other
//   by name alone       never refused, so that nobody can lock out another: each further try waits a little longer
//   over all sources    tries_per_second of sources that never succeeded for that name
//
// A source that has given the right password for a name is known to it: only the two hard limits apply to it.
//
// Sources are text: an IPv4 address or an IPv6 /64. Time is the steady clock. Any thread; O(log n); bounded.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::http::routes {

class LoginGuard {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  struct Limits {
    unsigned most_of_pair = 10;
    unsigned most_of_source = 20;
    std::chrono::seconds window{60};
    unsigned free_of_name = 10;                  // tries of a name within the window before they are slowed
    std::chrono::milliseconds first_delay{500};  // doubles with each further free_of_name tries
    std::chrono::milliseconds longest_delay{4'000};
    unsigned most_delayed = 64;  // tries that wait at the same time
    double tries_per_second = 5;
    double burst = 30;
    std::size_t most_known = 10'000;  // pairs that succeeded; the oldest goes first
    std::size_t most_counted = 65'536;
  };

  // One try, counted. When it ends without a word it stays counted: the password was wrong, or nobody knows.
  class Pass {
   public:
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&&) = delete;
    ~Pass();
    void succeeded();  // the password was right: given back, and the source is known for this name from now on
    void give_back();  // it was not looked at

   private:
    friend class LoginGuard;
    Pass(LoginGuard& guard, std::string source, std::string name);
    LoginGuard* guard_;  // none: nothing is left to be done
    std::string source_;
    std::string name_;
    Moment counted_until_pair_{};
    Moment counted_until_source_{};
    Moment counted_until_name_{};
    bool from_bucket_ = false;
    bool delayed_ = false;
    bool ended_ = false;
  };
  struct Verdict {
    std::optional<Pass> pass;             // none: refused
    std::chrono::seconds retry_after{0};  // where it is refused
    std::string_view why;                 // likewise: too_many_logins, logins_busy
    std::chrono::milliseconds delay{0};   // to wait before the password is looked at
  };

  explicit LoginGuard(std::function<Moment()> now = std::chrono::steady_clock::now)
      : LoginGuard(Limits{}, std::move(now)) {}
  LoginGuard(Limits limits, std::function<Moment()> now)
      : limits_(limits), now_(std::move(now)), tokens_(limits.burst) {}

  Verdict reserve(std::string source, std::string name);

  // Since the start.
  struct Counts {
    std::uint64_t refused = 0;
    std::uint64_t delayed = 0;
  };
  Counts counts() const;

 private:
  struct Tries {
    unsigned count = 0;
    Moment until{};
  };
  using Table = std::map<std::string, Tries>;

  std::chrono::seconds wait_of(const Table& table, const std::string& key, unsigned most, Moment now) const;
  Moment count(Table& table, const std::string& key, Moment now);
  static void release(Table& table, const std::string& key, Moment until);
  void forget_old(Moment now);
  void refill(Moment now);
  std::chrono::milliseconds delay_of(const std::string& name, Moment now) const;
  void end(Pass& pass, bool right);
  void know(const std::string& pair, Moment now);

  const Limits limits_;
  const std::function<Moment()> now_;
  mutable std::mutex mutex_;
  Table pairs_;
  Table sources_;
  Table names_;
  std::map<std::string, Moment> known_;  // pairs, by their last success
  double tokens_;
  Moment refilled_{};
  unsigned delayed_ = 0;
  Counts counts_;
};

}  // namespace strowger::http::routes
