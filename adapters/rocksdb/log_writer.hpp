// The one thread that changes the log: group commit, and getting well again after a fault of the disk.
#pragma once

#include "adapters/rocksdb/log_core.hpp"
#include "adapters/rocksdb/version_cache.hpp"

#include <chrono>
#include <optional>
#include <thread>
#include <vector>

namespace strowger::rocks {

class LogWriter {
 public:
  LogWriter(LogCore& core, const ChainEnd& end);
  ~LogWriter();  // commits what is queued, then ends the thread
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

 private:
  void run();
  void commit(Taken& taken);
  rocksdb::Status write(Taken& taken, CommittedBatch& records);
  void fail(const rocksdb::Status& status, Taken& taken);
  void refuse(Taken& taken);
  Error unwritable(const rocksdb::Status& status) const;
  void heal();
  rocksdb::Status reopen();

  LogCore& core_;
  VersionCache versions_;
  Hasher hasher_;
  ChainEnd end_;                          // of what is committed
  std::vector<Result<Receipt>> answers_;  // one for each append of the batch under way
  // Set while the log is faulty: when to try again, and how long to wait after that.
  std::optional<std::chrono::steady_clock::time_point> retry_at_;
  std::chrono::milliseconds delay_{};
  bool cut_ = true;  // the write-ahead log holds nothing that was not acknowledged
  std::thread thread_;
};

}  // namespace strowger::rocks
