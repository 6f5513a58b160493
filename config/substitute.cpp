#include "config/substitute.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace strowger::config {
namespace {

bool is_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

Error fault(std::string message) {
  return unacceptable("bad_substitution", std::move(message));
}

Result<std::string> credential(std::string_view name, const Environment& environment) {
  const bool plain = !name.empty() && name.find('/') == std::string_view::npos && name != "." && name != "..";
  if (!plain) return fault("${credential:" + std::string(name) + "}: give the plain name of a credential");
  const auto directory = environment("CREDENTIALS_DIRECTORY");
  if (!directory || directory->empty())
    return fault("${credential:" + std::string(name) +
                 "}: CREDENTIALS_DIRECTORY is not set; it is where systemd's LoadCredential= puts credentials");
  const auto path = std::filesystem::path(*directory) / name;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fault("credential file " + path.string() + " cannot be read");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Result<std::string> expand(std::string_view inner, const Environment& environment) {
  constexpr std::string_view file = "credential:";
  if (inner.starts_with(file)) return credential(inner.substr(file.size()), environment);
  const auto colon = inner.find(":-");
  const auto name = inner.substr(0, colon);
  if (!is_name(name))
    return fault("'${" + std::string(inner.substr(0, 64)) +
                 "}' is not a variable; write ${NAME} or ${NAME:-default}, or $${ for a plain ${");
  const auto value = environment(name);
  if (colon != std::string_view::npos) return value && !value->empty() ? *value : std::string(inner.substr(colon + 2));
  if (!value)
    return fault("environment variable " + std::string(name) + " is not set; set it, or give a default: ${" +
                 std::string(name) + ":-default}");
  return *value;
}

}  // namespace

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

Result<std::string> substitute(std::string_view value, const Environment& environment) {
  std::string out;
  for (std::size_t at = 0; at < value.size();) {
    if (value.substr(at).starts_with("$${")) {
      out += "${";
      at += 3;
    } else if (value.substr(at).starts_with("${")) {
      const auto end = value.find('}', at);
      if (end == std::string_view::npos) return fault("${ without }; write $${ for a plain ${");
      auto expanded = expand(value.substr(at + 2, end - at - 2), environment);
      if (!expanded) return expanded.error();
      out += *expanded;
      at = end + 1;
    } else {
      out.push_back(value[at++]);
    }
  }
  return out;
}

}  // namespace strowger::config
