// Keeps projections up to date: one thread follows the log, decodes each event once, applies it to every projection
// and commits changed rows with the checkpoint.
//
// Order: apply to memory, tell who waits for the position, then commit, now and then. A query therefore may see what
// the store does not hold yet; a start would fold it again from the log. When a commit fails it is tried again with
// backoff while events go on being applied, and status() says so.
//
// A projection that throws is set aside as it is, with the reason in status(), and the others go on. It is built again
// from the first event, and again with backoff as long as it throws, and takes its place when that succeeds.
//
// An event that cannot be decoded does not stop it: projections are handed an Undecodable in its place and pass over
// it. QuarantineProjection counts and lists such events.
//
// A log that cannot be read stops the runner for good, with the reason in status(). Whoever waits for a position is
// answered with that error at once, and so is whoever would wait later.
#pragma once

#include "events/drive.hpp"
#include "events/log.hpp"
#include "events/projection.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace strowger {

struct ProjectionStatus {
  std::string name;
  Position position{};         // applied
  std::uint64_t lag = 0;       // events of the log that are not applied yet
  bool rebuilding = false;     // from the first event: at the start, or beside the live one
  double fraction = 1;         // of the log that is applied, or, in a rebuild, rebuilt
  std::optional<Error> fault;  // of its last commit, or why it is set aside; empty when it is well
};

struct RunnerStatus {
  bool running = false;
  std::optional<Error> stopped;  // why it stopped, when it was not asked to
  Position log{};
  std::vector<ProjectionStatus> projections;
};

struct RunnerOptions {
  std::size_t batch = 1'024;  // events applied at once, at most
  // Rows are committed at most this often, and when stopping: a row that changes many times in between is serialised
  // and written once. After a crash the events since the checkpoint are applied again. Zero commits after every batch.
  std::chrono::milliseconds commit_every{4'000};
  std::size_t pending_rows = 65'536;       // kept while the store fails; above it, all rows are written when it heals
  std::uint64_t checkpoint_every = 4'096;  // events after which a checkpoint is written though no row changed
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{5'000};
  // How long until a projection that threw is built again, at first and at most.
  std::chrono::milliseconds rebuild_first{1'000};
  std::chrono::milliseconds rebuild_most{600'000};
  std::function<void(const std::string&)> report{};  // a line when something fails, heals or is rebuilt; any thread
  Drive drive = Drive::own_thread;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;  // of the pauses above
};

class ProjectionRunner {
 public:
  // The log, the store and the projections outlive it. Projections are known by their names.
  ProjectionRunner(EventLog& log, ProjectionStore& store, std::vector<Projection*> projections,
                   RunnerOptions options = {});
  ~ProjectionRunner();
  ProjectionRunner(const ProjectionRunner&) = delete;
  ProjectionRunner& operator=(const ProjectionRunner&) = delete;

  // Loads the rows, then follows the log. Rows of another schema, without a checkpoint or ahead of the log are dropped
  // and folded again from the first event. Only an unreadable store or row is an error.
  Result<void> start();
  // Commits what is applied and ends the threads. Whoever still waits is not called.
  void stop();
  // Driven by hand: one batch, and the commit where one is due. Failed also when the runner stopped for good.
  Step step();

  // Any thread. `done` is called once all projections have applied `position`: at once on this thread when they have,
  // else on the runner's. `failed` is called instead with `projections_stopped` where the runner stopped before that by
  // itself. Both must only hand over.
  void when_applied(Position position, std::function<void()> done, std::function<void(const Error&)> failed = {});
  // What all projections have applied.
  Position applied_position() const;
  // False when the deadline passed, or at once when the runner stopped before; status() says why.
  bool wait_applied(Position position, std::chrono::steady_clock::time_point deadline);

  // Builds the projection again from the first event beside the live one, on a thread of its own, and swaps when it
  // has caught up. Returns when it has begun. `not_found`; conflict `rebuild_running` while another one is under way.
  Result<void> rebuild(std::string_view name);

  RunnerStatus status() const;

 private:
  struct Live;
  struct Rebuild;
  class Signal;

  Result<void> load(Live& live);
  Result<Uuid> event_at(Position position) const;
  void run();
  void rest(Step done);
  void apply(const Records& records);
  void apply(std::span<const Envelope> events);
  void applied();
  bool commit_due(std::chrono::steady_clock::time_point now) const;
  void commit(bool force);
  void commit(Live& live, bool force);
  void set_aside(Live& live, Error fault);
  void rebuild_due();
  void adopt_rebuilt();
  void run_rebuild(Rebuild& rebuild);
  void stop_with(Error fault);
  Error stopped_error() const;  // with mutex_ held
  void report(const std::string& line) const;

  EventLog& log_;
  ProjectionStore& store_;
  const RunnerOptions options_;
  std::vector<std::unique_ptr<Live>> live_;
  std::shared_ptr<Signal> signal_;
  std::unique_ptr<Subscription> subscription_;
  std::chrono::steady_clock::time_point committed_at_{};  // when all were last told to commit
  bool uncommitted_ = false;                              // events were applied since then
  std::vector<Envelope> decoded_;                         // of a batch; kept for its memory

  mutable std::mutex mutex_;  // guards what follows, and what status() reads of live_
  std::condition_variable applied_;
  Position applied_position_{};  // by all
  struct Waiter {
    Position position{};
    std::function<void()> done;
    std::function<void(const Error&)> failed;
    bool operator>(const Waiter& other) const { return position > other.position; }
  };
  std::vector<Waiter> waiting_;  // a heap, the lowest position first
  std::optional<Error> stopped_;
  bool running_ = false;
  std::unique_ptr<Rebuild> rebuild_;

  std::thread thread_;
};

}  // namespace strowger
