// The program under attack. One extension, one phone, and a measure of the process before anything happens; after an
// attack `recovered()` asks everything that its users need.
#pragma once

#include "tests/e2e/site.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace strowger::test {

class Victim {
 public:
  static constexpr const char* number = "1001";
  static constexpr const char* password = "a-long-secret";
  static constexpr const char* mac = "001565123456";
  static constexpr const char* config_file = "/provision/001565123456.cfg";

  explicit Victim(const std::string& settings = {}, unsigned limit = 0);

  Site site;

  // Resident memory in bytes, and open descriptors, of the process now.
  std::size_t memory() const;
  std::size_t descriptors() const;
  // Whether it comes to hold about as many descriptors as at the start: its end of every connection is closed.
  bool lets_go(std::chrono::milliseconds deadline) const;

  // Checks that OPTIONS and REGISTER are answered, that a phone's file and a login are to be had, and that /readyz is
  // 200.
  void serves() const;
  // serves(); memory and descriptors come back to within bounds of what they were at the start; SIGTERM ends the
  // program within 10 s; the next start is clean and has everything that was acknowledged.
  void recovered(std::size_t extra_memory = 96U << 20U);

 private:
  void starts_again();

  std::size_t memory_before_ = 0;
  std::size_t descriptors_before_ = 0;
};

}  // namespace strowger::test
