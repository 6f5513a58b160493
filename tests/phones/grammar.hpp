// How phones take files apart, for readers: lines of a key and a value, and XML.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <pugixml.hpp>

namespace strowger::phones {

// `key = value` (Yealink, Zultys): outer blanks go, a line whose first sign is # is a comment, and a later line with
// the same key wins. A # behind a value is a part of it.
std::map<std::string, std::string, std::less<>> equals_lines(std::string_view bytes);

// Throws std::runtime_error where it is not well-formed, which a phone refuses as a whole.
pugi::xml_document xml_of(std::string_view bytes);

// Empty where it is not there.
template <class Map>
std::string value_of(const Map& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string() : found->second;
}

// The server's word for a vendor's code; empty where there is none.
inline std::string word_for(const std::map<std::string_view, std::string_view>& words, std::string_view code) {
  const auto found = words.find(code);
  return found == words.end() ? std::string() : std::string(found->second);
}

// host:port, [address]:port or a host alone.
struct HostPort {
  std::string host;
  std::string port;
};
HostPort host_port(std::string_view text);

}  // namespace strowger::phones
