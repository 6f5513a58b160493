// How many questions by PnP are looked at, and which of them were answered already. Each question counts, also one that
// gets no answer: an address may ask 10 times a second, all together 200 times. More is dropped unread; a phone that is
// in earnest asks again. Bounded in memory. Pure; one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

namespace strowger::sip {

class PnpGate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr double per_address = 10;  // a second, and at once
  static constexpr double in_all = 200;
  // As long as a phone repeats a question that it had no answer to (RFC 3261's timer F).
  static constexpr std::chrono::seconds remembered{32};
  static constexpr std::size_t most_addresses = 4096;
  static constexpr std::size_t most_remembered = static_cast<std::size_t>(in_all) * 33;

  // False: too many.
  bool admit(const std::string& address, Time now);

  // What became of a question: nothing is known of it (null), it was answered in a dialog with this tag, or (empty) it
  // was not.
  const std::string* find(const std::string& question, Time now);
  void remember(const std::string& question, std::string to_tag, Time now);

  std::size_t addresses() const { return buckets_.size(); }
  std::size_t questions() const { return tags_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    Time filled{};
    // Whether one may be taken.
    bool refill(double rate, Time now);
  };
  void forget_until(Time now);

  Bucket all_{in_all, {}};
  std::unordered_map<std::string, Bucket> buckets_;
  std::unordered_map<std::string, std::string> tags_;
  std::deque<std::pair<Time, std::string>> order_;  // oldest first
};

}  // namespace strowger::sip
