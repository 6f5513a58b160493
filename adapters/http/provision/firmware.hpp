// Firmware images (and what lies beside them) from a folder: streamed bit by bit, never whole in memory, in ranges
// where a phone goes on with a download (RFC 9110 section 14). What is outside the folder cannot be reached, by no path
// and no symbolic link.
#pragma once

#include "adapters/http/message.hpp"
#include "adapters/http/offload.hpp"
#include "events/error.hpp"
#include "events/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace strowger::http::provision {

// An open file; it stays the same while it is sent, whatever takes its place in the folder.
class FirmwareFile {
 public:
  // `name` may hold folders. Fails with `not_found`, also for a folder, and for what leads out of `folder`.
  static Result<std::shared_ptr<const FirmwareFile>> open(const std::string& folder, std::string_view name);
  ~FirmwareFile();
  FirmwareFile(const FirmwareFile&) = delete;
  FirmwareFile& operator=(const FirmwareFile&) = delete;

  std::uint64_t size() const { return size_; }
  Timestamp modified() const { return modified_; }
  const std::string& etag() const { return etag_; }  // strong: of size, time and inode
  // Blocks for the disk. Fails where the file became shorter.
  Result<std::string> read(std::uint64_t from, std::size_t size) const;

 private:
  explicit FirmwareFile(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
  std::uint64_t size_ = 0;
  Timestamp modified_{};
  std::string etag_;
};

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // that too
  bool operator==(const ByteRange&) const = default;
};
// None: the whole is sent (no range, one that is not understood, or several). `unsatisfiable` where the file ends
// before.
struct RangeWanted {
  std::optional<ByteRange> range;
  bool unsatisfiable = false;
};
RangeWanted range_of(std::string_view header, std::uint64_t size);

// 200, 206, 304 or 416. The pool outlives the reply.
Response firmware_response(const Request& request, std::shared_ptr<const FirmwareFile> file, Offload& pool);

}  // namespace strowger::http::provision
