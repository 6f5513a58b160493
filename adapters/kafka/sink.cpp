#include "adapters/kafka/sink.hpp"

#include "adapters/kafka/delivery_window.hpp"
#include "events/event.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>

#include <pthread.h>

namespace strowger::kafka {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view source = "urn:strowger";
constexpr std::string_view checkpoints = "kafka_sink";  // the state's table; key: the topic
constexpr std::size_t at_once = 256;                    // events read from the log
constexpr std::chrono::milliseconds longest_sleep{500};
constexpr std::chrono::seconds between_warnings{10};

std::string hint_for(rd_kafka_resp_err_t fault) {
  switch (fault) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; raise max.message.bytes of the topic";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "; allow integrations.kafka.sasl.username to write to it, idempotently";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return "; create the topic, or let the brokers create it";
    default:
      return {};
  }
}

}  // namespace

// How other threads reach the sink's, which may be gone.
struct Sink::Signal {
  std::mutex mutex;
  std::condition_variable changed;
  bool news = false;
  bool stopping = false;
  SteadyClock::time_point give_up{};  // once stopping

  void wake() {
    const std::lock_guard lock(mutex);
    news = true;
    changed.notify_all();
  }
  bool is_stopping() {
    const std::lock_guard lock(mutex);
    return stopping;
  }
  bool is_over() {
    const std::lock_guard lock(mutex);
    return stopping && SteadyClock::now() >= give_up;
  }
  void wait_until(SteadyClock::time_point until) {
    std::unique_lock lock(mutex);
    if (stopping) until = std::min(until, give_up);
    changed.wait_until(lock, until, [this] { return news; });
    news = false;
  }
  // Whether it was cut short by the end.
  bool pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, time, [this] { return stopping; });
  }
};

// One life of a producer: from a checkpoint until it fails or the sink stops.
class Sink::Run {
 public:
  Run(Sink& sink, Position from, Position careful_until)
      : sink_(sink), signal_(*sink.signal_), window_(from), saved_(from), careful_until_(careful_until) {}

  // Empty: the sink stops. Else what failed.
  std::string operator()() {
    Producer::Callbacks callbacks;
    callbacks.wake = [signal = sink_.signal_] { signal->wake(); };
    callbacks.delivered = [this](std::uint64_t number, rd_kafka_resp_err_t fault) { delivered(number, fault); };
    callbacks.trouble = [this](const std::string& what, bool fatal) {
      if (fatal && failure_.empty()) failure_ = "the producer failed: " + what;
      if (!fatal) sink_.trouble(what);
    };
    auto producer = Producer::open(sink_.options_.settings, sink_.options_.more, std::move(callbacks));
    if (!producer) return producer.error().message;
    auto subscription = sink_.log_.subscribe(window_.reached());
    for (;;) {
      (*producer)->poll();
      const bool stopping = signal_.is_stopping();
      if (failure_.empty() && !stopping) feed(**producer, *subscription);
      sink_.in_flight_ = window_.events();
      sink_.delivered_ = number(window_.reached());
      const bool done = !failure_.empty() || (stopping && (window_.events() == 0 || signal_.is_over()));
      save_checkpoint(done);
      if (done) break;
      signal_.wait_until(SteadyClock::now() + longest_sleep);
    }
    sink_.in_flight_ = 0;
    return failure_;
  }

  Position reached() const { return window_.reached(); }
  // The first event that was not taken.
  Position failed_at() const { return failed_at_ == Position{} ? next(window_.reached()) : failed_at_; }

 private:
  void delivered(std::uint64_t number, rd_kafka_resp_err_t fault) {
    if (fault == RD_KAFKA_RESP_ERR_NO_ERROR) {
      window_.delivered(number);
      ++sink_.events_;
      sink_.no_trouble();
      return;
    }
    refuse(number, fault);
  }

  void refuse(std::uint64_t number, rd_kafka_resp_err_t fault) {
    const auto position = window_.at(number);
    if (failed_at_ != Position{} && position >= failed_at_) return;  // it only followed
    // What follows a failed one is failed too, with a reason of the producer's own.
    const bool own_reason = fault == RD_KAFKA_RESP_ERR__FATAL || fault == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                            fault == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
    failed_at_ = position;
    if (own_reason && !failure_.empty()) return;
    failure_ = "event " + std::to_string(strowger::number(position)) + " was not taken for the topic " +
               sink_.options_.settings.topic + ": " + rd_kafka_err2str(fault) + hint_for(fault);
  }

  bool has_room() const {
    if (window_.events() == 0) return true;
    // Where the producer failed the last time, one by one.
    if (next(window_.reached()) <= careful_until_) return false;
    return window_.events() < sink_.options_.most_events && window_.bytes() < sink_.options_.most_bytes;
  }

  // Hands over what the log has, as far as there is room.
  void feed(Producer& producer, Subscription& subscription) {
    while (has_room()) {
      if (at_ == records_.size()) {
        at_ = 0;
        auto read = subscription.poll(at_once);
        if (!read) {
          records_ = {};
          sink_.trouble("the log cannot be read: " + read.error().message);
          return;
        }
        records_ = std::move(*read);
        if (records_.empty()) {
          if (armed_->exchange(true)) return;
          subscription.notify([armed = armed_, signal = sink_.signal_] {
            *armed = false;
            signal->wake();
          });
          return;
        }
      }
      const auto& record = records_.begin()[static_cast<std::ptrdiff_t>(at_)];
      const auto value = to_cloud_event(record, source);
      const auto number = window_.add(record.position, value.size());
      const auto fault = producer.send(record.stream.text(), value, number);
      if (fault == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        window_.take_back();
        return;
      }
      if (fault != RD_KAFKA_RESP_ERR_NO_ERROR) {
        refuse(number, fault);
        return;
      }
      ++at_;
    }
  }

  // Now and then; at the end, and then it waits for it.
  void save_checkpoint(bool last) {
    const auto reached = window_.reached();
    const auto now = SteadyClock::now();
    if (reached == saved_ || (!last && (now < next_save_ || saving_->load()))) return;
    next_save_ = now + sink_.options_.checkpoint;
    AppendRequest request;
    request.state.push_back({std::string(checkpoints), sink_.options_.settings.topic, std::to_string(number(reached))});
    if (last) {
      // A log that cannot be written to keeps the checkpoint before: more is repeated.
      if (const auto saved = append_and_wait(sink_.log_, std::move(request)); !saved)
        sink_.trouble("the checkpoint could not be kept: " + saved.error().message);
      saved_ = reached;
      return;
    }
    *saving_ = true;
    saved_ = reached;
    sink_.log_.append(std::move(request), [saving = saving_](const Result<Receipt>&) { *saving = false; });
  }

  Sink& sink_;
  Signal& signal_;
  DeliveryWindow window_;
  Records records_;  // read from the log; those from at_ on are not handed over yet
  std::size_t at_ = 0;
  Position saved_;
  SteadyClock::time_point next_save_{};
  const Position careful_until_;
  std::string failure_;
  Position failed_at_{};  // the first that was not taken
  const std::shared_ptr<std::atomic<bool>> armed_ = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<std::atomic<bool>> saving_ = std::make_shared<std::atomic<bool>>(false);
};

Sink::Sink(EventLog& log, SinkOptions options)
    : log_(log), options_(std::move(options)), signal_(std::make_shared<Signal>()) {}

Result<std::unique_ptr<Sink>> Sink::start(EventLog& log, SinkOptions options) {
  // Whether it can be made at all is found now, and not by the log's reader.
  const Producer::Callbacks nothing{[] {}, [](std::uint64_t, rd_kafka_resp_err_t) {}, [](const std::string&, bool) {}};
  if (const auto trial = Producer::open(options.settings, options.more, nothing); !trial) return trial.error();
  auto sink = std::unique_ptr<Sink>(new Sink(log, std::move(options)));
  sink->thread_ = std::thread([raw = sink.get()] { raw->run(); });
  return sink;
}

Sink::~Sink() {
  stop(std::chrono::milliseconds(0));
}

void Sink::stop(std::chrono::milliseconds flush) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(signal_->mutex);
    signal_->stopping = true;
    signal_->give_up = SteadyClock::now() + flush;
    signal_->news = true;
    signal_->changed.notify_all();
  }
  thread_.join();
}

SinkStatus Sink::status() const {
  SinkStatus status;
  status.delivered = Position{delivered_.load()};
  status.lag = number(log_.last_position()) - std::min(number(log_.last_position()), delivered_.load());
  status.events = events_;
  status.failures = failures_;
  status.in_flight = in_flight_;
  const std::lock_guard lock(mutex_);
  status.error = error_;
  return status;
}

void Sink::trouble(const std::string& what) {
  {
    const std::lock_guard lock(mutex_);
    if (error_ == what) return;
    const auto now = SteadyClock::now();
    const bool tell = error_.empty() || now - told_ >= between_warnings;
    error_ = what;
    if (!tell) return;  // brokers that are away are away in many words
    told_ = now;
  }
  if (options_.warn) options_.warn("Kafka: " + what);
}

void Sink::no_trouble() {
  {
    const std::lock_guard lock(mutex_);
    if (error_.empty()) return;
    error_.clear();
  }
  if (options_.info) options_.info("Kafka takes events again");
}

void Sink::run() {
  pthread_setname_np(pthread_self(), "kafka-sink");
  std::optional<Position> from;
  Position careful_until{};
  auto pause = options_.retry;
  while (!signal_->is_stopping()) {
    if (!from) {
      const auto kept = log_.load_state(checkpoints, options_.settings.topic);
      if (kept) {
        std::uint64_t position = 0;
        if (*kept) std::from_chars((*kept)->data(), (*kept)->data() + (*kept)->size(), position);
        from = Position{position};
        delivered_ = position;
      } else {
        trouble("the checkpoint cannot be read: " + kept.error().message);
      }
    }
    if (from) {
      Run run(*this, *from, careful_until);
      const auto failure = run();
      if (failure.empty()) return;
      ++failures_;
      trouble(failure);
      if (run.reached() > *from) pause = options_.retry;
      from = run.reached();
      careful_until = std::max(careful_until, run.failed_at());
    }
    if (signal_->pause(pause)) return;
    pause = std::min(2 * pause, 30 * options_.retry);
  }
}

}  // namespace strowger::kafka
