// The log for many readers at once. Read this first of this folder.
//
// One thread follows the log while anybody reads, encodes each event once (encoding.hpp) and keeps the most recent ones
// in a window that all readers share; it wakes the loops, once each, and the readers of a loop take what they have not
// had yet (stream.hpp). A reader that is not within the window yet, or no longer, reads its way there from the log,
// page by page, on a thread of the feed's own. Nothing is kept for a single reader, so that a slow one costs no memory:
// it holds the batches of the piece that it is being sent, and is cut off when it does not take that in time.
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
#include <string_view>
#include <thread>
#include <vector>

namespace strowger::http::events {

struct FeedOptions {
  std::size_t most_readers = 1000;
  std::size_t window_bytes = std::size_t{16} * 1024 * 1024;
  std::chrono::milliseconds heartbeat{15'000};  // between signs of life where nothing happens
  std::chrono::milliseconds recheck{2'000};     // of the reader's token
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

  // Fails with `too_many_streams`.
  Result<std::shared_ptr<Seat>> seat();
  std::size_t readers() const { return readers_.load(std::memory_order_relaxed); }
  std::uint64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }  // events, to all readers
  void count_delivered(std::size_t events) { delivered_.fetch_add(events, std::memory_order_relaxed); }

  // Adds the batches that follow `after`, up to about `bytes`. False: the window does not reach back so far.
  bool take(Position after, std::size_t bytes, std::vector<BatchPtr>& out) const;

  struct Past {
    std::vector<BatchPtr> batches;
    Position reached{};  // up to which the log was looked at
  };
  // The next page of the log for one reader, encoded as far as the filter wants it.
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

  std::shared_ptr<Group> group(const std::shared_ptr<Doorway>& doorway);
  void wake_readers();
  void run();
  void follow(std::unique_lock<std::mutex>& lock);

  EventLog& log_;
  const FeedOptions options_;
  std::atomic<std::size_t> readers_ = 0;
  std::atomic<std::uint64_t> delivered_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool news_ = false;       // the log has something to poll
  bool following_ = false;  // the window is kept
  Position begin_{};        // the window holds what is above
  std::deque<BatchPtr> window_;
  std::size_t window_size_ = 0;  // bytes
  std::map<const Doorway*, std::shared_ptr<Group>> groups_;
  Offload past_;
  std::thread thread_;
};

class Feed::Seat {
 public:
  explicit Seat(Feed& feed) : feed_(feed) {}
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  // From now on until the seat ends, `sink` is woken when there is something to take. On the loop's thread, as the end.
  void occupy(const std::shared_ptr<Doorway>& doorway, BodySink& sink);
  void leave();

 private:
  Feed& feed_;
  std::shared_ptr<Group> group_;
  std::list<BodySink*>::iterator place_;
};

}  // namespace strowger::http::events
