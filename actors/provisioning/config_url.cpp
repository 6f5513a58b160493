#include "actors/provisioning/config_url.hpp"

#include <algorithm>

namespace strowger::provisioning {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

}  // namespace

std::string config_url(const UrlSettings& settings, std::string_view mac) {
  const bool bare_v6 = settings.server_ip.find(':') != std::string::npos && !settings.server_ip.starts_with('[');
  std::string url = settings.format;
  replace_all(url, "{{SERVER_IP}}", bare_v6 ? "[" + settings.server_ip + "]" : settings.server_ip);
  replace_all(url, "{{PORT}}", std::to_string(settings.port));
  replace_all(url, "{mac}", mac);
  return url;
}

std::string with_token(std::string url, std::string_view token) {
  if (token.empty()) return url;
  const auto scheme = url.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  const auto path = std::min(url.find_first_of("?#"), url.size());
  const auto slash = url.rfind('/', path == 0 ? 0 : path - 1);
  if (slash == std::string::npos || slash < host) return url;
  return url.insert(slash + 1, std::string(token) + "/");
}

UrlParts url_parts(std::string_view url) {
  UrlParts parts;
  parts.https = url.starts_with("https://");
  const auto scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  url = url.substr(0, url.find_first_of("?#"));
  const auto slash = url.rfind('/');
  if (slash != std::string_view::npos && slash >= host) url = url.substr(0, slash);
  parts.base = url;
  parts.path = url.substr(host);
  const auto authority = std::string_view(parts.path).substr(0, parts.path.find('/'));
  if (authority.size() < parts.path.size()) parts.folder = parts.path.substr(authority.size() + 1);
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  parts.host = authority.substr(0, has_port ? colon : std::string_view::npos);
  parts.port = has_port ? std::string(authority.substr(colon + 1)) : parts.https ? "443" : "80";
  return parts;
}

bool has_credentials(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/?#")).find('@') != std::string_view::npos;
}

}  // namespace strowger::provisioning
