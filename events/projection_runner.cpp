#include "events/projection_runner.hpp"

#include "events/projection_runner_parts.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include <pthread.h>

namespace strowger {

ProjectionRunner::ProjectionRunner(EventLog& log, ProjectionStore& store, std::vector<Projection*> projections,
                                   RunnerOptions options)
    : log_(log), store_(store), options_(std::move(options)), signal_(std::make_shared<Signal>()) {
  for (auto* projection : projections) live_.push_back(std::make_unique<Live>(*projection));
}

ProjectionRunner::~ProjectionRunner() {
  stop();
}

void ProjectionRunner::report(const std::string& line) const {
  if (options_.report) options_.report(line);
}

Result<void> ProjectionRunner::start() {
  auto from = log_.last_position();
  for (auto& live : live_) {
    if (auto loaded = load(*live); !loaded) return loaded;
    from = std::min(from, live->position);
  }
  {
    const std::lock_guard lock(mutex_);
    applied_position_ = from;
    running_ = true;
  }
  subscription_ = log_.subscribe(from);
  committed_at_ = options_.now();
  if (options_.drive == Drive::by_hand) return {};
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "projections");
  return {};
}

Result<void> ProjectionRunner::load(Live& live) {
  const auto name = std::string(live.projection.name());
  const auto last = log_.last_position();
  const auto from_scratch = [&](const std::string& why) {
    if (number(last) > 0) report("projection " + name + " is folded from the first event: " + why);
    live.write_all = true;
    live.rebuild_until = last;
  };
  auto checkpoint = store_.checkpoint(name);
  if (!checkpoint) return checkpoint.error();
  if (!*checkpoint) {
    from_scratch("it has no checkpoint");
  } else if ((*checkpoint)->schema != live.projection.schema()) {
    from_scratch("its rows have schema " + std::to_string((*checkpoint)->schema) + ", this release needs " +
                 std::to_string(live.projection.schema()));
  } else if ((*checkpoint)->position > last) {
    from_scratch("its checkpoint " + std::to_string(number((*checkpoint)->position)) + " is beyond the log's end " +
                 std::to_string(number(last)));
  } else if (auto event = event_at((*checkpoint)->position); !event) {
    return event.error();
  } else if (!(*checkpoint)->event.is_nil() && *event != (*checkpoint)->event) {
    from_scratch("its checkpoint is of another log: event " + std::to_string(number((*checkpoint)->position)) +
                 " of this one is not the one that it applied");
  } else {
    std::optional<Error> unreadable;
    auto loaded = store_.load(name, [&](std::string_view key, std::string_view row) {
      auto done = live.projection.load(key, row);
      if (!done) unreadable = done.error();
      return done;
    });
    if (unreadable) {
      live.projection.adopt(*live.projection.blank());
      from_scratch("a row cannot be read: " + unreadable->message);
    } else if (!loaded) {
      return loaded;
    } else {
      live.position = live.checkpoint = (*checkpoint)->position;
    }
  }
  return {};
}

// Its id; nil at position 0.
Result<Uuid> ProjectionRunner::event_at(Position position) const {
  if (position == Position{}) return Uuid{};
  const auto records = log_.read_all(Position{number(position) - 1}, 1);
  if (!records) return records.error();
  return records->empty() ? Uuid{} : records->front().id;
}

void ProjectionRunner::stop() {
  signal_->end();
  std::unique_ptr<Rebuild> rebuild;
  if (thread_.joinable())
    thread_.join();
  else if (subscription_)
    commit(true);
  {
    const std::lock_guard lock(mutex_);
    rebuild = std::move(rebuild_);
    running_ = false;
  }
  if (rebuild) {
    rebuild->abandoned = true;
    rebuild->thread.join();
  }
  applied_.notify_all();
  subscription_.reset();
}

void ProjectionRunner::run() {
  while (!signal_->ended()) {
    const auto done = step();
    if (stopped_) break;
    rest(done);
  }
  commit(true);
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
  }
  applied_.notify_all();
}

Step ProjectionRunner::step() {
  adopt_rebuilt();
  rebuild_due();
  auto records = subscription_->poll(options_.batch);
  if (!records) {
    if (records.error().kind != ErrorKind::unavailable) stop_with(records.error());
    return Step::failed;
  }
  if (!records->empty()) apply(*records);
  if (commit_due(options_.now())) commit(false);
  if (stopped_) return Step::failed;
  return records->empty() ? Step::idle : Step::more;
}

// Until there may be more to do.
void ProjectionRunner::rest(Step done) {
  if (done == Step::more) return;
  if (done == Step::failed) {
    signal_->wait(SteadyClock::now() + options_.retry_first);
    return;
  }
  std::optional<SteadyClock::time_point> until;
  if (uncommitted_) until = committed_at_ + options_.commit_every;
  for (const auto& live : live_) {
    if (live->retry_at && (!until || *live->retry_at < *until)) until = live->retry_at;
    if (live->aside && live->rebuild_at != SteadyClock::time_point::max() && (!until || live->rebuild_at < *until))
      until = live->rebuild_at;
  }
  subscription_->notify([signal = signal_] { signal->raise(); });
  signal_->wait(until);
}

// Rows that wait for their time, or a failed commit whose time has come again.
bool ProjectionRunner::commit_due(SteadyClock::time_point now) const {
  if (uncommitted_ && now >= committed_at_ + options_.commit_every) return true;
  return std::any_of(live_.begin(), live_.end(),
                     [&](const auto& live) { return live->retry_at && now >= *live->retry_at; });
}

// Applies decoded events to the projections that do not have them yet.
void ProjectionRunner::apply(std::span<const Envelope> events) {
  for (auto& live : live_) {
    if (live->aside) continue;
    const auto known = std::partition_point(events.begin(), events.end(),
                                            [&](const Envelope& event) { return event.position <= live->position; });
    if (auto fault = try_apply(live->projection, std::span(known, events.end()))) set_aside(*live, std::move(*fault));
  }
}

void ProjectionRunner::apply(const Records& records) {
  constexpr std::size_t at_once = 64;  // queries wait for no more
  Position done{};
  uncommitted_ = true;
  decoded_.clear();
  for (const auto& record : records) {
    decoded_.push_back(decode_or_quarantine(record));
    if (decoded_.size() < at_once) continue;
    apply(decoded_);
    done = record.position;
    decoded_.clear();
  }
  if (!decoded_.empty()) {
    apply(decoded_);
    done = decoded_.back().position;
  }
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    if (done > applied_position_) applied_position_ = done;
    for (auto& live : live_)
      if (!live->aside) live->position = std::max(live->position, done);
    while (!waiting_.empty() && waiting_.front().position <= applied_position_) {
      std::pop_heap(waiting_.begin(), waiting_.end(), std::greater<>());
      calls.push_back(std::move(waiting_.back().done));
      waiting_.pop_back();
    }
  }
  applied_.notify_all();
  for (const auto& call : calls) call();
}

void ProjectionRunner::commit(bool force) {
  committed_at_ = options_.now();
  uncommitted_ = false;
  for (auto& live : live_) commit(*live, force);
}

void ProjectionRunner::commit(Live& live, bool force) {
  if (live.aside) return;
  live.projection.flush(live.pending);
  if (live.pending.rows().size() > options_.pending_rows && live.retry_at) {
    live.pending = {};
    live.write_all = true;
  }
  if (live.retry_at && !force && options_.now() < *live.retry_at) return;
  const bool overdue = number(live.position) - number(live.checkpoint) >= (force ? 1 : options_.checkpoint_every);
  if (live.pending.empty() && !live.write_all && !overdue) return;

  RowBatch all;
  if (live.write_all) live.projection.dump(all);
  const auto event = event_at(live.position);
  const auto committed =
      store_.commit(live.projection.name(), {live.position, live.projection.schema(), event ? *event : Uuid{}},
                    live.write_all ? all : live.pending, live.write_all);
  const std::string name(live.projection.name());
  if (committed) {
    live.pending = {};
    live.write_all = false;
    live.checkpoint = live.position;
    if (live.retry_at) report("projection " + name + " is stored again");
    live.retry_at.reset();
    const std::lock_guard lock(mutex_);
    live.fault.reset();
    return;
  }
  if (!live.retry_at) {
    report("projection " + name + " cannot be stored, it goes on in memory: " + committed.error().message);
    live.delay = options_.retry_first;
  }
  live.retry_at = options_.now() + live.delay;
  live.delay = std::min(live.delay * 2, options_.retry_most);
  const std::lock_guard lock(mutex_);
  live.fault = committed.error();
}

void ProjectionRunner::stop_with(Error fault) {
  report("projections stopped: " + fault.message);
  std::vector<Waiter> waiting;
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = std::move(fault);
    waiting = std::exchange(waiting_, {});
    error = stopped_error();
  }
  applied_.notify_all();
  for (const auto& waiter : waiting)
    if (waiter.failed) waiter.failed(*error);
}

Error ProjectionRunner::stopped_error() const {
  return unavailable("projections_stopped",
                     "What was decided is in the log, but queries do not show it: they stopped at event " +
                         std::to_string(number(applied_position_)) + ": " + stopped_->message);
}

void ProjectionRunner::when_applied(Position position, std::function<void()> done,
                                    std::function<void(const Error&)> failed) {
  std::optional<Error> error;
  {
    const std::lock_guard lock(mutex_);
    if (applied_position_ < position) {
      if (!stopped_) {
        waiting_.push_back({position, std::move(done), std::move(failed)});
        std::push_heap(waiting_.begin(), waiting_.end(), std::greater<>());
        return;
      }
      error = stopped_error();
    }
  }
  if (!error)
    done();
  else if (failed)
    failed(*error);
}

Position ProjectionRunner::applied_position() const {
  const std::lock_guard lock(mutex_);
  return applied_position_;
}

bool ProjectionRunner::wait_applied(Position position, SteadyClock::time_point deadline) {
  std::unique_lock lock(mutex_);
  applied_.wait_until(lock, deadline, [&] { return applied_position_ >= position || !running_ || stopped_; });
  return applied_position_ >= position;
}

RunnerStatus ProjectionRunner::status() const {
  RunnerStatus status;
  status.log = log_.last_position();
  const std::lock_guard lock(mutex_);
  status.running = running_;
  status.stopped = stopped_;
  for (const auto& live : live_) {
    ProjectionStatus& one = status.projections.emplace_back();
    one.name = live->projection.name();
    one.position = live->position;
    one.lag = number(status.log) - std::min(number(status.log), number(live->position));
    one.rebuilding = live->position < live->rebuild_until;
    const bool beside = rebuild_ && rebuild_->live == live.get();
    const auto reached = beside ? rebuild_->position : live->position;
    one.rebuilding = one.rebuilding || beside;
    if (number(status.log) > 0)
      one.fraction = std::min(1.0, static_cast<double>(number(reached)) / static_cast<double>(number(status.log)));
    one.fault = live->fault;
  }
  return status;
}

}  // namespace strowger
