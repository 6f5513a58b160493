#include "adapters/http/provision/request_log.hpp"

#include <algorithm>

#include <spdlog/logger.h>

namespace strowger::http::provision {
namespace {

constexpr std::string_view separator = " | ";

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte != 0x7f && c != '\\';
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::size_t most = 256;
  constexpr std::string_view digits = "0123456789abcdef";
  const auto shown = text.substr(0, most);
  for (auto rest = shown; !rest.empty();) {
    const auto plain = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_plain) - rest.begin());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.empty()) break;
    const auto byte = static_cast<unsigned char>(rest.front());
    out += "\\x";
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
    rest.remove_prefix(1);
  }
  if (text.size() > most) out += "...";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

RequestLog::RequestLog(spdlog::logger& logger) : logger_(logger), wanted_(logger.should_log(spdlog::level::warn)) {}

void RequestLog::add(std::initializer_list<std::string_view> parts) {
  if (!wanted_) return;
  if (!line_.text.empty()) line_.text += separator;
  line_.starts.push_back(line_.text.size());
  for (const auto part : parts) line_.text += part;
}

void RequestLog::add_request(std::string_view mac, std::string_view peer, std::string_view user_agent) {
  if (!wanted_) return;
  add({"Provisioning request received for MAC: ", mac});
  add({"Request from IP: ", peer});
  add({"User-Agent: "});
  append_escaped(line_.text, user_agent);
}

void RequestLog::finish(Timestamp time, bool warning) {
  write(line_, time, warning);
  line_.text.clear();
  line_.starts.clear();
}

void RequestLog::write(const Line& line, Timestamp time, bool warning) {
  if (!wanted_) return;
  const std::string_view text = line.text;
  if (logger_.should_log(spdlog::level::debug)) {
    for (std::size_t i = 0; i < line.starts.size(); ++i) {
      const auto end = i + 1 < line.starts.size() ? line.starts[i + 1] - separator.size() : text.size();
      logger_.log(time, {}, spdlog::level::debug, text.substr(line.starts[i], end - line.starts[i]));
    }
  }
  logger_.log(time, {}, warning ? spdlog::level::warn : spdlog::level::info, text);
}

}  // namespace strowger::http::provision
