#include "adapters/http/events/feed.hpp"

#include <algorithm>

#include <pthread.h>

namespace strowger::http::events {
namespace {

constexpr std::size_t at_once = 256;  // events
constexpr std::size_t past_page = 512;
constexpr std::chrono::seconds retry{1};

}  // namespace

Feed::Feed(EventLog& log, FeedOptions options)
    : log_(log),
      options_(std::move(options)),
      past_("http-past", {1, options_.most_readers}),
      thread_([this] { run(); }) {}

Feed::~Feed() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<std::shared_ptr<Feed::Seat>> Feed::seat() {
  if (readers_.fetch_add(1) >= options_.most_readers) {
    readers_.fetch_sub(1);
    return Error{ErrorKind::overloaded, "too_many_streams",
                 "There are already " + std::to_string(options_.most_readers) +
                     " event streams, the most that are served at once. Try again later, or read /api/events."};
  }
  const std::lock_guard lock(mutex_);  // so that the thread, between looking and waiting, does not miss it
  changed_.notify_all();
  return std::make_shared<Seat>(*this);
}

Feed::Seat::~Seat() {
  leave();
  if (feed_.readers_.fetch_sub(1) == 1) {
    const std::lock_guard lock(feed_.mutex_);
    feed_.changed_.notify_all();
  }
}

void Feed::Seat::occupy(const std::shared_ptr<Doorway>& doorway, BodySink& sink) {
  group_ = feed_.group(doorway);
  place_ = group_->sinks.insert(group_->sinks.end(), &sink);
}

void Feed::Seat::leave() {
  if (!group_) return;
  group_->sinks.erase(place_);
  group_.reset();
}

std::shared_ptr<Feed::Group> Feed::group(const std::shared_ptr<Doorway>& doorway) {
  const std::lock_guard lock(mutex_);
  auto& found = groups_[doorway.get()];
  if (!found) found = std::make_shared<Group>(doorway);
  return found;
}

bool Feed::take(Position after, std::size_t bytes, std::vector<BatchPtr>& out) const {
  const std::lock_guard lock(mutex_);
  if (!following_ || after < begin_) return false;
  auto batch = std::partition_point(window_.begin(), window_.end(), [&](const auto& b) { return b->last() <= after; });
  for (std::size_t size = 0; batch != window_.end() && size < bytes; ++batch) {
    size += (*batch)->text.size();
    out.push_back(*batch);
  }
  return true;
}

Awaitable<Result<Feed::Past>> Feed::read_past(const Request& request, Position after,
                                              std::shared_ptr<const Filter> filter) {
  const auto work = [&log = log_, after, filter = std::move(filter)]() -> Result<Past> {
    auto records = log.read_all(after, past_page);
    if (!records) return records.error();
    Past past{{}, records->empty() ? after : records->back().position};
    std::erase_if(*records, [&](const Record& record) { return !filter->matches(record); });
    past.batches = encode_batches(std::move(*records));
    return past;
  };
  co_return co_await offloaded(request, past_, work);
}

void Feed::wake_readers() {
  std::vector<std::shared_ptr<Group>> groups;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [doorway, group] : groups_) groups.push_back(group);
  }
  for (const auto& group : groups) {
    if (group->posted.exchange(true)) continue;
    group->doorway->post([group] {
      group->posted = false;
      for (auto* sink : group->sinks) sink->wake();
    });
  }
}

void Feed::run() {
  pthread_setname_np(pthread_self(), "event-feed");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (readers_ > 0)
      follow(lock);
    else
      changed_.wait(lock, [this] { return stopping_ || readers_ > 0; });
  }
}

// Called and left with the lock held; the log is touched without it.
void Feed::follow(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto begin = log_.last_position();
  auto subscription = log_.subscribe(begin);
  lock.lock();
  begin_ = begin;
  following_ = true;
  lock.unlock();
  wake_readers();
  lock.lock();

  bool failed = false;
  while (!stopping_ && readers_ > 0) {
    news_ = false;
    lock.unlock();
    auto records = subscription->poll(at_once);
    if (!records) {
      if (!failed && options_.report)
        options_.report("event streams: the log cannot be read: " + records.error().message);
      failed = true;
      lock.lock();
      changed_.wait_for(lock, retry, [this] { return stopping_; });
      continue;
    }
    failed = false;
    if (records->empty()) {
      subscription->notify([this] {
        const std::lock_guard woken(mutex_);
        news_ = true;
        changed_.notify_all();
      });
      lock.lock();
      changed_.wait(lock, [this] { return stopping_ || news_ || readers_ == 0; });
      continue;
    }
    auto batches = encode_batches({records->begin(), records->end()});
    std::vector<BatchPtr> dropped;  // freed outside the lock
    lock.lock();
    for (auto& batch : batches) {
      window_size_ += batch->text.size();
      window_.push_back(std::move(batch));
    }
    while (window_size_ > options_.window_bytes && window_.size() > 1) {
      begin_ = window_.front()->last();
      window_size_ -= window_.front()->text.size();
      dropped.push_back(std::move(window_.front()));
      window_.pop_front();
    }
    lock.unlock();
    wake_readers();
    dropped.clear();
    lock.lock();
  }
  following_ = false;
  const auto dropped = std::exchange(window_, {});
  window_size_ = 0;
  lock.unlock();
  subscription.reset();
  lock.lock();
}

}  // namespace strowger::http::events
