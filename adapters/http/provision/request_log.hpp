// What operators grep for (API.md section 4): the phrases of one request, as one line at level info and, at debug, each
// by itself too. What comes from outside is escaped: no line of a stranger's own making gets into the log.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spdlog {
class logger;
}

namespace strowger::http::provision {

// Control characters and the backslash as \xNN; cut off at 256 bytes.
std::string escaped(std::string_view text);

class RequestLog {
 public:
  explicit RequestLog(spdlog::logger& logger);

  bool wanted() const { return wanted_; }  // else adding costs nothing, and nothing need be made for it
  void add(std::string phrase) {
    if (wanted_) phrases_.push_back(std::move(phrase));
  }
  void finish(bool warning = false);

 private:
  spdlog::logger& logger_;
  bool wanted_;
  std::vector<std::string> phrases_;
};

}  // namespace strowger::http::provision
