// A lane: a few threads of its own and a short queue, for work that would block a loop. Lanes are bulkheads: what fills
// one does not delay the others (lanes.hpp lists them).
//
// A job is only begun while somebody waits for it: its client is connected and its time is not over. A job that runs is
// asked to stop, by its stop token, when its time is over or the lane ends; loops over user text, the fleet or the log
// must look at the token. What does not fit the queue is refused, never kept.
//
// Threads: everything may be called on any thread. The destructor drops what waits, asks what runs to stop, and waits
// for it.
#pragma once

#include "adapters/http/asker.hpp"
#include "adapters/http/await.hpp"
#include "events/stopped.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace strowger::http {

class Offload {
 public:
  struct Size {
    std::size_t running = 2;  // threads
    std::size_t waiting = 64;
  };
  struct Job {
    std::function<void()> run;
    std::function<void()> drop{};  // called in place of run
    std::stop_source stop{};       // asked to stop before run: the job is dropped
    std::shared_ptr<const Asker> asker{};
  };
  // As of now; `done`, `refused` and `dropped` since the start.
  struct Counts {
    std::size_t running = 0;
    std::size_t waiting = 0;
    std::uint64_t done = 0;
    std::uint64_t refused = 0;
    std::uint64_t dropped = 0;
  };

  // `name` is that of its threads too: at most 15 bytes.
  Offload(std::string name, Size size);
  ~Offload();
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  bool post(Job job);  // false: the queue is full, or the lane ends
  // Work that no client waits for.
  bool post(std::function<void()> work) { return post(Job{.run = std::move(work)}); }

  const std::string& name() const { return name_; }
  Counts counts() const;

 private:
  void run(std::size_t place);
  void drop_unwanted(std::unique_lock<std::mutex>& lock);

  const std::string name_;
  const Size size_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::vector<std::stop_source> under_way_;  // of each thread
  Counts counts_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

namespace detail {

template <class Work>
auto perform_offloaded(const Work& work, std::stop_token stop) {
  if constexpr (std::is_invocable_v<const Work&, std::stop_token>)
    return work(std::move(stop));
  else
    return work();
}
template <class Work>
using OffloadedResult = decltype(perform_offloaded(std::declval<const Work&>(), std::stop_token()));

}  // namespace detail

// Whether a client that has closed its connection ends the work before it is begun.
enum class WhenGone : std::uint8_t { drop, finish };

// Runs `work`, which takes a std::stop_token or nothing and returns a Result, on the lane. It must not use the request:
// the loop may end before it does. Errors: `overloaded` where the lane is full, `timed_out` after longest_wait, those
// of `work`.
template <class Work>
Awaitable<detail::OffloadedResult<Work>> offloaded(const Request& request, Offload& lane, Work work,
                                                   WhenGone when_gone = WhenGone::drop) {
  using Value = typename detail::OffloadedResult<Work>::value_type;
  struct StopAtEnd {
    std::stop_source stop;
    ~StopAtEnd() { stop.request_stop(); }
  };
  const StopAtEnd ended;
  const auto start = [&lane, &work, &ended, &request, when_gone](auto done) {
    Offload::Job job;
    job.stop = ended.stop;
    if (when_gone == WhenGone::drop) job.asker = request.asker;
    job.run = [work, done, stop = ended.stop.get_token()] {
      try {
        done(detail::perform_offloaded(work, stop));
      } catch (const std::exception& fault) {
        done(internal_error(fault.what()));
      }
    };
    job.drop = [done] { done(stopped()); };
    if (!lane.post(std::move(job))) done(overloaded("The server is busy. Try again in a moment."));
  };
  co_return co_await completion<Value>(request, start);
}

}  // namespace strowger::http
