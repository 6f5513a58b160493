// What TFTP says, a datagram each (RFC 1350; options: RFC 2347, 2348, 2349).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace strowger::tftp {

enum class Mode : std::uint8_t { octet, netascii };

enum class ErrorCode : std::uint16_t {
  undefined = 0,
  not_found = 1,
  access_violation = 2,
  illegal_operation = 4,
  unknown_transfer = 5,
  bad_option = 8,
};

inline constexpr std::uint16_t default_block_size = 512;

// The views are of the datagram. An option that is not understood, or asks for what nobody can give, is as if it had
// not been sent, as RFC 2347 wants it.
struct ReadRequest {
  std::string_view file;
  Mode mode = Mode::octet;
  std::optional<std::uint16_t> block_size{};  // 8 to 65464
  std::optional<std::uint8_t> timeout{};      // seconds, 1 to 255
  bool wants_size = false;
};
struct WriteRequest {
  std::string_view file;
};
struct Acknowledgement {
  std::uint16_t block = 0;
};
struct Failure {
  std::uint16_t code = 0;
  std::string_view message;
};
// A request that cannot be read; `why` is for whoever sent it.
struct BadRequest {
  std::string_view why;
};
// DATA, OACK and what is no TFTP at all: never answered, so that nobody can be made to talk to somebody else.
struct Noise {};

using Packet = std::variant<Noise, ReadRequest, WriteRequest, Acknowledgement, Failure, BadRequest>;

Packet parse(std::string_view datagram);

using OptionList = std::vector<std::pair<std::string_view, std::string>>;

std::string data_packet(std::uint16_t block, std::string_view data);
std::string options_packet(const OptionList& options);
std::string error_packet(ErrorCode code, std::string_view message);  // the message is cut off at 400 bytes

}  // namespace strowger::tftp
