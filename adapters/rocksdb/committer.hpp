// Writes and syncs one batch after the other on a thread of its own, so that the next batch is made while the disk
// works on this one. Completions and wake-ups of the log run here.
#pragma once

#include "adapters/rocksdb/batch.hpp"
#include "adapters/rocksdb/log_core.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace strowger::rocks {

// A batch with those who wait for it.
struct Commit {
  Taken taken;
  std::shared_ptr<Database> database;  // that it is made for
  std::optional<Batch> batch;
  std::vector<Result<Receipt>> answers;  // one for each append

  // Keeps only the memory.
  void clear() {
    batch.reset();
    database.reset();
    answers.clear();
  }
};

class Committer {
 public:
  explicit Committer(LogCore& core);
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Begins to write it; once it is durable, its events are published and its requests answered. When that fails, nobody
  // is answered and the queue's taker is woken. None may be under way; the commit stays untouched until wait() returns.
  void start(Commit& commit);
  // Waits until none is under way. What became of the last one.
  rocksdb::Status wait();

 private:
  void run();
  rocksdb::Status write(Commit& commit);

  LogCore& core_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Commit* under_way_ = nullptr;
  rocksdb::Status status_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace strowger::rocks
