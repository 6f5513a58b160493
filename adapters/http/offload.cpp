#include "adapters/http/offload.hpp"

#include <algorithm>

#include <pthread.h>

namespace strowger::http {
namespace {

bool is_unwanted(const Offload::Job& job) {
  return job.stop.stop_requested() || (job.asker && job.asker->gone());
}

void drop_all(std::vector<Offload::Job>& jobs) {
  for (auto& job : jobs)
    if (job.drop) job.drop();
}

}  // namespace

Offload::Offload(std::string name, Size size) : name_(std::move(name)), size_(size) {
  for (std::size_t i = 0; i < size_.running; ++i) under_way_.emplace_back(std::nostopstate);
  for (std::size_t i = 0; i < size_.running; ++i) threads_.emplace_back([this, i] { run(i); });
}

Offload::~Offload() {
  std::vector<Job> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& job : jobs_) dropped.push_back(std::move(job));
    jobs_.clear();
    for (auto& stop : under_way_) stop.request_stop();
  }
  changed_.notify_all();
  drop_all(dropped);
  for (auto& thread : threads_) thread.join();
}

// The queue is full: jobs that nobody waits for any more leave it.
void Offload::drop_unwanted(std::unique_lock<std::mutex>& lock) {
  std::vector<Job> dropped;
  const auto unwanted =
      std::stable_partition(jobs_.begin(), jobs_.end(), [](const Job& job) { return !is_unwanted(job); });
  std::move(unwanted, jobs_.end(), std::back_inserter(dropped));
  jobs_.erase(unwanted, jobs_.end());
  counts_.dropped += dropped.size();
  lock.unlock();
  drop_all(dropped);
  lock.lock();
}

bool Offload::post(Job job) {
  {
    std::unique_lock lock(mutex_);
    if (jobs_.size() >= size_.waiting) drop_unwanted(lock);
    if (stopping_ || jobs_.size() >= size_.waiting) {
      ++counts_.refused;
      return false;
    }
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

Offload::Counts Offload::counts() const {
  const std::lock_guard lock(mutex_);
  auto counts = counts_;
  counts.waiting = jobs_.size();
  return counts;
}

void Offload::run(std::size_t place) {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    under_way_[place] = job.stop;
    ++counts_.running;
    lock.unlock();
    const bool unwanted = is_unwanted(job);
    if (!unwanted)
      job.run();
    else if (job.drop)
      job.drop();
    job = {};
    lock.lock();
    --counts_.running;
    ++(unwanted ? counts_.dropped : counts_.done);
  }
}

}  // namespace strowger::http
