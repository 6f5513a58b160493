#include "adapters/http/provision/request_log.hpp"

#include <spdlog/logger.h>

namespace strowger::http::provision {

std::string escaped(std::string_view text) {
  constexpr std::size_t most = 256;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f && c != '\\') {
      out.push_back(c);
    } else {
      out += "\\x";
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
  if (text.size() > most) out += "...";
  return out;
}

RequestLog::RequestLog(spdlog::logger& logger) : logger_(logger), wanted_(logger.should_log(spdlog::level::warn)) {}

void RequestLog::finish(bool warning) {
  if (!wanted_) return;
  const auto level = warning ? spdlog::level::warn : spdlog::level::info;
  if (logger_.should_log(spdlog::level::debug))
    for (const auto& phrase : phrases_) logger_.log(spdlog::level::debug, phrase);
  if (!logger_.should_log(level)) return;
  std::string line;
  for (const auto& phrase : phrases_) {
    if (!line.empty()) line += " | ";
    line += phrase;
  }
  logger_.log(level, line);
}

}  // namespace strowger::http::provision
