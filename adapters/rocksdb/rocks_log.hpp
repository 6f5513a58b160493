// The embedded event log: the port events/log.hpp on RocksDB. Read this first.
//
// append() queues. One thread takes all that queued meanwhile and makes a batch of it: it checks expected versions and
// idempotency keys in order (a request sees what earlier ones did). Another writes the batch with one sync, and only
// then answers, while the next is made. The sync is the batching window; beyond it waits only who says that he can
// (AppendRequest::patience).
//
// Column families (all integers in keys big-endian, so that keys sort as numbers do):
//   events     position                          -> record (record_codec.hpp), with a checksum that is proved at read
//                                                   and a hash that chains it to its predecessor (chain.hpp)
//   streams    stream id, 0x00, stream version   -> positions of events from that version on (stream_run.hpp); of the
//                                                   newest events, in memory only (recent_streams.hpp)
//   receipts   idempotency key                   -> version, position, time and note
//              0x00, t, time, idempotency key    -> nothing: what has ended is found by it (receipt_ages.hpp)
//   snapshots  stream id                         -> version, schema, data; rides with what is written next
//   state      table, 0x00, key                  -> value
//   meta       what the log says of itself
// Positions are dense: 1, 2, 3, …
//
// When a write or its sync fails, no one knows what of it lies on the disk, and it must never turn up later. So the
// database is closed, the write-ahead log is cut back to the end of the last acknowledged batch (wal_marks.hpp), the
// waiting requests are refused, and the database is opened again from what the disk then holds: for reading at once,
// for writing when a synced probe succeeds, tried again with backoff. One gap remains and cannot be closed: a disk
// that takes the write, then refuses sync and cut alike, and a process that ends before either succeeds; the refused
// batch may then be found at the next start.
//
// Each write is synced before the next one begins, so a power cut damages at most the last one, whichever pages of it
// reached the disk. Recovery never skips what was acknowledged: such a torn tail is dropped (wal_tail.hpp); damage
// before it stops the start with an error.
#pragma once

#include "adapters/rocksdb/histogram.hpp"
#include "events/folding.hpp"
#include "events/log.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace rocksdb {
class FileSystem;
}

namespace strowger::rocks {

struct LogOptions {
  std::filesystem::path folder;

  // The queue before the writer; what does not fit is refused as overloaded.
  std::size_t queue_events = 65'536;
  std::size_t queue_bytes = 64U << 20;
  // Recent events kept in memory, so that who follows the log live does not read it back.
  std::size_t tail_events = 8'192;
  std::size_t tail_bytes = 8U << 20;
  // So many new events are indexed in memory before their index is stored; a start after a crash reads them again.
  std::size_t recent_events = 65'536;
  // Streams whose version is kept in memory; others are looked up.
  std::size_t cached_streams = 131'072;

  // How long the receipt of an idempotency key is kept.
  std::chrono::seconds receipts_kept{std::chrono::hours(24 * 7)};
  // The date, where no event tells it.
  std::function<Timestamp()> now = system_now;

  std::size_t memtable_bytes = 32U << 20;  // of all column families together
  std::size_t cache_bytes = 16U << 20;     // blocks, indexes and filters

  // After a fault, how long until the first and at most until each further attempt to write again.
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{5'000};

  // The disk; none: the real one. Tests hand in one that fails or forgets.
  std::shared_ptr<rocksdb::FileSystem> file_system{};
  // Told in a line each when the log becomes faulty and when it is well again; on the writer thread.
  std::function<void(const std::string&)> report{};
};

struct ChainEnd;
struct LogCore;
class LogWriter;

// Besides what the port says: a reader never waits for the writer, but after a fault the writer waits for the readers
// inside; so what scan_state() visits must not wait for an append. Subscriptions end before their log.
class RocksLog : public EventLog {
 public:
  // Creates the folder when it is not there. Fails with `log_damaged` when acknowledged records cannot be read,
  // `log_locked` when another process has it open, `log_unavailable` otherwise.
  static Result<std::unique_ptr<RocksLog>> open(LogOptions options);

  // Commits what is queued, then closes. No other thread may be inside a method by then.
  ~RocksLog() override;
  RocksLog(const RocksLog&) = delete;
  RocksLog& operator=(const RocksLog&) = delete;

  void append(AppendRequest request, AppendDone done) override;
  Result<std::vector<Record>> read_stream(const StreamId& stream, StreamVersion after, std::size_t max) override;
  Result<StreamVersion> last_version(const StreamId& stream) override;
  Result<std::vector<Record>> read_all(Position after, std::size_t max) override;
  Result<std::vector<Record>> read_back(Position before, std::size_t max) override;
  std::unique_ptr<Subscription> subscribe(Position after) override;
  Position last_position() const override;
  Result<std::optional<Receipt>> find_receipt(std::string_view idempotency_key) override;
  Result<std::optional<Snapshot>> load_snapshot(const StreamId& stream) override;
  void save_snapshot(const StreamId& stream, Snapshot snapshot) override;
  Result<std::optional<std::string>> load_state(std::string_view table, std::string_view key) override;
  Result<void> scan_state(std::string_view table, std::string_view prefix,
                          const std::function<void(std::string_view, std::string_view)>& visit) override;
  std::optional<Error> fault() const override;

  // What FoldRecords says (events/folding.hpp). The hash chain goes on through what is left, and the proof is checked
  // by `strowger log verify`. One thread at a time.
  Result<Receipt> fold(const std::vector<FoldedRecord>& records, const MakeSummary& make);
  // Puts records in the places of stored ones, each with the position, stream, version and id of the one that it takes
  // the place of, in one commit with the request that `make` makes of their proofs (a SHA-256 of what stands there now,
  // as hex, for each). For `strowger log repair`. One thread at a time.
  using MakeRepair = std::function<AppendRequest(const std::vector<std::string>& proofs)>;
  Result<Receipt> replace(const std::vector<Record>& instead, const MakeRepair& make);
  // Frees the space of what was folded there, and makes it unreadable on the disk. Takes as long as reading it does.
  Result<void> compact(Position first, Position last);

  // Makes `folder`, which must not exist, a copy of the log as it is: all that is acknowledged by now is in it. Appends
  // go on meanwhile. Where it is on the same disk, the files are shared.
  Result<void> checkpoint(const std::filesystem::path& folder);

  // Since the start; for metrics and benchmarks.
  struct Counters {
    std::uint64_t batches = 0;  // synced writes
    std::uint64_t events = 0;   // committed in them
    std::uint64_t refused = 0;  // requests shed by the full queue
    std::uint64_t faults = 0;   // batches that could not be made durable
    std::size_t queued = 0;     // events waiting now
    Latencies append_seconds;   // from append() to the acknowledgement
    Latencies sync_seconds;     // of a group commit's write
    Sizes batch_requests;       // appends acknowledged by one sync
  };
  Counters counters() const;

 private:
  RocksLog(std::unique_ptr<LogCore> core, const ChainEnd& end);
  std::unique_ptr<LogCore> core_;
  std::unique_ptr<LogWriter> writer_;
};

}  // namespace strowger::rocks
