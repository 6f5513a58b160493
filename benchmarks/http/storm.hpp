// A boot storm: after a power cut every phone comes up at once, opens a connection and asks for its files in the order
// in which its vendor's phones do, those that need not be there included.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace strowger::bench {

struct PhoneFile {
  std::string path;
  bool there = true;  // else the answer is 404
};
// What the phone asks for, one after the other.
using PhoneBoot = std::vector<PhoneFile>;

// Of the device with that number, of a fleet of Yealink, Polycom, Cisco and Grandstream phones in turn.
PhoneBoot boot_of(unsigned device);
const char* vendor_of(unsigned device);
const char* model_of(unsigned device);

struct StormResult {
  std::uint64_t requests = 0;
  std::uint64_t failures = 0;  // another status than the phone's vendor would expect, or a broken connection
  std::chrono::microseconds took{0};
  std::chrono::microseconds p50{0};  // of a request
  std::chrono::microseconds p99{0};
};

// One thread with epoll; `at_once` phones are booting at any time. Once through all of them.
StormResult run_storm(std::uint16_t port, unsigned at_once, const std::vector<PhoneBoot>& phones);

}  // namespace strowger::bench
