#include "adapters/rocksdb/committer.hpp"

#include <utility>

#include <pthread.h>

namespace strowger::rocks {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begun, std::chrono::steady_clock::time_point now) {
  return std::chrono::duration<double>(now - begun).count();
}

}  // namespace

Committer::Committer(LogCore& core) : core_(core), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "log-committer");
}

Committer::~Committer() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Committer::start(Commit& commit) {
  {
    const std::lock_guard lock(mutex_);
    under_way_ = &commit;
  }
  changed_.notify_all();
}

rocksdb::Status Committer::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return under_way_ == nullptr; });
  return status_;
}

void Committer::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return under_way_ != nullptr || ended_; });
    if (under_way_ == nullptr) return;
    lock.unlock();
    const auto status = write(*under_way_);
    lock.lock();
    status_ = status;
    under_way_ = nullptr;
    changed_.notify_all();
    if (!status.ok()) core_.queue.wake_taker();
  }
}

rocksdb::Status Committer::write(Commit& commit) {
  auto& batch = *commit.batch;
  if (batch.writes().Count() > 0) {
    rocksdb::WriteOptions options;
    options.sync = batch.must_sync();
    const auto begun = std::chrono::steady_clock::now();
    if (auto status = commit.database->db().Write(options, &batch.writes()); !status.ok()) return status;
    if (options.sync) {
      core_.sync_seconds.record(seconds_since(begun, std::chrono::steady_clock::now()));
      core_.batch_requests.record(static_cast<double>(commit.answers.size()));
      core_.marks->acknowledge();
      core_.batches.fetch_add(1, std::memory_order_relaxed);
    }
  }
  auto records = batch.records();
  core_.events.fetch_add(records->size(), std::memory_order_relaxed);
  core_.recent.add(*records);
  core_.tail->publish(std::move(records));
  const auto now = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < commit.answers.size(); ++i)
    core_.append_seconds.record(seconds_since(commit.taken.appends[i].queued_at, now));
  for (std::size_t i = 0; i < commit.answers.size(); ++i)
    std::exchange(commit.taken.appends[i].done, nullptr)(std::move(commit.answers[i]));
  core_.tail->wake();
  return rocksdb::Status::OK();
}

}  // namespace strowger::rocks
