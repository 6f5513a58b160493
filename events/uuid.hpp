// Identifiers of events and of what correlates them: UUIDs, version 7 (RFC 9562 section 5.7), so that they sort by
// time.
#pragma once

#include "events/clock.hpp"
#include "events/error.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

namespace strowger {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return *this == Uuid{}; }
  std::string text() const;  // 8-4-4-4-12, lower case
  static Result<Uuid> parse(std::string_view text);
};

// Makes ids. Safe from any thread; ids of one source rise strictly. The seed makes a simulation repeatable.
class IdSource {
 public:
  explicit IdSource(Clock clock = system_now, std::uint64_t seed = std::random_device{}());
  Uuid next();

 private:
  Clock clock_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::uint64_t last_ = 0;  // milliseconds << 12 | counter: the first 60 bits that carry time
};

}  // namespace strowger

template <>
struct std::hash<strowger::Uuid> {
  std::size_t operator()(const strowger::Uuid& id) const noexcept {
    std::size_t tail = 0;  // which is random
    for (std::size_t i = 8; i < 16; ++i) tail = tail << 8 | id.bytes[i];
    return tail;
  }
};
