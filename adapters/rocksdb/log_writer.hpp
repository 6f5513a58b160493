// Changes the log: group commit, and getting well again after a fault of the disk. One thread takes what was appended
// and makes a batch of it, judged by the log as it will be after the batch before; another (committer.hpp) writes that
// one meanwhile. When it fails, both are refused.
#pragma once

#include "adapters/rocksdb/committer.hpp"
#include "adapters/rocksdb/log_core.hpp"
#include "adapters/rocksdb/receipt_ages.hpp"
#include "adapters/rocksdb/version_cache.hpp"

#include <chrono>
#include <optional>
#include <thread>
#include <vector>

namespace strowger::rocks {

class LogWriter {
 public:
  LogWriter(LogCore& core, const ChainEnd& end);
  ~LogWriter();  // commits what is queued, then ends the threads
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

 private:
  void run();
  void prepare(Commit& commit);
  void store_index();
  bool settle();
  void fail(const rocksdb::Status& status);
  void refuse(Taken& taken);
  Error unwritable(const rocksdb::Status& status) const;
  void heal();
  rocksdb::Status reopen();

  LogCore& core_;
  VersionCache versions_;
  ReceiptAges ages_;
  Hasher hasher_;
  ChainEnd end_;  // of what is committed
  Committer committer_;
  Commit commits_[2];
  Commit* next_ = &commits_[0];       // being made
  Commit* under_way_ = &commits_[1];  // being written; without a batch: none
  // Set while the log is faulty: when to try again, and how long to wait after that.
  std::optional<std::chrono::steady_clock::time_point> retry_at_;
  std::chrono::milliseconds delay_{};
  bool cut_ = true;  // the write-ahead log holds nothing that was not acknowledged
  std::thread thread_;
};

}  // namespace strowger::rocks
