#include "adapters/kafka/sink.hpp"

#include "adapters/kafka/delivery_window.hpp"
#include "events/event.hpp"
#include "events/json.hpp"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <utility>

#include <pthread.h>

namespace strowger::kafka {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view source = "urn:strowger";
// Tables of the state; key: the topic.
constexpr std::string_view checkpoints = "kafka_sink";
constexpr std::string_view parked_table = "kafka_parked";
constexpr std::size_t at_once = 256;  // events read from the log
constexpr std::chrono::milliseconds longest_sleep{500};
constexpr std::chrono::seconds between_warnings{10};

std::string hint_for(rd_kafka_resp_err_t fault) {
  switch (fault) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
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
  // What is told of an event that was refused, until a reference to it is in the topic.
  struct Refused {
    ParkedEvent event;
    bool alone = false;      // nothing else was under way
    bool reference = false;  // it was only the reference
  };

  // Up to `careful_until` events are sent one by one; instead of `refused`, a reference to it.
  Run(Sink& sink, Position from, Position careful_until, std::optional<ParkedEvent> refused)
      : sink_(sink),
        signal_(*sink.signal_),
        window_(from),
        careful_until_(careful_until),
        withheld_(std::move(refused)) {
    kept_->position = number(from);
    kept_->parked = sink.parked().count;
  }

  // Empty: the sink stops. Else what failed.
  std::string operator()() {
    Producer::Callbacks callbacks;
    callbacks.wake = [signal = sink_.signal_] { signal->wake(); };
    callbacks.delivered = [this](std::uint64_t number, rd_kafka_resp_err_t fault) { delivered(number, fault); };
    callbacks.trouble = [this](const std::string& what, bool fatal) {
      if (!fatal) return sink_.trouble(what);
      if (!failure_.empty()) return;
      failure_ = "the producer failed: " + what;
      end_ = SteadyClock::now() + longest_sleep;
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
      const bool failed = !failure_.empty() && SteadyClock::now() >= end_;
      const bool done = failed || (stopping && (window_.events() == 0 || signal_.is_over()));
      save_checkpoint(done);
      if (done) break;
      signal_.wait_until(SteadyClock::now() + longest_sleep);
    }
    sink_.in_flight_ = 0;
    return failure_;
  }

  Position reached() const { return window_.reached(); }
  // The last event that is better sent alone.
  Position careful_until() const {
    return std::max(refused_until_, failed_at_ == Position{} ? next(window_.reached()) : failed_at_);
  }
  // The event that was refused for what it is, where one was.
  const std::optional<Refused>& refused() const { return refused_; }

 private:
  void delivered(std::uint64_t number, rd_kafka_resp_err_t fault) {
    if (fault == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (withheld_ && is_withheld(window_.at(number))) sink_.park(*std::exchange(withheld_, std::nullopt));
      window_.delivered(number);
      ++sink_.events_;
      sink_.no_trouble();
      return;
    }
    refuse(number, fault);
  }

  void refuse(std::uint64_t number, rd_kafka_resp_err_t fault) {
    // What follows a failed one is failed too, with a reason of the producer's own.
    const bool follows = fault == RD_KAFKA_RESP_ERR__FATAL || fault == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                         fault == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT || fault == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE;
    if (follows && !failure_.empty()) return;
    const auto position = window_.at(number);
    if (is_refusal(fault)) refused_until_ = std::max(refused_until_, position);
    if (failed_at_ != Position{} && position >= failed_at_) return;
    failed_at_ = position;
    end_ = {};
    failure_ = "event " + std::to_string(strowger::number(position)) + " was not taken for the topic " +
               sink_.options_.settings.topic + ": " + rd_kafka_err2str(fault) + hint_for(fault);
    refused_.reset();
    if (!is_refusal(fault)) return;
    refused_ = Refused{{strowger::number(position), {}, {}, rd_kafka_err2str(fault), system_now()},
                       window_.events() == 1,
                       is_withheld(position)};
  }

  bool is_withheld(Position position) const { return withheld_ && withheld_->position == strowger::number(position); }

  std::string encoded(const Record& record) {
    if (!is_withheld(record.position)) return to_cloud_event(record, source);
    withheld_->stream = record.stream.text();
    withheld_->type = record.type;
    return reference_to(record, source, withheld_->reason);
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
          sink_.tell_folded();
          if (armed_->exchange(true)) return;
          subscription.notify([armed = armed_, signal = sink_.signal_] {
            *armed = false;
            signal->wake();
          });
          return;
        }
      }
      const auto& record = records_.begin()[static_cast<std::ptrdiff_t>(at_)];
      const auto value = encoded(record);
      const auto number = window_.add(record.position, value.size());
      const auto fault = producer.send(record.stream.subject().text(), value, number);
      if (fault == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        window_.take_back();
        return;
      }
      if (fault != RD_KAFKA_RESP_ERR_NO_ERROR) {
        refuse(number, fault);
        return;
      }
      if (record.type == Folded::type) sink_.met_folded(record.position);
      ++at_;
    }
  }

  // Now and then; at the end, and then it waits for it.
  void save_checkpoint(bool last) {
    const auto reached = number(window_.reached());
    const auto now = SteadyClock::now();
    if (reached == kept_->position || (!last && (now < next_save_ || kept_->under_way))) return;
    next_save_ = now + sink_.options_.checkpoint;
    AppendRequest request;
    request.state.push_back({std::string(checkpoints), sink_.options_.settings.topic, std::to_string(reached)});
    const auto parked = sink_.parked();
    if (parked.count != kept_->parked)
      request.state.push_back({std::string(parked_table), sink_.options_.settings.topic, json::to_string(parked)});
    if (last) {
      // A log that cannot be written to keeps the checkpoint before: more is repeated.
      if (const auto saved = append_and_wait(sink_.log_, std::move(request)); !saved)
        sink_.trouble("the checkpoint could not be kept: " + saved.error().message);
      return;
    }
    kept_->under_way = true;
    sink_.log_.append(std::move(request), [kept = kept_, reached, parked = parked.count](const Result<Receipt>& saved) {
      if (saved) {
        kept->position = reached;
        kept->parked = parked;
      }
      kept->under_way = false;
    });
  }

  // The checkpoint that the log has; its writer may tell later than this lives.
  struct Kept {
    std::atomic<std::uint64_t> position;
    std::atomic<std::uint64_t> parked;  // events
    std::atomic<bool> under_way = false;
  };

  Sink& sink_;
  Signal& signal_;
  DeliveryWindow window_;
  Records records_;  // read from the log; those from at_ on are not handed over yet
  std::size_t at_ = 0;
  SteadyClock::time_point next_save_{};
  const Position careful_until_;
  std::optional<ParkedEvent> withheld_;  // until its reference is in the topic
  std::optional<Refused> refused_;
  Position refused_until_{};
  std::string failure_;
  // When to end with it: a producer that fails as a whole tells a moment later which event it was.
  SteadyClock::time_point end_{};
  Position failed_at_{};  // the first that was not taken
  const std::shared_ptr<std::atomic<bool>> armed_ = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
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
  status.parked = parked_;
  status.folded = folded_;
  status.error = error_;
  return status;
}

ParkedEvents Sink::parked() const {
  const std::lock_guard lock(mutex_);
  return parked_;
}

void Sink::park(ParkedEvent event) {
  const auto line = "event " + std::to_string(event.position) + " (" + event.type + " of " + event.stream +
                    ") is not in the topic " + options_.settings.topic + ", a reference to it is: " + event.reason;
  {
    const std::lock_guard lock(mutex_);
    parked_.add(std::move(event));
  }
  if (options_.warn) options_.warn("Kafka: " + line);
}

// What is sent again after a failure counts once.
void Sink::met_folded(Position position) {
  {
    const std::lock_guard lock(mutex_);
    if (position <= folded_.last) return;
    if (folded_.count++ == 0) folded_.first = position;
    folded_.last = position;
    if (folded_told_ > 0) return;
    folded_told_ = 1;
  }
  if (options_.warn)
    options_.warn("Kafka: the retention time of event " + std::to_string(number(position)) +
                  ", and perhaps of others after it, passed before it was sent: the topic " + options_.settings.topic +
                  " gets markers (history.folded) in their places");
}

// At the log's end: how many there were.
void Sink::tell_folded() {
  SinkStatus::FoldedEvents all;
  {
    const std::lock_guard lock(mutex_);
    if (folded_.count <= folded_told_) return;
    folded_told_ = folded_.count;
    all = folded_;
  }
  if (options_.warn)
    options_.warn("Kafka: " + std::to_string(all.count) + " markers (history.folded) from position " +
                  std::to_string(number(all.first)) + " to " + std::to_string(number(all.last)) + " are in the topic " +
                  options_.settings.topic + " instead of the events that they stand for");
}

Result<Position> Sink::load_checkpoint() {
  const auto& topic = options_.settings.topic;
  const auto kept = log_.load_state(checkpoints, topic);
  if (!kept) return kept.error();
  const auto parked = log_.load_state(parked_table, topic);
  if (!parked) return parked.error();
  if (*parked) {
    // One that cannot be read is begun anew: it only tells.
    auto read = json::from_string<ParkedEvents>(**parked);
    const std::lock_guard lock(mutex_);
    if (read) parked_ = std::move(*read);
  }
  std::uint64_t position = 0;
  if (*kept) std::from_chars((*kept)->data(), (*kept)->data() + (*kept)->size(), position);
  return Position{position};
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
  std::optional<ParkedEvent> withheld;  // whose reference is tried next
  std::uint64_t not_its_fault = 0;      // the event whose reference was refused, too
  auto pause = options_.retry;
  while (!signal_->is_stopping()) {
    if (!from) {
      if (const auto kept = load_checkpoint()) {
        from = *kept;
        delivered_ = number(*kept);
      } else {
        trouble("the checkpoint cannot be read: " + kept.error().message);
      }
    }
    if (from) {
      Run run(*this, *from, careful_until, std::exchange(withheld, std::nullopt));
      const auto failure = run();
      if (failure.empty()) return;
      ++failures_;
      trouble(failure);
      if (run.reached() > *from) pause = options_.retry;
      from = run.reached();
      careful_until = std::max(careful_until, run.careful_until());
      if (const auto& refused = run.refused()) {
        if (refused->reference) {
          not_its_fault = refused->event.position;
        } else if (refused->alone && refused->event.position != not_its_fault) {
          withheld = refused->event;
          pause = options_.retry;
        }
      }
    }
    if (signal_->pause(pause)) return;
    pause = std::min(2 * pause, 30 * options_.retry);
  }
}

}  // namespace strowger::kafka
