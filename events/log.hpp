// The event log port (ARCHITECTURE section 4). Engines: adapters/rocksdb (embedded), adapters/kafka (cluster);
// tests/support has one in memory and one that fails on command.
//
// Threads: every method may be called from any thread. append() never blocks: it queues for the one writer and
// returns. Completions and wake-ups run on the writer thread and must only hand over (post, anon_send), never wait.
#pragma once

#include "events/error.hpp"
#include "events/ids.hpp"
#include "events/record.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace strowger {

class ExpectedVersion {
 public:
  static ExpectedVersion any() { return ExpectedVersion{}; }  // for facts, which are already true
  static ExpectedVersion exactly(StreamVersion version) { return ExpectedVersion{version}; }
  static ExpectedVersion no_stream() { return exactly(StreamVersion{0}); }

  bool accepts(StreamVersion present) const { return !version_ || *version_ == present; }
  const std::optional<StreamVersion>& version() const { return version_; }

 private:
  ExpectedVersion() = default;
  explicit ExpectedVersion(StreamVersion version) : version_(version) {}
  std::optional<StreamVersion> version_;
};

// A latest value that is kept beside the log (a binding's expiry, a wrapped key, a reactor's checkpoint), committed
// in the same batch as the events of its request. No value erases the key.
struct StateWrite {
  std::string table;
  std::string key;
  std::optional<std::string> value;
};

// A stream that must be at this version when the request is added.
struct Expectation {
  StreamId stream;
  StreamVersion version{};
};

// An event of any stream, at whatever version that is: it is true already, and nobody could refuse it.
struct Fact {
  StreamId stream;
  NewRecord event;
};

// All of it is committed, or none.
struct AppendRequest {
  StreamId stream;  // unused where there are only state writes
  ExpectedVersion expected = ExpectedVersion::any();
  std::vector<NewRecord> events;
  std::vector<StateWrite> state;
  // A repeated key is not appended again: the first receipt is returned, for some days (the engine's setting). Empty:
  // none. It does not begin with a NUL.
  std::string idempotency_key;
  std::vector<Fact> facts;  // after `events`; of one stream they keep their order
  // How long it may wait for others to share its sync with. A sync costs more than a small request itself, and a phone
  // does not notice milliseconds; a person who waits for one answer after the other does: none, then.
  std::chrono::milliseconds patience{0};
  // Of streams beside `stream`, judged before anything is added: what makes `facts` decisions on many streams at once.
  std::vector<Expectation> expectations{};
  // Kept with the receipt of the idempotency key, and given back with it. Bytes of the caller's own.
  std::string receipt_note{};
};

struct Receipt {
  StreamVersion version{};  // of the stream after the append
  Position position{};      // of the last event appended; of the log's end where there was none
  bool repeated = false;    // the idempotency key was known
  Timestamp time{};         // of the append; only of a receipt that is kept
  std::string note{};       // AppendRequest::receipt_note; only of a receipt that is kept
};

// Runs on the writer thread, after fsync. Errors: conflict `version_conflict` (details: stream, expected, present);
// overloaded when the queue is full, `event_too_large` (event_size.hpp) when an event is (both at once, on the caller's
// thread); unavailable `log_unavailable` when it could not be made durable: nothing of it is or will be visible.
using AppendDone = std::function<void(Result<Receipt>)>;

// Events that follow one another in the log, shared with all who follow it: copying it copies none of them.
class Records {
 public:
  Records() = default;
  explicit Records(std::vector<Record> records)
      : owner_(std::make_shared<const std::vector<Record>>(std::move(records))), records_(*owner_) {}
  // `count` of `batch`, from `first` on.
  Records(std::shared_ptr<const std::vector<Record>> batch, std::size_t first, std::size_t count)
      : owner_(std::move(batch)), records_(std::span(*owner_).subspan(first, count)) {}

  auto begin() const { return records_.begin(); }
  auto end() const { return records_.end(); }
  std::size_t size() const { return records_.size(); }
  bool empty() const { return records_.empty(); }
  const Record& back() const { return records_.back(); }

 private:
  std::shared_ptr<const std::vector<Record>> owner_;
  std::span<const Record> records_;
};

// Follows the log: first what is stored, then what is committed, in position order, each event once.
// One user thread at a time. Destroying it ends it.
class Subscription {
 public:
  virtual ~Subscription() = default;
  // Events that follow the last one returned, at most `max`; none when all that is committed was read.
  virtual Result<Records> poll(std::size_t max) = 0;
  // Calls `wake` once, on the writer thread, when poll() has something (at once, on this thread, if it has now).
  virtual void notify(std::function<void()> wake) = 0;
};

struct Snapshot {
  StreamVersion version{};   // the state after this event
  std::uint32_t schema = 0;  // of the state's own layout; another one is not read
  std::string data;
};

class EventLog {
 public:
  virtual ~EventLog() = default;

  virtual void append(AppendRequest request, AppendDone done) = 0;

  // Events of one stream with versions above `after`, at most `max`.
  virtual Result<std::vector<Record>> read_stream(const StreamId& stream, StreamVersion after, std::size_t max) = 0;
  // The version of the stream's last event; 0 where it has none. Complexity: one look-up, in memory for streams that
  // were appended to lately.
  virtual Result<StreamVersion> last_version(const StreamId& stream) = 0;
  // Events of all streams with positions above `after`, at most `max`.
  virtual Result<std::vector<Record>> read_all(Position after, std::size_t max) = 0;
  // The newest events, newest first, with positions below `before`.
  virtual Result<std::vector<Record>> read_back(Position before, std::size_t max) = 0;
  virtual std::unique_ptr<Subscription> subscribe(Position after) = 0;
  virtual Position last_position() const = 0;  // durable

  // The receipt of an earlier append with this idempotency key, while it is kept.
  virtual Result<std::optional<Receipt>> find_receipt(std::string_view idempotency_key) = 0;

  virtual Result<std::optional<Snapshot>> load_snapshot(const StreamId& stream) = 0;
  virtual void save_snapshot(const StreamId& stream, Snapshot snapshot) = 0;  // lazily; losing one costs only time

  virtual Result<std::optional<std::string>> load_state(std::string_view table, std::string_view key) = 0;
  // Visits the keys of a table that start with `prefix`, in order.
  virtual Result<void> scan_state(std::string_view table, std::string_view prefix,
                                  const std::function<void(std::string_view key, std::string_view value)>& visit) = 0;

  // Empty while appends are accepted; else why not, for /readyz.
  virtual std::optional<Error> fault() const = 0;
};

// Appends and waits for the result. For start-up, tools and tests; never on a thread that serves.
Result<Receipt> append_and_wait(EventLog& log, AppendRequest request);

}  // namespace strowger
