// Sums up facts of one day.
#pragma once

#include "events/event.hpp"

#include <map>
#include <string>

namespace strowger::history {

class DaySummary {
 public:
  static constexpr std::size_t most_names = 100;  // of unknown MACs, and of names that could not log in

  // Events of high volume only. What stays in the event's place, but for the summary's number.
  Folded add(const Envelope& envelope);
  DaySummarized take();

 private:
  using Counts = std::map<std::string, std::uint64_t>;
  void failed_login(const std::string& account, std::uint64_t count);
  void refused(Folded& marker, const std::string& code, std::uint64_t count, const std::string& mac);

  DaySummarized summary_;
  std::map<MacAddress, ServedSummary> served_;
  Counts unknown_macs_;
  Counts failed_logins_;
};

}  // namespace strowger::history
