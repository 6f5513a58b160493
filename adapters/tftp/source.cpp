#include "adapters/tftp/source.hpp"

#include "adapters/http/provision/files.hpp"
#include "adapters/http/provision/firmware.hpp"

#include <algorithm>

namespace strowger::tftp {
namespace {

constexpr std::size_t piece = 64 * 1024;  // in memory at a time, of a file

}  // namespace

void append_netascii(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
    if (c == '\r') out.push_back('\0');
  }
}

Source::Source(const http::provision::Delivery& from, Mode mode)
    : file_(from.firmware),
      owner_(from.owner),
      rest_(from.bytes),
      size_(from.firmware ? from.firmware->size() : from.bytes.size()),
      mode_(mode) {}

std::optional<std::uint64_t> Source::size() const {
  if (mode_ == Mode::netascii) return std::nullopt;
  return size_;
}

// Some more into `ready_`; nothing at the end.
Result<void> Source::fill() {
  std::string read;
  std::string_view more;
  if (file_) {
    auto bytes = file_->read(at_, static_cast<std::size_t>(std::min<std::uint64_t>(piece, size_ - at_)));
    if (!bytes) return bytes.error();
    read = std::move(*bytes);
    more = read;
    at_ += read.size();
  } else {
    more = rest_.substr(0, piece);
    rest_.remove_prefix(more.size());
  }
  if (mode_ == Mode::netascii)
    append_netascii(ready_, more);
  else
    ready_ += more;
  return {};
}

Result<std::string> Source::next(std::size_t size) {
  while (ready_.size() - taken_ < size && (file_ ? at_ < size_ : !rest_.empty())) {
    ready_.erase(0, taken_);
    taken_ = 0;
    if (auto done = fill(); !done) return done.error();
  }
  auto block = ready_.substr(taken_, size);
  taken_ += block.size();
  return block;
}

}  // namespace strowger::tftp
