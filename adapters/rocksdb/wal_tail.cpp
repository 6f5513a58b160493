#include "adapters/rocksdb/wal_tail.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

namespace strowger::rocks {
namespace {

// The format of RocksDB's log files: blocks of 32 KB, in them fragments of crc32c (masked), length, type, payload; a
// fragment does not cross a block, and fewer than 7 bytes at a block's end are zeros.
constexpr std::size_t block_bytes = 32'768;
constexpr std::size_t header_bytes = 7;
enum : unsigned char { full = 1, first = 2, middle = 3, last = 4 };

// Castagnoli, reflected.
constexpr std::array<std::uint32_t, 256> crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f6'3b78U : 0U);
    table[i] = crc;
  }
  return table;
}();

std::uint32_t masked_crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) crc = crc_table[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ (crc >> 8);
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xa282'ead8U;
}

struct Fragment {
  unsigned char type = 0;
  std::size_t bytes = 0;  // header and payload
};

// The whole fragment that begins at `at`, if there is one.
std::optional<Fragment> fragment_at(std::string_view log, std::size_t at) {
  const std::size_t room = std::min(block_bytes - at % block_bytes, log.size() - at);
  if (room < header_bytes) return std::nullopt;
  std::uint32_t crc = 0;
  std::memcpy(&crc, log.data() + at, 4);
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(log[at + i]); };
  const std::size_t length = byte(4) | static_cast<std::size_t>(byte(5)) << 8;
  const auto type = byte(6);
  if (type < full || type > last || header_bytes + length > room) return std::nullopt;
  if (masked_crc32c(log.substr(at + 6, 1 + length)) != crc) return std::nullopt;
  return Fragment{type, header_bytes + length};
}

// Where the last whole write ends.
std::size_t whole_until(std::string_view log, std::size_t& broken_at) {
  std::size_t at = 0, whole = 0;
  bool inside = false;
  while (at < log.size()) {
    if (block_bytes - at % block_bytes < header_bytes) {
      at += block_bytes - at % block_bytes;
      continue;
    }
    const auto fragment = fragment_at(log, at);
    if (!fragment) break;
    const bool begins = fragment->type == full || fragment->type == first;
    if (begins == inside) break;  // a piece is missing
    at += fragment->bytes;
    inside = fragment->type == first || fragment->type == middle;
    if (!inside) whole = at;
  }
  broken_at = std::min(at, log.size());
  return whole;
}

// Whether a write begins anywhere from `at` on. Every byte is tried, because what is broken also breaks the chain of
// lengths that leads to the next one.
bool write_begins_after(std::string_view log, std::size_t at) {
  for (; at < log.size(); ++at) {
    const auto fragment = fragment_at(log, at);
    if (fragment && (fragment->type == full || fragment->type == first)) return true;
  }
  return false;
}

std::optional<std::string> newest_log(rocksdb::FileSystem& disk, const std::string& folder) {
  std::vector<std::string> names;
  if (!disk.GetChildren(folder, rocksdb::IOOptions(), &names, nullptr).ok()) return std::nullopt;
  std::sort(names.rbegin(), names.rend());  // numbers of six digits
  for (const auto& name : names) {
    const auto path = folder + "/" + name;
    std::uint64_t size = 0;
    if (name.ends_with(".log") && disk.GetFileSize(path, rocksdb::IOOptions(), &size, nullptr).ok() && size > 0)
      return path;
  }
  return std::nullopt;
}

}  // namespace

std::optional<TornTail> find_torn_tail(rocksdb::FileSystem& disk, const std::string& folder) {
  const auto file = newest_log(disk, folder);
  if (!file) return std::nullopt;
  std::uint64_t size = 0;
  std::unique_ptr<rocksdb::FSSequentialFile> reader;
  if (!disk.GetFileSize(*file, rocksdb::IOOptions(), &size, nullptr).ok() ||
      !disk.NewSequentialFile(*file, rocksdb::FileOptions(), &reader, nullptr).ok())
    return std::nullopt;
  std::string buffer(size, '\0');
  rocksdb::Slice read;
  if (!reader->Read(size, rocksdb::IOOptions(), &read, buffer.data(), nullptr).ok()) return std::nullopt;
  const std::string_view log(read.data(), read.size());
  std::size_t broken_at = 0;
  const auto whole = whole_until(log, broken_at);
  if (whole == log.size() || write_begins_after(log, broken_at)) return std::nullopt;
  return TornTail{*file, whole, log.size() - whole};
}

rocksdb::IOStatus cut_torn_tail(rocksdb::FileSystem& disk, const TornTail& tail) {
  const rocksdb::IOOptions options;
  std::unique_ptr<rocksdb::FSWritableFile> file;
  auto status = disk.ReopenWritableFile(tail.file, rocksdb::FileOptions(), &file, nullptr);
  if (status.ok()) status = file->Truncate(tail.at, options, nullptr);
  if (status.ok()) status = file->Fsync(options, nullptr);
  if (status.ok()) status = file->Close(options, nullptr);
  return status;
}

}  // namespace strowger::rocks
