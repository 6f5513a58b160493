#include "tests/faults/log/fault_disk.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace strowger::test {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

namespace {

std::string contents(const std::string& name, std::uint64_t from = 0) {
  std::ifstream file(name, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(from));
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::string folder_of(const std::string& name) {
  return std::filesystem::path(name).parent_path().lexically_normal().string();
}

IOStatus no_power() {
  return IOStatus::IOError("the power is cut");
}

}  // namespace

class FaultDisk::File : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(FaultDisk& disk, std::string name, std::uint64_t size, std::unique_ptr<rocksdb::FSWritableFile>&& file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)), size_(size) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    if (auto status = disk_.before_write(); !status.ok()) {
      if (disk_.is_full()) {
        const rocksdb::Slice half(data.data(), data.size() / 2);
        if (FSWritableFileOwnerWrapper::Append(half, options, debug).ok()) size_ += half.size();
        (void)FSWritableFileOwnerWrapper::Flush(options, debug);
      }
      return status;
    }
    auto status = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (status.ok()) size_ += data.size();
    return status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return disk_.sync(name_, size_); }
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return disk_.sync(name_, size_); }
  IOStatus Truncate(std::uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    if (auto status = disk_.before_truncate(name_, size); !status.ok()) return status;
    size_ = size;
    return FSWritableFileOwnerWrapper::Truncate(size, options, debug);
  }

 private:
  FaultDisk& disk_;
  const std::string name_;
  std::uint64_t size_;
};

class FaultDisk::Directory : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(FaultDisk& disk, std::string name, std::unique_ptr<rocksdb::FSDirectory>&& directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk), name_(std::move(name)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    if (auto status = disk_.before_sync(); !status.ok()) return status;
    disk_.sync_folder(name_);
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(options, debug);
  }

 private:
  FaultDisk& disk_;
  const std::string name_;
};

void FaultDisk::set(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  syncs_left_ = 0;
}

void FaultDisk::set_after(std::uint64_t syncs, Fault fault) {
  const std::lock_guard lock(mutex_);
  syncs_left_ = syncs;
  next_fault_ = fault;
}

bool FaultDisk::faulty() const {
  const std::lock_guard lock(mutex_);
  return fault_ != Fault::none;
}

bool FaultDisk::is_full() const {
  const std::lock_guard lock(mutex_);
  return fault_ == Fault::full;
}

IOStatus FaultDisk::failing_with_power() const {
  const std::lock_guard lock(mutex_);
  return fault_ == Fault::power ? no_power() : IOStatus::OK();
}

IOStatus FaultDisk::before_write() {
  const std::lock_guard lock(mutex_);
  if (fault_ == Fault::power) return no_power();
  if (fault_ == Fault::full) return IOStatus::NoSpace("no space left on the device (injected)");
  return IOStatus::OK();
}

IOStatus FaultDisk::before_sync() {
  const std::lock_guard lock(mutex_);
  if (syncs_left_ > 0 && --syncs_left_ == 0) fault_ = next_fault_;
  if (fault_ == Fault::power) return no_power();
  if (fault_ == Fault::sync) return IOStatus::IOError("input/output error (injected)");
  return IOStatus::OK();
}

IOStatus FaultDisk::sync(const std::string& name, std::uint64_t size) {
  if (auto status = before_sync(); !status.ok()) return status;
  const std::lock_guard lock(mutex_);
  if (lying_ && name.ends_with(".log")) return IOStatus::OK();
  auto& entry = files_[name];
  entry.synced = std::max(entry.synced, size);
  entry.cut_off.clear();
  return IOStatus::OK();
}

void FaultDisk::sync_folder(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  const auto normal = std::filesystem::path(folder).lexically_normal().string();
  for (auto& [name, entry] : files_) {
    if (folder_of(name) != normal) continue;
    entry.made = 0;
    entry.replaced.reset();
  }
}

IOStatus FaultDisk::NewWritableFile(const std::string& name, const FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (auto status = before_write(); !status.ok()) return status;
  auto status = target()->NewWritableFile(name, options, file, debug);
  if (!status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    files_[name] = {};
    files_[name].made = ++made_;
  }
  *file = std::make_unique<File>(*this, name, 0, std::move(*file));
  return status;
}

IOStatus FaultDisk::ReopenWritableFile(const std::string& name, const FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  if (auto status = failing_with_power(); !status.ok()) return status;
  auto status = target()->ReopenWritableFile(name, options, file, debug);
  if (!status.ok()) return status;
  *file = std::make_unique<File>(*this, name, std::filesystem::file_size(name), std::move(*file));
  return status;
}

IOStatus FaultDisk::NewDirectory(const std::string& name, const IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) {
  auto status = target()->NewDirectory(name, options, directory, debug);
  if (status.ok()) *directory = std::make_unique<Directory>(*this, name, std::move(*directory));
  return status;
}

IOStatus FaultDisk::before_truncate(const std::string& name, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (fault_ == Fault::power) return no_power();
  auto& entry = files_[name];
  entry.cut_off = contents(name, size);
  entry.synced = std::min(entry.synced, size);
  return IOStatus::OK();
}

IOStatus FaultDisk::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                               IODebugContext* debug) {
  if (auto status = failing_with_power(); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    auto entry = files_[from];
    files_.erase(from);
    entry.made = ++made_;
    if (std::filesystem::exists(to)) entry.replaced = contents(to);
    files_[to] = std::move(entry);
  }
  return target()->RenameFile(from, to, options, debug);
}

IOStatus FaultDisk::DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) {
  if (auto status = failing_with_power(); !status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    files_.erase(name);
  }
  return target()->DeleteFile(name, options, debug);
}

// Each page from `synced` on at even odds, or only about one of them. The page in which the synced bytes end keeps
// those.
void FaultDisk::lose_pages(const std::string& name, std::uint64_t synced, std::uint64_t size) {
  constexpr std::uint64_t page = 4'096;
  const auto pages = (size + page - 1) / page - synced / page;
  const std::uint64_t one_in = random_() % 2 == 0 ? 2 : std::max<std::uint64_t>(2, pages);
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  for (auto begin = synced; begin < size;) {
    const auto end = std::min(size, (begin / page + 1) * page);
    if (random_() % one_in == 0) {
      file.seekp(static_cast<std::streamoff>(begin));
      file << std::string(end - begin, '\0');
    }
    begin = end;
  }
}

void FaultDisk::lose() {
  const std::lock_guard lock(mutex_);
  std::uint64_t oldest = made_ + 1;
  for (const auto& [name, entry] : files_)
    if (entry.made > 0) oldest = std::min(oldest, entry.made);
  const auto kept_before = oldest + random_() % (made_ + 2 - oldest);
  for (const auto& [name, entry] : files_) {
    if (!std::filesystem::exists(name)) continue;
    if (entry.made >= kept_before) {
      if (entry.replaced)
        std::ofstream(name, std::ios::binary | std::ios::trunc) << *entry.replaced;
      else
        std::filesystem::remove(name);
      continue;
    }
    if (!entry.cut_off.empty() && random_() % 2 == 0)
      std::ofstream(name, std::ios::binary | std::ios::app) << entry.cut_off;
    const auto size = std::filesystem::file_size(name);
    if (size <= entry.synced) continue;
    // Of what was not synced nothing, a torn piece, all but some pages, or a torn piece without some pages.
    const auto outcome = random_() % 4;
    const auto extra = outcome == 0 ? 0 : outcome == 2 ? size - entry.synced : random_() % (size - entry.synced + 1);
    std::filesystem::resize_file(name, entry.synced + extra);
    if (outcome >= 2) lose_pages(name, entry.synced, entry.synced + extra);
  }
  files_.clear();
  fault_ = Fault::none;
  syncs_left_ = 0;
}

}  // namespace strowger::test
