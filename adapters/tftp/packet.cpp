#include "adapters/tftp/packet.hpp"

#include <algorithm>
#include <charconv>

namespace strowger::tftp {
namespace {

constexpr std::uint16_t opcode_read = 1;
constexpr std::uint16_t opcode_write = 2;
constexpr std::uint16_t opcode_data = 3;
constexpr std::uint16_t opcode_acknowledgement = 4;
constexpr std::uint16_t opcode_failure = 5;
constexpr std::uint16_t opcode_options = 6;

constexpr std::size_t longest_name = 600;
constexpr std::size_t longest_message = 400;
constexpr std::uint32_t smallest_block = 8;
constexpr std::uint32_t largest_block = 65'464;

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) << 8 |
                                    static_cast<unsigned char>(bytes[at + 1]));
}

void put(std::string& to, std::uint16_t number) {
  to.push_back(static_cast<char>(number >> 8));
  to.push_back(static_cast<char>(number & 0xff));
}

// Takes a text up to its NUL; none where there is no NUL.
std::optional<std::string_view> take_text(std::string_view& rest) {
  const auto end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const auto text = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return text;
}

bool same(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

std::optional<std::uint32_t> whole_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value);
  if (text.empty() || fault != std::errc() || stop != end) return std::nullopt;
  return value;
}

void read_option(ReadRequest& request, std::string_view name, std::string_view value) {
  const auto number = whole_number(value);
  if (!number) return;
  if (same(name, "blksize") && !request.block_size && *number >= smallest_block)
    request.block_size = static_cast<std::uint16_t>(std::min(*number, largest_block));
  else if (same(name, "timeout") && !request.timeout && *number >= 1 && *number <= 255)
    request.timeout = static_cast<std::uint8_t>(*number);
  else if (same(name, "tsize"))
    request.wants_size = true;
}

Packet read_request_of(std::string_view rest, bool write) {
  const auto name = take_text(rest);
  const auto mode = name ? take_text(rest) : std::nullopt;
  if (!name || !mode) return BadRequest{"The request is not complete"};
  if (name->empty() || name->size() > longest_name) return BadRequest{"The request names no file"};
  if (write) return WriteRequest{*name};
  ReadRequest request{*name};
  if (same(*mode, "netascii"))
    request.mode = Mode::netascii;
  else if (!same(*mode, "octet"))
    return BadRequest{"Only the modes octet and netascii are served"};
  while (!rest.empty()) {
    const auto option = take_text(rest);
    if (option && option->empty()) continue;  // some pad their packets
    const auto value = option ? take_text(rest) : std::nullopt;
    if (!value) return BadRequest{"An option is not complete"};
    read_option(request, *option, *value);
  }
  return request;
}

}  // namespace

Packet parse(std::string_view datagram) {
  if (datagram.size() < 4) return Noise{};
  const auto rest = datagram.substr(2);
  switch (number_at(datagram, 0)) {
    case opcode_read:
      return read_request_of(rest, false);
    case opcode_write:
      return read_request_of(rest, true);
    case opcode_acknowledgement:
      return Acknowledgement{number_at(datagram, 2)};
    case opcode_failure: {
      const auto message = datagram.substr(4);
      return Failure{number_at(datagram, 2), message.substr(0, message.find('\0'))};
    }
    default:
      return Noise{};
  }
}

std::string data_packet(std::uint16_t block, std::string_view bytes) {
  std::string out;
  out.reserve(4 + bytes.size());
  put(out, opcode_data);
  put(out, block);
  out += bytes;
  return out;
}

std::string options_packet(const OptionList& list) {
  std::string out;
  put(out, opcode_options);
  for (const auto& [name, value] : list) {
    out += name;
    out.push_back('\0');
    out += value;
    out.push_back('\0');
  }
  return out;
}

std::string error_packet(ErrorCode code, std::string_view message) {
  std::string out;
  put(out, opcode_failure);
  put(out, static_cast<std::uint16_t>(code));
  out += message.substr(0, std::min(message.find('\0'), longest_message));
  out.push_back('\0');
  return out;
}

}  // namespace strowger::tftp
