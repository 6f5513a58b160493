// What the writer thread and the readers of one RocksLog share.
#pragma once

#include "adapters/rocksdb/append_queue.hpp"
#include "adapters/rocksdb/chain.hpp"
#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/histogram.hpp"
#include "adapters/rocksdb/recent_streams.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/rocksdb/tail.hpp"
#include "adapters/rocksdb/wal_marks.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

namespace strowger::rocks {

struct LogCore {
  LogCore(LogOptions options_in, std::shared_ptr<WalMarks> marks_in);

  DatabaseOptions database_options() const {
    return {options.folder, env.get(), options.memtable_bytes, options.cache_bytes};
  }
  void report(const std::string& line) const {
    if (options.report) options.report(line);
  }
  std::optional<Error> fault() const {
    const std::lock_guard lock(fault_mutex);
    return present_fault;
  }
  void set_fault(std::optional<Error> fault) {
    const std::lock_guard lock(fault_mutex);
    present_fault = std::move(fault);
  }
  // The open database, or why there is none.
  Result<std::shared_ptr<Database>> borrow() const;

  const LogOptions options;
  const std::shared_ptr<WalMarks> marks;
  const std::unique_ptr<rocksdb::Env> env;
  Lending lending;
  RecentStreams recent;
  std::unique_ptr<Tail> tail;  // set once the end of the log is known
  AppendQueue queue;

  std::atomic<std::uint64_t> batches{0};
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> faults{0};
  // Recorded by the thread that commits.
  LatencyHistogram append_seconds{latency_bounds};
  LatencyHistogram sync_seconds{latency_bounds};
  SizeHistogram batch_requests{size_bounds};

  mutable std::mutex fault_mutex;
  std::optional<Error> present_fault;
};

// Where the log in the database ends.
Result<ChainEnd> stored_end(Database& database);

}  // namespace strowger::rocks
