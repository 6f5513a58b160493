// Networks in CIDR form (RFC 4632, RFC 4291), for who may fetch.
#pragma once

#include "events/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace strowger::config {

// An IPv4 or IPv6 address; IPv4 is kept mapped (::ffff:a.b.c.d), so that a v4 phone on a v6 socket is the same phone.
using IpBytes = std::array<std::uint8_t, 16>;
std::optional<IpBytes> parse_ip(std::string_view text);  // brackets and a %zone are not part of an address

class Network {
 public:
  // 192.168.0.0/16, fc00::/7, or one address. Refuses bits set beyond the prefix: they mean that something else was
  // meant.
  static Result<Network> parse(std::string_view text);
  bool contains(const IpBytes& address) const;
  // Whether every address of the other is one of this.
  bool covers(const Network& other) const { return bits_ <= other.bits_ && contains(other.base_); }

 private:
  IpBytes base_{};
  std::uint8_t bits_ = 128;  // of the mapped form
};

// An address that nothing outside this machine can reach; `localhost` too.
bool is_loopback(std::string_view host);

}  // namespace strowger::config
