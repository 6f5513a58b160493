#include "events/uuid.hpp"

#include <algorithm>

namespace strowger {

std::string Uuid::text() const {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(hex[bytes[i] >> 4]);
    out.push_back(hex[bytes[i] & 15]);
  }
  return out;
}

Result<Uuid> Uuid::parse(std::string_view text) {
  const auto nibble = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  const auto fault = [&] { return malformed("bad_uuid", "'" + std::string(text) + "' is not a UUID"); };
  if (text.size() != 36) return fault();
  Uuid id;
  std::size_t byte = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i++] != '-') return fault();
      continue;
    }
    const int high = nibble(text[i]), low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return fault();
    id.bytes.at(byte++) = static_cast<std::uint8_t>(high << 4 | low);
    i += 2;
  }
  return id;
}

IdSource::IdSource(Clock clock, std::uint64_t seed) : clock_(std::move(clock)), random_(seed) {}

Uuid IdSource::next() {
  const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(clock_().time_since_epoch());
  const auto now = static_cast<std::uint64_t>(since_epoch.count()) << 12;
  std::uint64_t ordered = 0, tail = 0;
  {
    const std::lock_guard lock(mutex_);
    ordered = last_ = std::max(now, last_ + 1);  // a clock that jumps back must not break the order
    tail = random_();
  }
  Uuid id;
  const std::uint64_t head = (ordered >> 12) << 16 | 0x7000 | (ordered & 0xfff);
  tail = (tail & 0x3fff'ffff'ffff'ffff) | 0x8000'0000'0000'0000;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(head >> (56 - 8 * i));
    id.bytes[8 + i] = static_cast<std::uint8_t>(tail >> (56 - 8 * i));
  }
  return id;
}

}  // namespace strowger
