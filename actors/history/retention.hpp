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
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace strowger::history {

StreamId summaries_stream();

// Zero: for ever.
struct RetentionTimes {
  std::chrono::seconds config_served{};
  std::chrono::seconds refused{};
  std::chrono::seconds failed_logins{};
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
  };

  Retention(World world, RetentionOptions options = {});
  ~Retention();
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  // Driven by hand: all that is due now. How many records were folded.
  Result<std::uint64_t> run_once();

  std::uint64_t folded() const;  // since the start
  std::uint64_t summaries() const;

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

  const World world_;
  const RetentionOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t folded_ = 0;
  std::uint64_t summaries_ = 0;
  Position first_{}, last_{};       // folded in this run
  std::optional<Timestamp> known_;  // the date that the last run before the start knew; 0: none
  Timestamp latest_{};              // and the last run of all
  std::stop_source ending_;
  std::jthread thread_;
};

}  // namespace strowger::history
