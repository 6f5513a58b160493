// A file system that fails on command, and whose power can be cut: what was not synced is then lost.
//
// It keeps the real files up to date, as the page cache does, and remembers of each how much is durable. lose() makes
// the folder what a machine would find after a power cut: of every file the synced bytes and, of what follows, nothing,
// or a random piece, or random pages with zeros between them (a disk writes pages in any order); of new files and
// renames whose folder was not synced, those up to a random moment (a journalling file system keeps their order); of a
// truncation that was not synced, randomly, nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include <rocksdb/file_system.h>

namespace strowger::test {

class FaultDisk : public rocksdb::FileSystemWrapper {
 public:
  explicit FaultDisk(std::uint64_t seed) : FileSystemWrapper(rocksdb::FileSystem::Default()), random_(seed) {}
  const char* Name() const override { return "strowger.FaultDisk"; }

  enum class Fault : std::uint8_t {
    none,
    sync,   // every sync fails with EIO; what was written stays in the page cache
    full,   // every write and new file fails with ENOSPC; the first half of a write still goes in
    power,  // nothing works any more
  };
  void set(Fault fault);
  // The fault comes with the n-th sync from now.
  void set_after(std::uint64_t syncs, Fault fault);
  bool faulty() const;
  // From now on the disk says that it synced write-ahead logs, and does not.
  void lie() { lying_ = true; }

  // After Fault::power, with nothing of it open any more: makes the loss real and turns the power on again.
  void lose();

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext*) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext*) override;
  rocksdb::IOStatus NewDirectory(const std::string& name, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory, rocksdb::IODebugContext*) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext*) override;
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext*) override;

 private:
  class File;
  class Directory;
  struct Entry {
    std::uint64_t synced = 0;
    std::uint64_t made = 0;               // when, counting new files and renames; 0: its folder was synced since
    std::string cut_off;                  // by a truncation that is not synced
    std::optional<std::string> replaced;  // what lay under this name before a rename that is not synced
  };
  // Counts a sync and says how the operation fails now, if it does.
  rocksdb::IOStatus before_write();
  rocksdb::IOStatus before_sync();
  rocksdb::IOStatus failing_with_power() const;
  rocksdb::IOStatus sync(const std::string& name, std::uint64_t size);
  void sync_folder(const std::string& folder);
  rocksdb::IOStatus before_truncate(const std::string& name, std::uint64_t size);
  void lose_pages(const std::string& name, std::uint64_t synced, std::uint64_t size);
  bool is_full() const;

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  Fault fault_ = Fault::none;
  std::uint64_t syncs_left_ = 0;  // until next_fault_; 0: none is coming
  Fault next_fault_ = Fault::none;
  bool lying_ = false;
  std::uint64_t made_ = 0;
  std::map<std::string, Entry> files_;
};

}  // namespace strowger::test
