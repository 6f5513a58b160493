// log_load <folder> <run>: opens the log in the folder, keeps a projection over it, and appends until it is killed.
// Writes one Acknowledged for each acknowledged request to standard output; whoever reads them keeps the ledger.
#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/projection_runner.hpp"
#include "tests/support/log_load.hpp"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

using namespace strowger;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::filesystem::path folder(argv[1]);
  rocks::LogOptions options{.folder = folder / "log"};
  options.memtable_bytes = 1U << 20;  // so that flushes and compactions happen too
  options.recent_events = 256;        // and the index is stored
  auto log = rocks::RocksLog::open(options);
  auto store = rocks::RocksProjectionStore::open({.folder = folder / "projections", .memtable_bytes = 1U << 20});
  if (!log || !store) {
    std::fprintf(stderr, "%s\n", (log ? store.error() : log.error()).message.c_str());
    return 1;
  }
  test::ServedCounts served;
  ProjectionRunner runner(**log, **store, {&served},
                          {.batch = 64, .commit_every = std::chrono::milliseconds(std::atoi(argv[2]) % 3 * 40)});
  if (!runner.start()) return 1;
  // A write of this size to a pipe is whole or not there.
  test::LogLoad load(**log, static_cast<std::uint32_t>(std::atoi(argv[2])), [](const test::Acknowledged& ack) {
    if (::write(STDOUT_FILENO, &ack, sizeof ack) != static_cast<ssize_t>(sizeof ack)) std::_Exit(3);
  });
  for (;;) ::pause();
}
