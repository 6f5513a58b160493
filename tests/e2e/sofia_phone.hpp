// A desk phone on sofia-sip's user agent (phone/main.cpp): registers, stays, and accepts a NOTIFY.
#pragma once

#include "tests/support/process.hpp"

#include <filesystem>
#include <string>

namespace strowger::test {

class SofiaPhone {
 public:
  SofiaPhone(const std::filesystem::path& folder, const std::string& transport, std::uint16_t sip_port,
             const std::string& extension, const std::string& password)
      : process_(STROWGER_SOFIA_PHONE, {transport, std::to_string(sip_port), extension, password},
                 folder / ("sofia." + extension + "." + transport)) {}
  std::string output() const { return process_.output(); }

 private:
  Process process_;
};

}  // namespace strowger::test
