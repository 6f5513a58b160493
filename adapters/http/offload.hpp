// A few threads for what would block a loop: hashing a password, a write of the vault, a scan of the log. Bounded: what
// does not fit is shed.
#pragma once

#include "adapters/http/await.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace strowger::http {

class Offload {
 public:
  explicit Offload(std::size_t threads = 2, std::size_t most_waiting = 256);
  ~Offload();  // finishes what waits
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  bool post(std::function<void()> task);  // false: full

 private:
  void run();

  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Runs `work`, which returns a Result, on the pool. It must not use the request: the loop may end before it does.
template <class Work>
Awaitable<std::invoke_result_t<Work>> offloaded(const Request& request, Offload& pool, Work work) {
  using Value = typename std::invoke_result_t<Work>::value_type;
  const auto start = [&pool, &work](auto done) {
    if (!pool.post([work, done] { done(work()); })) done(overloaded("The server is busy. Try again in a moment."));
  };
  co_return co_await completion<Value>(request, start);
}

}  // namespace strowger::http
