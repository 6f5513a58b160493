#include "adapters/rocksdb/wal_marks.hpp"

#include <algorithm>

namespace strowger::rocks {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class WalMarks::File : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(WalMarks& marks, std::string name, std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)), marks_(marks), name_(std::move(name)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return appended(data.size(), FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, IODebugContext* debug) override {
    return appended(data.size(), FSWritableFileOwnerWrapper::Append(data, options, verification, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    const auto length = written();
    return synced(length, FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    const auto length = written();
    return synced(length, FSWritableFileOwnerWrapper::Fsync(options, debug));
  }

 private:
  IOStatus appended(std::size_t size, IOStatus status) {
    if (status.ok()) {
      const std::lock_guard lock(marks_.mutex_);
      marks_.files_[name_].written += size;
    }
    return status;
  }
  IOStatus synced(std::uint64_t length, IOStatus status) {
    if (status.ok()) {
      const std::lock_guard lock(marks_.mutex_);
      auto& file = marks_.files_[name_];
      file.synced = std::max(file.synced, length);
    }
    return status;
  }
  std::uint64_t written() const {
    const std::lock_guard lock(marks_.mutex_);
    return marks_.files_[name_].written;
  }

  WalMarks& marks_;
  std::string name_;
};

void WalMarks::acknowledge() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, length] : files_) length.acknowledged = length.synced;
}

IOStatus WalMarks::cut() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, length] : files_) {
    std::uint64_t size = 0;
    auto status = target()->GetFileSize(name, IOOptions(), &size, nullptr);
    if (status.IsNotFound() || status.IsPathNotFound()) continue;  // deleted since, or its creation never became real
    if (!status.ok()) return status;
    std::unique_ptr<rocksdb::FSWritableFile> file;
    status = target()->ReopenWritableFile(name, FileOptions(), &file, nullptr);
    if (status.ok() && size > length.acknowledged) status = file->Truncate(length.acknowledged, IOOptions(), nullptr);
    // Even where the size fits already: a sync that failed must succeed once before the file is believed.
    if (status.ok()) status = file->Fsync(IOOptions(), nullptr);
    if (status.ok()) status = file->Close(IOOptions(), nullptr);
    if (!status.ok()) return status;
    length.written = length.synced = length.acknowledged;
  }
  return IOStatus::OK();
}

IOStatus WalMarks::NewWritableFile(const std::string& name, const FileOptions& options,
                                   std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  auto status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (status.ok() && name.ends_with(".log") && parent_of(name) == folder_) {
    {
      const std::lock_guard lock(mutex_);
      files_[name] = {};
    }
    *file = std::make_unique<File>(*this, name, std::move(*file));
  }
  return status;
}

IOStatus WalMarks::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  auto status = FileSystemWrapper::DeleteFile(name, options, debug);
  if (status.ok()) {
    const std::lock_guard lock(mutex_);
    files_.erase(name);
  }
  return status;
}

}  // namespace strowger::rocks
