// Tells the torn tail of a log file of RocksDB's from damage.
//
// A power cut may lose any page that was not synced: the last write of a file may be there in pieces, also with its
// first piece missing and a later one there. Each write of the log is synced before the next one begins, and so is each
// one of the manifest. So a damaged write that no other follows was never acknowledged, and is cut off. But where a
// later write begins after the damage, the damaged one had been synced before: acknowledged data was destroyed, and
// that must stop the start.
//
// Earlier releases wrote snapshots, and at their end the index, without a sync. Such a write proves nothing of what is
// before it. Both can be made again from the events, so they are cut off with what is damaged before them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

namespace strowger::rocks {

struct TornTail {
  std::string file;
  std::uint64_t at = 0;       // where the whole writes end
  std::uint64_t dropped = 0;  // bytes after that
};

// Looks at the newest write-ahead log and at the manifest in force; the database must be closed. A file is not listed
// where it is whole, or damaged before its last write. Reads both files; tries every byte after a damage.
std::vector<TornTail> find_torn_tails(rocksdb::FileSystem& disk, const std::string& folder);
// Cuts it off, durably.
rocksdb::IOStatus cut_torn_tail(rocksdb::FileSystem& disk, const TornTail& tail);

// For a database whose writes are not synced and which may lose the newest of them, but no other: cuts the first
// write-ahead log that is damaged back to its last whole write, and empties the logs after it. RocksDB alone passes
// over a lost page where it begins between two writes, and applies what follows.
rocksdb::IOStatus cut_at_damage(rocksdb::FileSystem& disk, const std::string& folder);

}  // namespace strowger::rocks
