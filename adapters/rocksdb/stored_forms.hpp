// Keys and values of the column families other than events, and how a fault of RocksDB's is said.
#pragma once

#include "events/log.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <rocksdb/status.h>

namespace strowger::rocks {

// What meta says of the folder, under "format".
inline constexpr std::string_view folder_format = "4";
// …and, under this, up to which position the index of the streams is stored.
inline constexpr std::string_view indexed_key = "indexed";

void stream_key(std::string& out, const StreamId& stream, StreamVersion version);
std::string state_key(std::string_view table, std::string_view key);
inline constexpr std::size_t early_receipt = 24;  // bytes of one before format 4
// Version, position, time, a checksum of all else, note. Before format 4: version, position and their checksum.
std::string encode_receipt(const Receipt& receipt);
Result<Receipt> decode_receipt(std::string_view stored);
std::string encode_snapshot(const Snapshot& snapshot);
std::optional<Snapshot> decode_snapshot(std::string_view stored);  // none when it is damaged

// A RocksDB status as the house says it: damage is `log_damaged`, everything else `log_unavailable`.
Error read_error(const rocksdb::Status& status, std::string_view what);

}  // namespace strowger::rocks
