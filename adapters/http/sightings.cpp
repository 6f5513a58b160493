#include "adapters/http/sightings.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include <pthread.h>

namespace strowger::http {
namespace {

using Ticks = std::chrono::steady_clock;

constexpr std::chrono::milliseconds patience{10};  // nobody waits for a sighting: it may share a sync
constexpr std::string_view by_others = "system";

// The same unknown phone is the same by whatever name it asks for its file.
Folding<ConfigRefused>::Sighting kind_of(const ConfigRefused& e, Timestamp time) {
  const bool phone = e.code == "unknown_mac" && e.normalized_mac;
  return {e.ip + '\n' + e.code + '\n' + (phone ? e.normalized_mac->text() : e.path), e.ip, e.code, time};
}
Folding<LoginFailed>::Sighting kind_of(const LoginFailed& e, Timestamp time) {
  return {e.ip + '\n' + e.name + '\n' + std::to_string(e.name_length), e.ip, "bad_credentials", time};
}

ConfigRefusedRepeated event_of(const Folding<ConfigRefused>::Again& again) {
  const auto& e = again.last;
  return {e.path,  e.mac_address, e.normalized_mac, e.ip,        e.user_agent, e.status,         e.code,
          e.error, e.vendor,      e.model,          e.extension, again.count,  again.first_seen, again.last_seen};
}
OthersRefused event_of(const Folding<ConfigRefused>::Others& others) {
  return {others.source, others.count, others.different, others.codes, others.first_seen, others.last_seen};
}
LoginFailedRepeated event_of(const Folding<LoginFailed>::Again& again) {
  const auto& e = again.last;
  return {e.name, e.ip, again.count, again.first_seen, again.last_seen, e.name_length};
}
OtherLoginsFailed event_of(const Folding<LoginFailed>::Others& others) {
  return {others.source, others.count, others.different, others.first_seen, others.last_seen};
}

StreamId stream_of(const ConfigRefused&) {
  return {"provisioning", "refused"};
}
StreamId stream_of(const LoginFailed&) {
  return {"login", "failed"};
}
std::string by_of(const ConfigRefused& e) {
  return "phone:" + (e.normalized_mac ? e.normalized_mac->text() : e.ip);
}
std::string by_of(const LoginFailed&) {
  return std::string(by_others);
}

// A closing event, on its way into the log.
struct Closing {
  StreamId stream;
  Event event;
  std::string by;
  Timestamp time;
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;
};

template <class T>
void add_closings(typename Folding<T>::Closed closed, Timestamp now, std::vector<Closing>& to) {
  for (auto& again : closed.again) {
    Closing closing{stream_of(again.last), event_of(again), by_of(again.last), now};
    if constexpr (std::is_same_v<T, ConfigRefused>) {
      closing.requests = again.count;
      closing.failed = again.last.code == "probe" ? 0 : again.count;
    }
    to.push_back(std::move(closing));
  }
  for (const auto& others : closed.others) {
    auto event = event_of(others);
    Closing closing{stream_of(T{}), event, std::string(by_others), now};
    if constexpr (std::is_same_v<T, ConfigRefused>) {
      closing.requests = event.count;
      closing.failed = failures_in(event);
    }
    to.push_back(std::move(closing));
  }
}

}  // namespace

struct Sightings::State : std::enable_shared_from_this<Sightings::State> {
  State(EventLog& log_in, IdSource& ids_in, Clock clock_in, ProjectionRunner* runner_in, SightingOptions options_in)
      : log(log_in),
        ids(ids_in),
        clock(std::move(clock_in)),
        options(std::move(options_in)),
        runner(runner_in),
        refused(options.limits),
        logins(options.limits) {}

  template <class T>
  Folding<T>& folding() {
    if constexpr (std::is_same_v<T, ConfigRefused>)
      return refused;
    else
      return logins;
  }

  void tell(std::vector<Closing> closings);
  void told(const std::vector<Closing>& closings, const Receipt& receipt);
  void run();

  EventLog& log;
  IdSource& ids;
  const Clock clock;
  const SightingOptions options;
  // Of requests; atomic, for what the runner calls must not wait for anybody.
  std::atomic<std::uint64_t> total{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> folded{0};

  mutable std::mutex mutex;
  std::condition_variable changed;
  ProjectionRunner* runner;  // none at the end
  Folding<ConfigRefused> refused;
  Folding<LoginFailed> logins;
  std::vector<Closing> refused_by_log;  // to be tried again at
  Ticks::time_point retry_at = Ticks::time_point::min();
  bool telling = false;  // the log has some
  bool ended = false;
};

Sightings::Sightings(EventLog& log, IdSource& ids, Clock clock, ProjectionRunner* runner, SightingOptions options)
    : state_(std::make_shared<State>(log, ids, std::move(clock), runner, std::move(options))),
      thread_([state = state_] { state->run(); }) {
  pthread_setname_np(thread_.native_handle(), "sightings");
}

Sightings::~Sightings() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->ended = true;
    state_->runner = nullptr;
  }
  state_->changed.notify_all();
  thread_.join();
}

void Sightings::refused(ConfigRefused event) {
  seen(std::move(event));
}

void Sightings::login_failed(LoginFailed event) {
  seen(std::move(event));
}

template <class T>
void Sightings::seen(T event) {
  const auto time = state_->clock();
  const auto window = state_->options.window();
  const auto kind = kind_of(event, time);
  if (window.count() > 0) {
    const std::lock_guard lock(state_->mutex);
    auto& folding = state_->template folding<T>();
    const bool was_idle = folding.idle();
    const bool first = folding.add(kind, event, Ticks::now(), window);
    if (was_idle) state_->changed.notify_all();
    if (!first) {
      state_->folded.fetch_add(1, std::memory_order_relaxed);
      if constexpr (std::is_same_v<T, ConfigRefused>) {
        state_->total.fetch_add(1, std::memory_order_relaxed);
        if (event.code != "probe") state_->failed.fetch_add(1, std::memory_order_relaxed);
      }
      return;
    }
  }
  AppendRequest request;
  request.facts.push_back({stream_of(event), encode(Event(event), Cause{by_of(event), {}, {}}, time, state_->ids)});
  request.patience = patience;
  auto done = [state = state_, kind, event, window](const Result<Receipt>& receipt) {
    if (receipt) return;
    const std::lock_guard lock(state->mutex);
    if (state->ended) return;
    state->template folding<T>().take_back(kind, event, Ticks::now(), std::max(window, std::chrono::seconds(1)));
    if constexpr (std::is_same_v<T, ConfigRefused>) {
      state->total.fetch_add(1, std::memory_order_relaxed);
      if (event.code != "probe") state->failed.fetch_add(1, std::memory_order_relaxed);
    }
    state->changed.notify_all();
  };
  state_->log.append(std::move(request), std::move(done));
}

// While the log takes nothing windows stay open, so that no more waits than they hold.
void Sightings::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    const bool last = ended;
    if (last || (!telling && Ticks::now() >= retry_at)) {
      auto closings = std::exchange(refused_by_log, {});
      const auto now = clock();
      const auto until = last ? Ticks::time_point::max() : Ticks::now();
      add_closings<ConfigRefused>(refused.close(until), now, closings);
      add_closings<LoginFailed>(logins.close(until), now, closings);
      if (!closings.empty()) {
        telling = true;
        lock.unlock();
        tell(std::move(closings));
        lock.lock();
      }
    }
    if (last) return;
    if (telling) {
      changed.wait(lock, [this] { return ended || !telling; });
      continue;
    }
    auto until = Ticks::time_point::max();
    for (const auto& end : {refused.next_end(), logins.next_end()})
      if (end) until = std::min(until, *end);
    if (!refused_by_log.empty()) until = Ticks::time_point::min();
    until = std::max(until, retry_at);
    if (ended) continue;
    if (until == Ticks::time_point::max())
      changed.wait(lock);
    else
      changed.wait_until(lock, until);
  }
}

void Sightings::State::tell(std::vector<Closing> closings) {
  AppendRequest request;
  for (const auto& closing : closings)
    request.facts.push_back({closing.stream, encode(closing.event, Cause{closing.by, {}, {}}, closing.time, ids)});
  request.patience = patience;
  auto all = std::make_shared<std::vector<Closing>>(std::move(closings));
  log.append(std::move(request), [state = shared_from_this(), all](const Result<Receipt>& receipt) {
    if (receipt) state->told(*all, *receipt);
    {
      const std::lock_guard lock(state->mutex);
      state->telling = false;
      if (!receipt) {
        state->refused_by_log = std::move(*all);
        state->retry_at = Ticks::now() + state->options.retry;
      }
    }
    state->changed.notify_all();
  });
}

void Sightings::State::told(const std::vector<Closing>& closings, const Receipt& receipt) {
  std::uint64_t requests = 0, failures = 0;
  for (const auto& closing : closings) {
    requests += closing.requests;
    failures += closing.failed;
  }
  auto applied = [state = shared_from_this(), requests, failures] {
    state->total.fetch_sub(requests, std::memory_order_relaxed);
    state->failed.fetch_sub(failures, std::memory_order_relaxed);
  };
  const std::lock_guard lock(mutex);
  if (runner != nullptr)
    runner->when_applied(receipt.position, std::move(applied));
  else
    applied();
}

RequestCounts Sightings::untold() const {
  return {state_->total.load(std::memory_order_relaxed), 0, state_->failed.load(std::memory_order_relaxed), 0};
}

std::uint64_t Sightings::folded() const {
  return state_->folded.load(std::memory_order_relaxed);
}

std::vector<RequestRow> Sightings::open_rows() const {
  std::vector<RequestRow> rows;
  const std::lock_guard lock(state_->mutex);
  state_->refused.each([&](const auto& open) { rows.push_back(row_of(event_of(open))); });
  std::sort(rows.begin(), rows.end(), [](const RequestRow& a, const RequestRow& b) { return a.time > b.time; });
  return rows;
}

}  // namespace strowger::http
