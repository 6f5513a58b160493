#include "config/network.hpp"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace strowger::config {
namespace {

constexpr std::size_t kMapped = 12;  // bytes before an IPv4 address in its mapped form

std::uint8_t mask_of(std::uint8_t bits, std::size_t byte) {
  const auto start = byte * 8;
  if (bits >= start + 8) return 0xFF;
  if (bits <= start) return 0;
  return static_cast<std::uint8_t>(0xFF00U >> (bits - start));
}

std::string shown(const IpBytes& bytes, bool v4) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? kMapped : 0), text.data(), text.size());
  return text.data();
}

}  // namespace

std::optional<IpBytes> parse_ip(std::string_view text) {
  const std::string copy(text.substr(0, INET6_ADDRSTRLEN + 1));
  IpBytes out{};
  if (copy.find(':') != std::string::npos) {
    if (inet_pton(AF_INET6, copy.c_str(), out.data()) == 1) return out;
    return std::nullopt;
  }
  out[10] = out[11] = 0xFF;
  if (inet_pton(AF_INET, copy.c_str(), out.data() + kMapped) == 1) return out;
  return std::nullopt;
}

Result<Network> Network::parse(std::string_view text) {
  const auto fault = [&](const std::string& hint) {
    return malformed("bad_network", "'" + std::string(text.substr(0, 64)) + "' is not a network; " + hint);
  };
  const auto slash = text.find('/');
  const auto address = text.substr(0, slash);
  const auto base = parse_ip(address);
  if (!base) return fault("give one as in 192.168.0.0/16 or fc00::/7");
  const bool v4 = address.find(':') == std::string_view::npos;
  const unsigned longest = v4 ? 32 : 128;
  unsigned bits = longest;
  if (slash != std::string_view::npos) {
    const auto length = text.substr(slash + 1);
    const auto [end, failed] = std::from_chars(length.data(), length.data() + length.size(), bits);
    if (failed != std::errc() || end != length.data() + length.size() || bits > longest)
      return fault("the prefix length after / is 0 to " + std::to_string(longest));
  }
  Network out;
  out.base_ = *base;
  out.bits_ = static_cast<std::uint8_t>(v4 ? bits + 96 : bits);
  for (std::size_t i = 0; i < out.base_.size(); ++i)
    out.base_[i] = static_cast<std::uint8_t>(out.base_[i] & mask_of(out.bits_, i));
  if (out.base_ != *base) return fault("did you mean " + shown(out.base_, v4) + "/" + std::to_string(bits) + "?");
  return out;
}

bool Network::contains(const IpBytes& address) const {
  for (std::size_t i = 0; i < address.size(); ++i)
    if ((address[i] & mask_of(bits_, i)) != base_[i]) return false;
  return true;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  static const auto v4 = Network::parse("127.0.0.0/8").value();
  static const auto v6 = Network::parse("::1/128").value();
  const auto address = parse_ip(host);
  return address && (v4.contains(*address) || v6.contains(*address));
}

}  // namespace strowger::config
