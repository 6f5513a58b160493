#include "tests/phones/grammar.hpp"

#include <stdexcept>

namespace strowger::phones {
namespace {

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

std::map<std::string, std::string, std::less<>> equals_lines(std::string_view bytes) {
  std::map<std::string, std::string, std::less<>> out;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const auto line = without_blanks(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    out[std::string(without_blanks(line.substr(0, equals)))] = without_blanks(line.substr(equals + 1));
  }
  return out;
}

pugi::xml_document xml_of(std::string_view bytes) {
  pugi::xml_document out;
  const auto read = out.load_buffer(bytes.data(), bytes.size());
  if (!read) throw std::runtime_error(std::string("not well-formed XML: ") + read.description());
  return out;
}

HostPort host_port(std::string_view text) {
  const auto bracket = text.rfind(']');
  const auto colon = text.rfind(':');
  if (text.starts_with('[') && bracket != std::string_view::npos)
    return {std::string(text.substr(0, bracket + 1)),
            colon != std::string_view::npos && colon > bracket ? std::string(text.substr(colon + 1)) : std::string()};
  // An IPv6 address without brackets: where the port begins cannot be told.
  if (colon == std::string_view::npos || text.find(':') != colon) return {std::string(text), {}};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace strowger::phones
