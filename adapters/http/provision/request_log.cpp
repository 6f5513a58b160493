#include "adapters/http/provision/request_log.hpp"

#include "events/utf8.hpp"

#include <spdlog/logger.h>

namespace strowger::http::provision {
namespace {

constexpr std::string_view separator = " | ";

bool is_plain(char32_t code) {
  return code >= 0x20 && code != 0x7f && code != '\\';
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::size_t most = 256;
  constexpr std::string_view digits = "0123456789abcdef";
  const auto shown = utf8::prefix(text, most);
  std::size_t plain = 0;  // start of the run that needs no escape
  for (std::size_t at = 0; at < shown.size();) {
    const auto character = utf8::character_at(shown, at);
    const auto end = at + character.size;
    if (!character.valid || !is_plain(character.code)) {
      out += shown.substr(plain, at - plain);
      for (; at < end; ++at) {
        const auto byte = static_cast<unsigned char>(shown[at]);
        out += "\\x";
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
      }
      plain = end;
    }
    at = end;
  }
  out += shown.substr(plain);
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
