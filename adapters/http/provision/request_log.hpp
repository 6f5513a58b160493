// What operators grep for (API.md section 4): the phrases of one request, as one line at level info and, at debug, each
// by itself too. What comes from outside is escaped: no line of a stranger's own making gets into the log. Tokens are
// masked in every phrase.
#pragma once

#include "adapters/http/token_mask.hpp"
#include "events/time.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spdlog {
class logger;
}

namespace strowger::http::provision {

// Control characters, those that change the direction of text, the backslash and bytes that are not UTF-8 as \xNN, a
// byte each; cut between characters at 256 bytes.
std::string escaped(std::string_view text);

class RequestLog {
 public:
  // Both outlive it.
  RequestLog(spdlog::logger& logger, const TokenMask& mask);

  bool wanted() const { return wanted_; }  // else adding costs little, but its arguments may
  bool empty() const { return line_.text.empty(); }
  // One phrase, given in parts.
  void add(std::initializer_list<std::string_view> parts);
  // The phrases that every request begins with. `mac` is what the log shall call it: no text from outside.
  void add_request(std::string_view mac, std::string_view peer, std::string_view user_agent);
  // Writes the line; the next phrase begins another.
  void finish(Timestamp time, bool warning = false);

  struct Line {
    std::string text;
    std::vector<std::size_t> starts{};  // of the phrases
  };
  // The line so far, to be written as often as wanted; the next phrase begins another.
  Line take() { return std::exchange(line_, {}); }
  void write(const Line& line, Timestamp time, bool warning = false);

 private:
  void end_phrase();

  spdlog::logger& logger_;
  const TokenMask& mask_;
  bool wanted_;
  Line line_;
};

}  // namespace strowger::http::provision
