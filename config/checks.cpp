#include "config/checks.hpp"

#include "config/network.hpp"
#include "events/ids.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace strowger::config {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253 || text.front() == '-' || text.front() == '.' || text.back() == '-')
    return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

// 1.2.3.400 is a wrong address, not a name.
bool looks_like_ipv4(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// The braces of a URL format: {{SERVER_IP}}, {{PORT}}, {mac} and nothing else.
std::string check_braces(std::string rest) {
  for (const std::string_view known : {"{{SERVER_IP}}", "{{PORT}}", "{mac}"})
    for (auto at = rest.find(known); at != std::string::npos; at = rest.find(known))
      rest.replace(at, known.size(), "-");
  const auto brace = rest.find_first_of("{}");
  if (brace == std::string::npos) return {};
  return "it knows {{SERVER_IP}}, {{PORT}} and {mac}, but not '" + rest.substr(brace, 24) + "'";
}

}  // namespace

std::string read_boolean(bool& out, const std::string& value) {
  const auto word = lowered(value);
  const bool yes = word == "true" || word == "yes" || word == "on";
  if (!yes && word != "false" && word != "no" && word != "off") return "'" + value + "' is neither true nor false";
  out = yes;
  return {};
}

std::string read_number(std::uint64_t& out, std::uint64_t most, const std::string& value) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failed != std::errc() || end != value.data() + value.size()) return "'" + value + "' is not a whole number";
  if (number > most) return value + " is more than " + std::to_string(most);
  out = number;
  return {};
}

namespace {

constexpr std::array<std::pair<char, std::chrono::seconds>, 4> units{{{'d', std::chrono::days(1)},
                                                                      {'h', std::chrono::hours(1)},
                                                                      {'m', std::chrono::minutes(1)},
                                                                      {'s', std::chrono::seconds(1)}}};

}  // namespace

std::string read_duration(std::chrono::seconds& out, const std::string& value) {
  constexpr std::chrono::seconds most = std::chrono::days(36'500);
  if (value == "0" || value == "never") {
    out = {};
    return {};
  }
  for (const auto& [letter, unit] : units) {
    if (!value.ends_with(letter)) continue;
    std::uint64_t number = 0;
    auto fault = read_number(number, static_cast<std::uint64_t>(most / unit), value.substr(0, value.size() - 1));
    if (fault.empty()) out = static_cast<std::int64_t>(number) * unit;
    return fault;
  }
  return "'" + value + "' is no duration";
}

std::string show_duration(std::chrono::seconds duration) {
  if (duration.count() == 0) return "never";
  for (const auto& [letter, unit] : units)
    if (duration % unit == std::chrono::seconds(0)) return std::to_string(duration / unit) + letter;
  return {};
}

std::string check_line(const std::string& value) {
  if (std::any_of(value.begin(), value.end(), is_control)) return "it holds a line break or another control character";
  return {};
}

std::string check_host(const std::string& value) {
  if (value == "localhost" || parse_ip(value)) return {};
  return "'" + value + "' is not an address of this machine";
}

std::string check_address(const std::string& value) {
  if (value.empty() || parse_ip(value)) return {};
  if (is_host_name(value) && !looks_like_ipv4(value)) return {};
  return "'" + value + "' is neither an IP address nor a host name";
}

std::string check_realm(const std::string& value) {
  if (value.empty()) return "it is empty";
  if (value.find_first_of("\"\\") != std::string::npos) return "it holds a quote or a backslash";
  return check_line(value);
}

std::string check_url_format(const std::string& value) {
  const bool web = value.starts_with("http://") || value.starts_with("https://");
  if (!web) return "'" + value + "' does not start with http:// or https://";
  if (value.find("{mac}") == std::string::npos) return "'" + value + "' does not hold {mac}";
  const auto odd = [](char c) {
    return is_control(c) || std::string_view(" \"<>\\^`|").find(c) != std::string_view::npos;
  };
  if (std::any_of(value.begin(), value.end(), odd)) return "it holds a space or another character that no URL may hold";
  if (value.substr(value.find("//") + 2).starts_with('/')) return "'" + value + "' names no host";
  return check_braces(value);
}

std::string check_interface(const std::string& value) {
  constexpr std::size_t most = 15;  // IFNAMSIZ without its end
  const auto odd = [](char c) { return is_control(c) || c == ' ' || c == '/' || c == ':'; };
  if (value.empty() || value.size() > most || value == "." || value == ".." ||
      std::any_of(value.begin(), value.end(), odd))
    return "'" + value + "' is no name of a network interface";
  return {};
}

std::string check_network(const std::string& value) {
  const auto network = Network::parse(value);
  return network ? std::string() : network.error().message;
}

std::string check_mac(const std::string& value) {
  const auto mac = MacAddress::parse(value);
  return mac ? std::string() : mac.error().message;
}

std::string check_extension(const std::string& value) {
  const auto number = ExtensionNumber::parse(value);
  return number ? std::string() : number.error().message;
}

}  // namespace strowger::config
