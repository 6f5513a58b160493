// A desk phone played by sipp: registers, stays, and answers a NOTIFY with 200, or as another scenario says.
#pragma once

#include "tests/support/process.hpp"

#include <filesystem>
#include <string>

namespace strowger::test {

class SippPhone {
 public:
  SippPhone(const std::filesystem::path& folder, const std::string& transport, std::uint16_t sip_port,
            const std::string& extension, const std::string& password, const std::string& user_agent,
            const std::string& answers = "accept.xml")
      : messages_(folder / ("sipp." + extension + "." + transport + ".messages")),
        process_("sipp",
                 {"127.0.0.1:" + std::to_string(sip_port),
                  "-sf",
                  STROWGER_SIPP "/phone.xml",
                  "-oocsf",
                  STROWGER_SIPP "/" + answers,
                  "-t",
                  transport == "tcp" ? "t1" : "u1",
                  "-m",
                  "1",
                  "-i",
                  "127.0.0.1",
                  "-nostdin",
                  "-key",
                  "extension",
                  extension,
                  "-au",
                  extension,
                  "-ap",
                  password,
                  "-key",
                  "user_agent",
                  user_agent,
                  "-trace_msg",
                  "-message_file",
                  messages_.string()},
                 folder / ("sipp." + extension + "." + transport)) {}

  // What it sent and received.
  std::string messages() const {
    std::ifstream file(messages_, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  // NOTIFYs that it got.
  std::size_t told() const {
    const auto all = messages();
    std::size_t count = 0;
    for (auto at = all.find("NOTIFY sip:"); at != std::string::npos; at = all.find("NOTIFY sip:", at + 1)) ++count;
    return count;
  }
  std::string output() const { return process_.output(); }

 private:
  std::filesystem::path messages_;
  Process process_;
};

}  // namespace strowger::test
