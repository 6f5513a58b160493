#include "adapters/http/provision/request_log.hpp"

#include "events/controls.hpp"
#include "events/utf8.hpp"

#include <algorithm>

#include <spdlog/logger.h>

namespace strowger::http::provision {
namespace {

constexpr std::string_view separator = " | ";

bool is_plain(const utf8::Character& character, std::string_view bytes) {
  return character.valid && character.code != '\\' && !find_control(bytes);
}

void append_escaped(std::string& out, std::string_view text) {
  constexpr std::size_t most = 256;
  constexpr std::string_view digits = "0123456789abcdef";
  const auto shown = utf8::prefix(text, most);
  std::size_t plain = 0;  // start of the run that needs no escape
  for (std::size_t at = 0; at < shown.size();) {
    const auto character = utf8::character_at(shown, at);
    const auto end = at + character.size;
    if (!is_plain(character, shown.substr(at, character.size))) {
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

RequestLog::RequestLog(spdlog::logger& logger, const TokenMask& mask)
    : logger_(logger), mask_(mask), wanted_(logger.should_log(spdlog::level::warn)) {}

void RequestLog::add(std::initializer_list<std::string_view> parts) {
  if (!wanted_) return;
  if (!line_.text.empty()) line_.text += separator;
  line_.starts.push_back(line_.text.size());
  for (const auto part : parts) line_.text += part;
  end_phrase();
}

void RequestLog::end_phrase() {
  const auto start = line_.starts.back();
  if (const auto hidden = mask_.hidden(std::string_view(line_.text).substr(start)))
    line_.text.replace(start, line_.text.npos, *hidden);
}

void RequestLog::add_request(std::string_view mac, std::string_view peer, std::string_view user_agent) {
  if (!wanted_) return;
  add({"Provisioning request received for MAC: ", mac});
  add({"Request from IP: ", peer});
  add({"User-Agent: ", escaped(user_agent)});
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
