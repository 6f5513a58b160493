// Where a phone finds its file: computed from the present settings each time, never stored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace strowger::provisioning {

struct UrlSettings {
  std::string format;     // http://{{SERVER_IP}}:{{PORT}}/provision/{mac}.cfg
  std::string server_ip;  // an IPv6 address without brackets is given them
  std::uint16_t port = 0;
};

// `mac` is 12 hex digits, or a vendor's macro that the phone expands (for files that many phones share).
std::string config_url(const UrlSettings& settings, std::string_view mac);

// The same with a device's token as a folder before the file: http://…/provision/<token>/<file>.
std::string with_token(std::string url, std::string_view token);

// The parts that phones want on their own when they append file names themselves.
struct UrlParts {
  std::string base;  // http://192.168.1.14:8080/provision, without query and last segment
  std::string path;  // 192.168.1.14:8080/provision, the same without the scheme
  bool https = false;
  std::string host{};    // 192.168.1.14, [2001:db8::5]
  std::string port{};    // 8080; without one that of the scheme
  std::string folder{};  // provision
};
UrlParts url_parts(std::string_view url);

// Whether it holds a user name or a password: http://user:password@host/…
bool has_credentials(std::string_view url);

}  // namespace strowger::provisioning
