// What was acknowledged, kept outside of what is broken, and the check that all of it is there.
#pragma once

#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "tests/support/log_load.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace strowger::test {

class Ledger {
 public:
  // Safe from any thread.
  void add(const Acknowledged& ack);
  std::size_t size() const;

  // Every fault that is found, a line each; empty when the log is right. `whole` looks at everything, otherwise at
  // what came since the last look.
  std::vector<std::string> check(EventLog& log, ProjectionStore& store, bool whole);

 private:
  void check_events(EventLog& log);
  void check_streams(EventLog& log);
  void check_acknowledged(EventLog& log);
  void check_state(EventLog& log);
  void check_projection(EventLog& log, ProjectionStore& store);
  void fault(std::string text);

  mutable std::mutex mutex_;
  std::vector<Acknowledged> all_;
  std::size_t checked_ = 0;  // of all_

  struct Found {
    Uuid id;
    StreamId stream;
    std::uint64_t version = 0;
  };
  std::vector<Found> events_;  // by position - 1
  std::map<StreamId, std::uint64_t> versions_;
  ServedCounts folded_;
  std::vector<std::string> faults_;
};

}  // namespace strowger::test
