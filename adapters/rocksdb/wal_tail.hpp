// Tells a torn tail of the write-ahead log from damage.
//
// A power cut may leave the last write in pieces, also with its first piece missing and a later one there. It was
// never acknowledged, so it is cut off. But where a whole later write begins after the damage, the damaged one had been
// synced before that began: acknowledged data was destroyed, and that must stop the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <rocksdb/file_system.h>

namespace strowger::rocks {

struct TornTail {
  std::string file;
  std::uint64_t at = 0;       // where the whole writes end
  std::uint64_t dropped = 0;  // bytes after that
};

// Looks at the newest write-ahead log file in the folder. None: it is whole, or damaged before its last write.
std::optional<TornTail> find_torn_tail(rocksdb::FileSystem& disk, const std::string& folder);
// Cuts it off, durably.
rocksdb::IOStatus cut_torn_tail(rocksdb::FileSystem& disk, const TornTail& tail);

}  // namespace strowger::rocks
