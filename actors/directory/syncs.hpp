// Directory syncs. Read this first.
//
//   order ─▶ Source reads ─▶ Planner (spool on disk) ─▶ too many to disable? ─▶ Applier: commands ─▶ events
//
// One sync at a time, on a thread of its own; searches and checks, which wait for a directory too, on another. Nothing
// is changed before all was read. DirectorySyncStarted, then what it led to, then DirectorySyncCompleted or
// DirectorySyncFailed: all with one correlation, and what is changed is caused by the first. A dry run writes nothing.
//
// A sync that a person asks for reads everything, unless they say otherwise. One of the schedule reads what changed
// and which users there are (deletions need no rights on tombstones then), and everything once a day.
#pragma once

#include "actors/directory/applier.hpp"
#include "actors/directory/schedule.hpp"
#include "actors/directory/source.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/directories.hpp"

#include <deque>
#include <map>
#include <mutex>
#include <thread>

namespace strowger::directory {

// One directory, as the settings are now.
struct Setup {
  Policy policy;
  std::shared_ptr<Source> source;
  std::optional<Schedule> schedule;
  // Of all settings that decide what is read and what comes of it: another one, and everything is read again.
  std::string fingerprint;
};

struct SyncOrder {
  std::string by;
  bool dry_run = false;
  bool force = false;  // more than max_change_percent may be disabled
  bool full = true;
};

struct PlannedChange {
  std::string change;  // create, update, enable, disable, move_phones, role
  std::string extension;
  std::string user;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(PlannedChange, (), (change, extension, user, detail))

struct SyncReport {
  Uuid sync;  // nil: a dry run
  SyncMode mode = SyncMode::full;
  std::string server;
  SyncCounts counts;
  std::vector<SkippedUser> skipped;
  std::vector<PlannedChange> changes;  // of a dry run, the first of them
  // So far:
  std::uint32_t phones_changed = 0;  // whose configuration is another one now
  std::uint32_t reboots = 0;         // of them: asked to fetch it
};

// A user that was searched for, and what a sync makes of them.
struct Hit {
  Entry entry;
  Person person;
};

class Syncs {
 public:
  struct World {
    EventLog& log;
    IdSource& ids;
    Clock clock;
    ProjectionRunner& runner;
    const ExtensionsProjection& extension_rows;
    const UsersProjection& user_rows;
    const DirectoriesProjection& directory_rows;
    Applier::World apply;
    std::filesystem::path folder;  // for the spool
    // Directories by name, as the settings are now; fails where one is not set up (`directory_disabled`).
    std::vector<std::string> names;
    std::function<Result<Setup>(const std::string& name)> setup;
    std::function<void(const std::string& line)> log_line;
    std::function<void(const std::string& line)> warn;
  };

  explicit Syncs(World world);
  ~Syncs();  // a sync that runs ends at the next entry, and says that it was cut off
  Syncs(const Syncs&) = delete;
  Syncs& operator=(const Syncs&) = delete;

  // Any thread; `done` is called once, on a thread of this. Conflict `sync_running` while one of that directory runs
  // or waits.
  void sync(const std::string& name, SyncOrder order, std::function<void(Result<SyncReport>)> done);
  void search(const std::string& name, std::string text, std::size_t most,
              std::function<void(Result<std::vector<Hit>>)> done);
  // Whether it is that user's password, as the directory says.
  void authenticate(const std::string& name, std::string account, std::string password,
                    std::function<void(Result<Uuid>)> done);
  // The source's steps, and what a dry run says of conflicts.
  void check(const std::string& name, std::function<void(Result<std::vector<Source::Step>>)> done);

  struct State {
    bool enabled = false;
    std::string fault;  // of the settings
    bool running = false;
    std::string schedule;
    std::optional<Timestamp> next;  // of the schedule
  };
  State state(const std::string& name) const;
  // The settings may have changed.
  void wake();
  // From now on a sync's report waits, for moments, for what the phones that it concerns are told. `looked`: whether
  // all that follows from events up to a position was decided; any thread.
  void watch(std::function<bool(Position)> looked);

 private:
  struct Job {
    std::string name;
    SyncOrder order;
    std::function<void(Result<SyncReport>)> done;
  };

  void run_syncs(const std::stop_token& stop);
  void run_queries(const std::stop_token& stop);
  void ask(std::function<void()> query, const std::function<void(Error)>& shed);
  std::optional<Job> due(std::optional<Instant>& next);
  Timestamp last_begun(const std::string& name, const Now& now) const;
  Result<SyncReport> run(const Job& job);
  Result<SyncReport> run(const Job& job, const Setup& setup, const Uuid& sync, const Cause& cause);
  Result<Source::Done> read(const Job& job, const Setup& setup, Planner& planner);
  Result<void> within_limit(const Job& job, const Setup& setup, Planner& planner, SyncReport& report);
  void await_phones(const std::string& name, Position end);
  Result<Position> record(const std::string& name, const Event& event, Cause& cause);

  World world_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> jobs_;
  std::set<std::string> running_;
  std::deque<std::function<void()>> queries_;
  std::map<std::string, Instant> begun_;  // of the schedule's last sync, whatever came of it
  std::function<bool(Position)> looked_;
  const Instant born_;
  std::stop_source ending_;
  std::jthread syncing_;
  std::jthread querying_;
};

}  // namespace strowger::directory
