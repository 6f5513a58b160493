// Knows how far each write-ahead log file is acknowledged, so that a write that failed can be cut off again.
//
// After a failed write or sync the tail of the file may or may not reach the disk, now or later. What was synced
// before it is safe. Cutting the file back to there, and syncing the cut, is the only state in which nothing of the
// failed batch can reappear.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <rocksdb/file_system.h>

namespace strowger::rocks {

class WalMarks : public rocksdb::FileSystemWrapper {
 public:
  // Of the log in `folder`; what is written elsewhere, such as a checkpoint of it, is none of its business.
  WalMarks(std::shared_ptr<rocksdb::FileSystem> disk, const std::filesystem::path& folder)
      : FileSystemWrapper(std::move(disk)), folder_(parent_of(folder / "any")) {}
  const char* Name() const override { return "strowger.WalMarks"; }

  // All that is synced now is acknowledged. By the writer, after a batch was written and synced.
  void acknowledge();
  // Cuts every log file back to its mark and syncs it. The database must be closed.
  rocksdb::IOStatus cut();

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class File;
  struct Length {
    std::uint64_t written = 0;
    std::uint64_t synced = 0;
    std::uint64_t acknowledged = 0;
  };
  static std::filesystem::path parent_of(const std::filesystem::path& file) {
    return file.lexically_normal().parent_path();
  }

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::map<std::string, Length> files_;
};

}  // namespace strowger::rocks
