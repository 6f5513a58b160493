// Appends sample events of some devices in turn to a real log.
#pragma once

#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/sample_events.hpp"
#include "tests/support/temporary_folder.hpp"

#include <condition_variable>

namespace strowger::test {

struct LogFeeder {
  TemporaryFolder folder;
  std::unique_ptr<rocks::RocksLog> log = rocks::RocksLog::open({.folder = folder.path() / "log"}).value();
  IdSource ids;
  std::uint64_t appended = 0;

  // Returns when they are durable.
  void append(std::size_t count, std::uint64_t devices = 20) {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t left = count;
    for (std::size_t i = 0; i < count; ++i)
      log->append(sample_append((appended + i) % devices, ids), [&](const Result<Receipt>&) {
        const std::lock_guard lock(mutex);
        if (--left == 0) changed.notify_one();
      });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return left == 0; });
    appended += count;
  }
};

}  // namespace strowger::test
