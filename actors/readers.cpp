#include "actors/readers.hpp"

#include <utility>

#include <pthread.h>

namespace strowger::actors {

Readers::Readers(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    auto& thread = threads_.emplace_back([this] { work(); });
    pthread_setname_np(thread.native_handle(), "readers");
  }
}

void Readers::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    tasks_.push_back(std::move(task));
  }
  filled_.notify_one();
}

void Readers::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    dropped.swap(tasks_);
  }
  filled_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

std::size_t Readers::waiting() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size();
}

void Readers::work() {
  for (;;) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return ended_ || !tasks_.empty(); });
      if (ended_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

}  // namespace strowger::actors
