// Threads that read the log for entities, so that no reading blocks CAF's few scheduler threads.
//
// A task is one slice of reading: one that has more to read adds itself again and goes to the end of the queue. So an
// entity with a long history does not hold up those with a short one.
//
// Threads: run() from any. Complexity: O(1). The queue is bounded by its users: an entity has one task at most.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace strowger::actors {

class Readers {
 public:
  static constexpr std::size_t default_threads = 4;

  explicit Readers(std::size_t threads = default_threads);
  ~Readers() { stop(); }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  // After stop() the task is dropped.
  void run(std::function<void()> task);
  // Finishes the tasks at hand and drops those that wait. Call it before what tasks use ends.
  void stop();

  std::size_t waiting() const;

 private:
  void work();

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::function<void()>> tasks_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace strowger::actors
