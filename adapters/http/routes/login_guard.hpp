// Slows down who guesses passwords: after some failures from one address, or for one name, within a minute, further
// tries of it are refused unheard until the minute is over. Any thread; bounded.
#pragma once

#include "events/clock.hpp"

#include <map>
#include <mutex>
#include <string>

namespace strowger::http::routes {

class LoginGuard {
 public:
  explicit LoginGuard(Clock clock) : clock_(std::move(clock)) {}

  // Seconds to wait; 0: go ahead.
  unsigned must_wait(const std::string& address, const std::string& name);
  void failed(const std::string& address, const std::string& name);
  void succeeded(const std::string& address, const std::string& name);

 private:
  static constexpr unsigned most_of_address = 20;
  static constexpr unsigned most_of_name = 10;
  static constexpr std::size_t most_kept = 10'000;
  static constexpr std::chrono::seconds window{60};
  struct Tries {
    unsigned failures = 0;
    Timestamp until;
  };
  unsigned wait_of(const std::string& key, unsigned most, Timestamp now);
  void count(const std::string& key, Timestamp now);

  Clock clock_;
  std::mutex mutex_;
  std::map<std::string, Tries> tries_;
};

}  // namespace strowger::http::routes
