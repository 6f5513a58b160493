// The folder of a log that nobody has open, as bytes: for tests that look beneath the log or make what no release
// would write.
#pragma once

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/record_codec.hpp"
#include "adapters/rocksdb/stored_forms.hpp"
#include "adapters/rocksdb/stream_run.hpp"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

namespace strowger::test {

// The record with the checksum that fits it, in its place.
inline std::string with_checksum(std::string stored, std::uint64_t position) {
  std::string key;
  rocks::append_key(key, position);
  const auto crc = rocks::checksum(key, rocks::checksum(std::string_view(stored).substr(4)));
  std::memcpy(stored.data(), &crc, sizeof crc);
  return stored;
}

// What the first releases wrote for the same event.
inline std::string as_format_1(std::string stored, std::uint64_t position) {
  stored.resize(stored.size() - rocks::hash_bytes);
  stored[4] = 1;
  return with_checksum(std::move(stored), position);
}

class StoredLog {
 public:
  explicit StoredLog(const std::filesystem::path& folder) {
    if (!rocks::Database::open({folder, env_.get(), 8U << 20, 4U << 20}, rocks::Access::read_write, database_).ok())
      throw std::runtime_error("cannot open the stored log");
  }

  std::string get(std::uint64_t position) { return get(rocks::Family::events, key(position)); }
  void put(std::uint64_t position, const std::string& stored) { put(rocks::Family::events, key(position), stored); }
  void erase(std::uint64_t position) { erase(rocks::Family::events, key(position)); }

  std::string get(rocks::Family family, const std::string& at) {
    std::string value;
    if (!database_->db().Get({}, (*database_)[family], at, &value).ok()) throw std::runtime_error("nothing is there");
    return value;
  }
  void put(rocks::Family family, const std::string& at, const std::string& value) {
    if (!database_->db().Put({}, (*database_)[family], at, value).ok()) throw std::runtime_error("cannot write");
  }
  void erase(rocks::Family family, const std::string& at) {
    if (!database_->db().Delete({}, (*database_)[family], at).ok()) throw std::runtime_error("cannot erase");
  }

  // The index of a stream becomes one run.
  void index(const StreamId& stream, std::uint64_t first_version, const std::vector<std::uint64_t>& positions) {
    rocks::Run run(StreamVersion{first_version});
    for (const auto position : positions) run.add(Position{position});
    put(rocks::Family::streams, key(stream, first_version), run.stored());
  }
  // All that tells of events from `position` on, but receipts.
  void cut_off(std::uint64_t position) {
    const auto range = [&](rocks::Family family, const std::string& from) {
      if (!database_->db().DeleteRange({}, (*database_)[family], from, std::string(64, '\xff')).ok())
        throw std::runtime_error("cannot erase");
    };
    range(rocks::Family::events, key(position));
    range(rocks::Family::streams, "");
    put(rocks::Family::meta, std::string(rocks::indexed_key), key(position - 1));
    std::map<StreamId, rocks::Run> runs;
    for (std::uint64_t at = 1; at < position; ++at) {
      const auto record = rocks::decode_record(Position{at}, get(at)).value();
      runs.try_emplace(record.stream, StreamVersion{1}).first->second.add(Position{at});
    }
    for (const auto& [stream, run] : runs) put(rocks::Family::streams, key(stream, 1), run.stored());
  }

  static std::string key(std::uint64_t position) {
    std::string out;
    rocks::append_key(out, position);
    return out;
  }
  static std::string key(const StreamId& stream, std::uint64_t version) {
    std::string out;
    rocks::stream_key(out, stream, StreamVersion{version});
    return out;
  }

 private:
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(rocksdb::FileSystem::Default());
  std::unique_ptr<rocks::Database> database_;
};

// Makes the folder what the first releases would have written.
inline void to_first_format(const std::filesystem::path& folder, std::uint64_t events) {
  StoredLog stored(folder);
  for (std::uint64_t position = 1; position <= events; ++position)
    stored.put(position, as_format_1(stored.get(position), position));
  stored.put(rocks::Family::meta, "format", "1");
}

}  // namespace strowger::test
