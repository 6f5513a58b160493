// Strong types for what is named by a bare string or number elsewhere: parsed once at the edge, never passed raw.
#pragma once

#include "events/error.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace strowger {

// A device's hardware address. Shown as 12 lower-case hex digits.
class MacAddress {
 public:
  MacAddress() = default;
  // Accepts colons, dashes, Cisco dots or no separator, in any case (API.md section 2). Percent-decoding is the
  // caller's. The all-zero address is refused: phones use it in the names of common files.
  static Result<MacAddress> parse(std::string_view text);
  static MacAddress from_bits(std::uint64_t bits) { return MacAddress(bits); }

  std::string text() const;    // 001565123456
  std::string upper() const;   // 001565ABCDEF
  std::string colons() const;  // 00:15:65:12:34:56
  std::uint64_t bits() const { return bits_; }
  std::uint32_t oui() const { return static_cast<std::uint32_t>(bits_ >> 24); }
  auto operator<=>(const MacAddress&) const = default;

 private:
  explicit MacAddress(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

// A dialable number: 1 to 20 digits, with an optional leading + or *.
class ExtensionNumber {
 public:
  ExtensionNumber() = default;
  static Result<ExtensionNumber> parse(std::string_view text);
  const std::string& text() const { return text_; }
  auto operator<=>(const ExtensionNumber&) const = default;

 private:
  explicit ExtensionNumber(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// The n-th event of a stream, from 1; 0 is a stream that does not exist yet.
enum class StreamVersion : std::uint64_t {};
// The place of an event in the whole log, from 1, rising; 0 is before the first.
enum class Position : std::uint64_t {};

constexpr std::uint64_t number(StreamVersion version) {
  return static_cast<std::uint64_t>(version);
}
constexpr std::uint64_t number(Position position) {
  return static_cast<std::uint64_t>(position);
}
constexpr StreamVersion next(StreamVersion version) {
  return StreamVersion{number(version) + 1};
}
constexpr Position next(Position position) {
  return Position{number(position) + 1};
}

// `<category>/<key>`: extension/1001, device/001565123456, user/admin, provisioning/refused, system/server.
//
// A device has two streams: device/<mac> with what was decided, which its entity is hydrated from and whose versions
// its ETag counts, and device-activity/<mac> with facts that no decision depends on (fetches, uploads, PnP, who saw its
// secrets). Logs of earlier releases have the facts of their time in device/<mac> too. The log's positions order both.
class StreamId {
 public:
  static constexpr std::string_view device_category = "device";
  static constexpr std::string_view activity_category = "device-activity";
  StreamId() = default;
  StreamId(std::string_view category, std::string_view key);
  static Result<StreamId> parse(std::string_view text);
  static StreamId of(const MacAddress& mac) { return {device_category, mac.text()}; }
  static StreamId activity_of(const MacAddress& mac) { return {activity_category, mac.text()}; }
  static StreamId of(const ExtensionNumber& extension) { return {"extension", extension.text()}; }

  const std::string& text() const { return text_; }
  std::string_view category() const { return std::string_view(text_).substr(0, text_.find('/')); }
  std::string_view key() const { return std::string_view(text_).substr(text_.find('/') + 1); }
  auto operator<=>(const StreamId&) const = default;

  // Of a stream of a device, whichever of the two: whose it is.
  std::optional<MacAddress> device() const;
  // What the stream is about: device/<mac> for both streams of a device, else the stream itself. For whoever shows or
  // partitions events by what they are about.
  StreamId subject() const;

 private:
  std::string text_;
};

}  // namespace strowger

template <>
struct std::hash<strowger::MacAddress> {
  std::size_t operator()(const strowger::MacAddress& mac) const noexcept {
    return static_cast<std::size_t>(mac.bits() * 0x9e37'79b9'7f4a'7c15ULL);
  }
};
template <>
struct std::hash<strowger::ExtensionNumber> {
  std::size_t operator()(const strowger::ExtensionNumber& extension) const noexcept {
    return std::hash<std::string>{}(extension.text());
  }
};
template <>
struct std::hash<strowger::StreamId> {
  std::size_t operator()(const strowger::StreamId& stream) const noexcept {
    return std::hash<std::string>{}(stream.text());
  }
};
