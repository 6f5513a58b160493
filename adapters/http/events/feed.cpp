#include "adapters/http/events/feed.hpp"

#include <algorithm>

#include <malloc.h>
#include <pthread.h>

namespace strowger::http::events {
namespace {

constexpr std::size_t at_once = 256;  // events
constexpr std::size_t past_page = 128;
constexpr std::size_t most_looked_at = 4'096;  // events, for one page of a reader
constexpr std::size_t around_an_event = 512;   // bytes of a CloudEvent beside its data, about
constexpr std::size_t many_readers = 32;       // when so many have left, their memory is given back
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

Result<std::shared_ptr<Feed::Seat>> Feed::seat(const std::string& holder) {
  const auto full = [](std::size_t most, std::string_view whose) {
    return Error{ErrorKind::overloaded, "too_many_streams",
                 "There are already " + std::to_string(most) + " event streams" + std::string(whose) +
                     ", the most that are served at once. End one, or read /api/events."};
  };
  const std::lock_guard lock(mutex_);
  if (readers_ >= options_.most_readers) return full(options_.most_readers, "");
  auto& of_holder = holders_[holder];
  if (of_holder >= options_.most_readers_per_holder)
    return full(options_.most_readers_per_holder, " of this token or address");
  auto seat = std::make_shared<Seat>(*this, holder);
  ++of_holder;
  ++readers_;
  changed_.notify_all();
  return seat;
}

void Feed::leave(const std::string& holder) {
  const std::lock_guard lock(mutex_);
  if (const auto found = holders_.find(holder); --found->second == 0) holders_.erase(found);
  --readers_;
  if (++left_ >= many_readers || readers_ == 0) changed_.notify_all();
}

Feed::Seat::~Seat() {
  leave();
  feed_.leave(holder_);
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
  const auto work = [&log = log_, held = history_held_, most = options_.history_bytes, after,
                     filter = std::move(filter)]() -> Result<Past> {
    Past past{{}, after};
    if (held->load(std::memory_order_relaxed) >= most) return past;
    std::vector<Record> wanted;
    std::size_t size = 0;
    for (std::size_t looked_at = 0; looked_at < most_looked_at && size < batch_bytes;) {
      auto records = log.read_all(past.reached, past_page);
      if (!records) return records.error();
      if (records->empty()) break;
      looked_at += records->size();
      for (auto& record : *records) {
        if (size >= batch_bytes) break;
        past.reached = record.position;
        if (!filter->matches(record)) continue;
        size += record.data.size() + around_an_event;
        wanted.push_back(std::move(record));
      }
    }
    past.batches = encode_batches(std::move(wanted));
    std::size_t kept = 0;
    for (const auto& batch : past.batches)
      kept += batch->text.capacity() + batch->items.capacity() * (sizeof(Batch::Item) + around_an_event / 4);
    held->fetch_add(kept, std::memory_order_relaxed);
    past.held = std::shared_ptr<const void>(
        nullptr, [held, kept](const void*) { held->fetch_sub(kept, std::memory_order_relaxed); });
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
    else if (left_ > 0)
      give_memory_back(lock);
    else
      changed_.wait(lock, [this] { return stopping_ || readers_ > 0; });
  }
}

// The allocator keeps what was freed: readers came and went in all the loops' arenas.
void Feed::give_memory_back(std::unique_lock<std::mutex>& lock) {
  left_ = 0;
  lock.unlock();
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
  lock.lock();
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
    if (left_ >= many_readers) give_memory_back(lock);
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
      changed_.wait(lock, [this] { return stopping_ || news_ || readers_ == 0 || left_ >= many_readers; });
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
