// The bytes of a transfer, in order, a block at a time: from memory, or read from a file in pieces, and with the line
// ends of netascii where that was asked for.
#pragma once

#include "adapters/tftp/packet.hpp"
#include "events/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::http::provision {
class FirmwareFile;
struct Delivery;
}  // namespace strowger::http::provision

namespace strowger::tftp {

class Source {
 public:
  // Of what was not refused.
  Source(const http::provision::Delivery& from, Mode mode);

  // The next `size` bytes; fewer at the end, and none behind it. Blocks for the disk. Fails where a file became
  // shorter.
  Result<std::string> next(std::size_t size);
  // Of all of it, where that is known before.
  std::optional<std::uint64_t> size() const;

 private:
  Result<void> fill();

  std::shared_ptr<const http::provision::FirmwareFile> file_;
  std::shared_ptr<const void> owner_;
  std::string_view rest_;  // of the bytes in memory
  std::uint64_t at_ = 0;   // in the file
  std::uint64_t size_ = 0;
  const Mode mode_;
  std::string ready_;  // converted, and not taken yet
  std::size_t taken_ = 0;
};

// Appends `text` as netascii has it: a line ends with CR LF, and a CR of its own is CR NUL (RFC 764).
void append_netascii(std::string& out, std::string_view text);

}  // namespace strowger::tftp
