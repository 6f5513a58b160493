// Folds facts of high volume into summaries of their day when their time has passed (log.retention): fetches, refused
// requests, failed logins. Decisions stay for ever, and so does each device's last fetch.
//
// A summary (DaySummarized, stream history/summaries) and the markers that take the places of what it sums up are one
// commit, together with how far it went: a kill leaves all of it or nothing, and it goes on from there. Positions and
// stream versions keep their order without gaps; who reads a folded event finds its marker (Folded). Totals stay right,
// also where a projection is folded anew: markers tell how many requests they stand for.
//
// Nothing deleted comes back: a clock that is ahead for a moment, or wrong at the start, deletes nothing. A
// date counts when the clock has held it for a day; a start believes the one that the last run knew, and a day more,
// and one before that not at all. Of facts that a wrong clock dated, the log's order says how old they are: what is
// before another is no younger.
//
// Others read the log too, from a position of their own: a copy to Kafka, reactors, projections (World::readers). A
// fact that one of them has not read waits for it, at most RetentionTimes::wait_for_readers beyond its own time. Beyond
// that it is folded all the same: that reader then meets its marker. Which events of which reader is kept in the commit
// that folds them, told in a warning and by status().
//
// It works on a thread of its own, a part at a time with pauses, so that a long backlog is in nobody's way.
#pragma once

#include "events/clock.hpp"
#include "events/drive.hpp"
#include "events/event.hpp"
#include "events/folding.hpp"
#include "events/log.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <boost/describe.hpp>

namespace strowger::history {

StreamId summaries_stream();

// Zero: for ever.
struct RetentionTimes {
  std::chrono::seconds config_served{};
  std::chrono::seconds refused{};
  std::chrono::seconds failed_logins{};
  // How long beyond its time a fact waits for a reader that has not read it. Zero: it never waits.
  std::chrono::seconds wait_for_readers{};
};

// Something else that reads the whole log, from a position that it keeps.
struct LogReader {
  std::string name;
  Position reached{};  // it read everything up to here, and needs it no more
};

// Facts whose time has passed and that wait for a reader.
struct RetentionHold {
  std::string reader;        // the one that is furthest behind
  Position reached{};        // of that reader
  Position first{};          // the first fact that waits
  std::uint64_t events = 0;  // of the log, from there to the first whose time has not passed
  Timestamp due{};           // when the time of the first passed
  Timestamp until{};         // when it waits no more
};

// Events that were folded before a reader had read them.
struct MissedEvents {
  std::uint64_t first = 0;  // positions, of the newest stretch
  std::uint64_t last = 0;
  std::uint64_t events = 0;  // folded in it
  std::uint64_t total = 0;   // and since ever
  Timestamp at{};            // when the last of them was folded
};
BOOST_DESCRIBE_STRUCT(MissedEvents, (), (first, last, events, total, at))

struct RetentionStatus {
  std::uint64_t folded = 0;  // since the start
  std::uint64_t summaries = 0;
  std::optional<RetentionHold> held{};           // as of the last run
  std::map<std::string, MissedEvents> missed{};  // by reader; since ever
};

struct RetentionOptions {
  // Folded in one commit, at most. A summary names each device in it, in 200 bytes: so many fit into an event.
  std::size_t records = 750;
  std::size_t page = 1'024;             // read at once
  std::chrono::milliseconds pause{50};  // after each page that was read, and each commit
  std::chrono::seconds first{60};       // after the start
  std::chrono::seconds every = std::chrono::hours(1);
  Drive drive = Drive::own_thread;
};

class Retention {
 public:
  struct World {
    EventLog& log;
    IdSource& ids;
    Clock clock;
    std::function<RetentionTimes()> times;
    // Whether the device was served a file after that.
    std::function<bool(const MacAddress&, Timestamp)> served_since;
    FoldRecords fold;
    // Told what was folded when there is no more to fold; may free its space. May be empty.
    std::function<void(Position first, Position last)> folded;
    std::function<void(const std::string&)> report;  // a line for people; may be empty
    std::function<void(const Error&)> trouble;       // tried again later; may be empty
    // Who else reads the log, as it is now. Called on the retention's thread, before each part. May be empty: nobody.
    std::function<std::vector<LogReader>()> readers{};
    std::function<void(const std::string&)> warn{};  // a line for people; may be empty
  };

  Retention(World world, RetentionOptions options = {});
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // Driven by hand: all that is due now. How many records were folded.
  Result<std::uint64_t> run_once();

  // Ends its thread, after the commit that is under way. Then `readers` is called no more.
  void stop();

  RetentionStatus status() const;  // any thread

 private:
  struct Part;
  Result<bool> step(std::size_t kind);
  Result<void> commit(std::size_t kind, Part& part);
  Result<std::uint64_t> read_number(const std::string& key) const;
  Result<Timestamp> read_date(const std::string& key) const;
  Result<std::optional<Timestamp>> today();
  struct Dates {
    Timestamp first;
    Timestamp latest;
  };
  Result<std::optional<Dates>> next_dates(Position after, Timestamp believed) const;
  bool pause(std::chrono::milliseconds time);
  void run();
  void load_missed();
  Result<std::uint64_t> fold_due();
  Result<void> look_what_waits();
  void tell();
  Result<std::uint64_t> due_events(Position first, Timestamp due) const;

  const World world_;
  const RetentionOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  RetentionStatus status_;  // guarded by mutex_, as it is read by others
  // What waits of each kind, and until when facts of that kind are due.
  struct Waiting {
    RetentionHold hold;
    Timestamp due_before{};
  };
  std::vector<std::optional<Waiting>> waiting_;
  std::map<std::string, MissedEvents> missed_now_;  // in this run
  std::string told_reader_;                         // that it waits for, as was told last
  Position first_{}, last_{};                       // folded in this run
  std::optional<Timestamp> known_;                  // the date that the last run before the start knew; 0: none
  Timestamp latest_{};                              // and the last run of all
  std::stop_source ending_;
  std::jthread thread_;
};

}  // namespace strowger::history
