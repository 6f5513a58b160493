// The log for many readers at once. Read this first of this folder.
//
// One thread follows the log while anybody reads, encodes each event once (encoding.hpp) and keeps the most recent ones
// in a window that all readers share; it wakes the loops, once each, and the readers of a loop take what they have not
// had yet (stream.hpp). A reader that is not within the window yet, or no longer, reads its way there from the log,
// page by page, on a thread of the feed's own. Nothing is kept for a single reader but the piece that it is being sent;
// one that does not take that in time is cut off.
//
// Memory is bounded in sum, whoever reads: the window, a page of history of about a batch for each reader, at most
// `history_bytes` of such pages in all (a reader beyond that waits), and the kernel's send buffers (session.cpp). When
// many readers have left, what they held goes back to the system.
#pragma once

#include "adapters/http/await.hpp"
#include "adapters/http/body_stream.hpp"
#include "adapters/http/events/encoding.hpp"
#include "adapters/http/events/filter.hpp"
#include "adapters/http/offload.hpp"
#include "events/log.hpp"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace strowger::http::events {

struct FeedOptions {
  std::size_t most_readers = 500;
  std::size_t most_readers_per_holder = 8;  // of one token; where none is needed, of one address
  std::size_t window_bytes = std::size_t{16} * 1024 * 1024;
  std::size_t history_bytes = std::size_t{32} * 1024 * 1024;  // of history that readers are being sent, in all
  std::chrono::milliseconds heartbeat{15'000};                // between signs of life where nothing happens
  std::chrono::milliseconds recheck{2'000};                   // of the reader's token
  std::function<void(std::string_view line)> report;
};

class Feed {
 public:
  // The log outlives it.
  Feed(EventLog& log, FeedOptions options);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  class Seat;  // a reader's right to read, and to be woken

  // `holder`: whose reader it is. Fails with `too_many_streams`.
  Result<std::shared_ptr<Seat>> seat(const std::string& holder);
  std::size_t readers() const { return readers_.load(std::memory_order_relaxed); }
  std::uint64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }  // events, to all readers
  // Of history, that readers are being sent now. Above the limit by less than a page.
  std::size_t history_bytes() const { return history_held_->load(std::memory_order_relaxed); }
  void count_delivered(std::size_t events) { delivered_.fetch_add(events, std::memory_order_relaxed); }

  // Adds the batches that follow `after`, up to about `bytes`. False: the window does not reach back so far.
  bool take(Position after, std::size_t bytes, std::vector<BatchPtr>& out) const;

  struct Past {
    std::vector<BatchPtr> batches;
    Position reached{};                  // up to which the log was looked at
    std::shared_ptr<const void> held{};  // counts the batches as history while it lives
  };
  // The next page of the log for one reader, encoded as far as the filter wants it: about a batch, or a bounded look at
  // the log. Reaches no further than `after` at the end of the log, and while there is too much history in all.
  Awaitable<Result<Past>> read_past(const Request& request, Position after, std::shared_ptr<const Filter> filter);

  EventLog& log() { return log_; }
  const FeedOptions& options() const { return options_; }

 private:
  // The readers of one loop. The list is touched on that loop's thread only.
  struct Group {
    explicit Group(std::shared_ptr<Doorway> to) : doorway(std::move(to)) {}
    std::shared_ptr<Doorway> doorway;
    std::atomic<bool> posted = false;
    std::list<BodySink*> sinks;
  };

  void leave(const std::string& holder);
  void give_memory_back(std::unique_lock<std::mutex>& lock);
  std::shared_ptr<Group> group(const std::shared_ptr<Doorway>& doorway);
  void wake_readers();
  void run();
  void follow(std::unique_lock<std::mutex>& lock);

  EventLog& log_;
  const FeedOptions options_;
  std::atomic<std::size_t> readers_ = 0;
  std::atomic<std::uint64_t> delivered_ = 0;
  // Pages may be dropped after the feed.
  const std::shared_ptr<std::atomic<std::size_t>> history_held_ = std::make_shared<std::atomic<std::size_t>>(0);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool news_ = false;       // the log has something to poll
  bool following_ = false;  // the window is kept
  Position begin_{};        // the window holds what is above
  std::deque<BatchPtr> window_;
  std::size_t window_size_ = 0;  // bytes
  std::map<const Doorway*, std::shared_ptr<Group>> groups_;
  std::map<std::string, std::size_t> holders_;  // how many readers each has
  std::size_t left_ = 0;                        // readers, since memory was last given back
  Offload past_;
  std::thread thread_;
};

class Feed::Seat {
 public:
  Seat(Feed& feed, std::string holder) : feed_(feed), holder_(std::move(holder)) {}
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  // From now on until the seat ends, `sink` is woken when there is something to take. On the loop's thread, as the end.
  void occupy(const std::shared_ptr<Doorway>& doorway, BodySink& sink);
  void leave();

 private:
  Feed& feed_;
  const std::string holder_;
  std::shared_ptr<Group> group_;
  std::list<BodySink*>::iterator place_;
};

}  // namespace strowger::http::events
