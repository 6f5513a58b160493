// What it costs to ask about the whole fleet, and what that costs others.
#pragma once

#include <cstdint>
#include <functional>

namespace strowger::bench {

// A scrape of /metrics and GET /api/provisioning/diagnostics, in milliseconds. Median and worst of `rounds`.
struct ReadTimes {
  double scrape = 0;
  double worst_scrape = 0;
  double diagnostics = 0;
  double worst_diagnostics = 0;
};
ReadTimes time_reads(std::uint16_t port, unsigned rounds);

// Logins of an administrator, one after the other, while `scrapers` clients scrape without pause.
struct LoginTimes {
  double median = 0;  // milliseconds
  double worst = 0;
  std::uint64_t failures = 0;  // not 200
  double scrapes = 0;          // a second, of all scrapers
};
LoginTimes time_logins(std::uint16_t port, unsigned logins, unsigned scrapers);

}  // namespace strowger::bench
