// The log in a folder, for a tool that reads and never writes: beside a running server, or of a stopped one, which is
// then kept from being started as long as it is read.
#pragma once

#include "adapters/rocksdb/database.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace strowger::rocks {

// How far a long piece of work is; called often, from the thread that does it.
using Progress = std::function<void(std::uint64_t done, std::uint64_t of)>;

class ReadOnlyLog {
 public:
  // As of now: what is appended later is not seen. `no_log` when there is none in the folder.
  static Result<std::unique_ptr<ReadOnlyLog>> open(const std::filesystem::path& folder);
  ~ReadOnlyLog();
  ReadOnlyLog(const ReadOnlyLog&) = delete;
  ReadOnlyLog& operator=(const ReadOnlyLog&) = delete;

  Database& database() { return *database_; }
  // Another process has it open. It may have deleted files while this one opened them, so a fault that is found is
  // one only where it is found again.
  bool live() const { return lock_ == nullptr; }

 private:
  ReadOnlyLog() = default;
  std::unique_ptr<rocksdb::Env> env_;
  rocksdb::FileLock* lock_ = nullptr;
  std::unique_ptr<Database> database_;
};

// Does `work` on the log in the folder. Beside a running server a failure is tried twice more, each time anew.
template <class Work>
auto with_log(const std::filesystem::path& folder, Work work) -> decltype(work(std::declval<Database&>())) {
  for (int attempt = 1;; ++attempt) {
    auto log = ReadOnlyLog::open(folder);
    if (!log) return log.error();
    auto result = work((*log)->database());
    if (result || !(*log)->live() || attempt == 3) return result;
  }
}

}  // namespace strowger::rocks
