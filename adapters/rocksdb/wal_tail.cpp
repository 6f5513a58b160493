#include "adapters/rocksdb/wal_tail.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

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

// A write of the log that earlier releases did not sync: one that begins with a row of a snapshot or of the index.
// What is synced begins with an event, a state row, a receipt or what the log says of itself.
bool was_lazy(std::string_view fragment) {
  constexpr std::size_t at_tag = header_bytes + 12;  // after the batch's sequence number and count
  constexpr char put_in_family = 5;                  // then the family's id, a varint
  constexpr char streams = 2, snapshots = 4;         // in the order in which database.cpp has made them ever since
  if (fragment.size() < at_tag + 2 || fragment[at_tag] != put_in_family) return false;
  return fragment[at_tag + 1] == streams || fragment[at_tag + 1] == snapshots;
}

// Whether a write that was synced begins anywhere from `at` on. Every byte is tried, because what is broken also breaks
// the chain of lengths that leads to the next one.
bool synced_write_begins_after(std::string_view log, std::size_t at, bool is_manifest) {
  for (; at < log.size(); ++at) {
    const auto fragment = fragment_at(log, at);
    if (!fragment || (fragment->type != full && fragment->type != first)) continue;
    if (is_manifest || !was_lazy(log.substr(at, fragment->bytes))) return true;
  }
  return false;
}

// Their paths, oldest first.
std::vector<std::string> write_ahead_logs(rocksdb::FileSystem& disk, const std::string& folder) {
  std::vector<std::string> logs;
  if (!disk.GetChildren(folder, rocksdb::IOOptions(), &logs, nullptr).ok()) return {};
  std::erase_if(logs, [](const std::string& name) { return !name.ends_with(".log"); });
  std::ranges::sort(logs, [](const std::string& a, const std::string& b) {
    return std::pair(a.size(), std::string_view(a)) < std::pair(b.size(), std::string_view(b));  // they are numbers
  });
  for (auto& name : logs) name = folder + "/" + name;
  return logs;
}

std::string manifest_in_force(rocksdb::FileSystem& disk, const std::string& folder) {
  std::string name;
  if (!rocksdb::ReadFileToString(&disk, folder + "/CURRENT", &name).ok()) return {};
  if (name.ends_with('\n')) name.pop_back();
  return name.starts_with("MANIFEST-") ? folder + "/" + name : std::string();
}

std::optional<TornTail> torn_tail_of(rocksdb::FileSystem& disk, const std::string& file, bool is_manifest) {
  std::string log;
  if (!rocksdb::ReadFileToString(&disk, file, &log).ok()) return std::nullopt;
  std::size_t broken_at = 0;
  const auto whole = whole_until(log, broken_at);
  if (whole == log.size() || synced_write_begins_after(log, broken_at, is_manifest)) return std::nullopt;
  return TornTail{file, whole, log.size() - whole};
}

}  // namespace

std::vector<TornTail> find_torn_tails(rocksdb::FileSystem& disk, const std::string& folder) {
  std::vector<TornTail> torn;
  const auto logs = write_ahead_logs(disk, folder);
  const auto newest = std::find_if(logs.rbegin(), logs.rend(), [&](const std::string& file) {
    std::uint64_t size = 0;
    return disk.GetFileSize(file, rocksdb::IOOptions(), &size, nullptr).ok() && size > 0;
  });
  if (newest != logs.rend())
    if (auto tail = torn_tail_of(disk, *newest, false)) torn.push_back(std::move(*tail));
  if (const auto manifest = manifest_in_force(disk, folder); !manifest.empty())
    if (auto tail = torn_tail_of(disk, manifest, true)) torn.push_back(std::move(*tail));
  return torn;
}

rocksdb::IOStatus cut_at_damage(rocksdb::FileSystem& disk, const std::string& folder) {
  bool damaged = false;
  for (const auto& file : write_ahead_logs(disk, folder)) {
    std::string log;
    if (auto status = rocksdb::ReadFileToString(&disk, file, &log); !status.ok()) return status;
    std::size_t broken_at = 0;
    const auto whole = damaged ? 0 : whole_until(log, broken_at);
    if (whole == log.size()) continue;
    damaged = true;
    if (auto status = cut_torn_tail(disk, {file, whole, log.size() - whole}); !status.ok()) return status;
  }
  return rocksdb::IOStatus::OK();
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
