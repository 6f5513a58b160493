// A copy of every event in a Kafka topic, for others. Read this first of this folder.
//
// One thread follows the log from a checkpoint, encodes each event as CloudEvents JSON (structured mode, secrets
// masked; key: the stream) and hands it to an idempotent producer (producer.hpp). When the brokers have everything up
// to a position (delivery_window.hpp), that position is the checkpoint, kept in the log's own state: nothing is lost by
// a crash of either side, and what was under way is sent again: at least once, with the same ids, in order in each
// stream.
//
// While the brokers are away the log keeps the events, not memory: what is handed to the producer is bounded. What the
// brokers refuse stops the sink there, with the reason shown, until they take it: nothing overtakes it, nothing is
// skipped. Then only that one event is tried, so that the others are not repeated each time. Where they refuse it
// alone, too, and for what it is (parked.hpp), a reference to it takes its place and the sink goes on; where they
// refuse even that, it is not the event's fault, and the sink waits.
//
// Nobody waits for the sink: phones and administrators do not notice whether there is a Kafka.
#pragma once

#include "adapters/kafka/parked.hpp"
#include "adapters/kafka/producer.hpp"
#include "events/log.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace strowger::kafka {

struct SinkOptions {
  config::Kafka settings;
  std::size_t most_events = 20'000;                        // handed to the producer and not delivered
  std::size_t most_bytes = std::size_t{32} * 1024 * 1024;  // of these
  std::chrono::milliseconds checkpoint{500};               // how often at most
  std::chrono::milliseconds retry{1'000};                  // after a failure; doubles up to 30 times that
  std::function<void(const std::string&)> warn;            // any thread
  std::function<void(const std::string&)> info;
  Properties more;
};

struct SinkStatus {
  Position delivered{};        // everything up to here is in the topic
  std::uint64_t lag = 0;       // events of the log that are not
  std::uint64_t events = 0;    // delivered since the start, repeats included
  std::uint64_t failures = 0;  // times that the producer was given up and made anew
  std::size_t in_flight = 0;   // events handed to the producer and not delivered
  ParkedEvents parked;         // since the topic's first event
  std::string error;           // what is wrong now; empty: nothing
  // Events whose retention time had passed before they were sent: a marker (history.folded) is in the topic in the
  // place of each. Since the start.
  struct FoldedEvents {
    std::uint64_t count = 0;
    Position first{};
    Position last{};
  } folded{};
};

class Sink {
 public:
  // Fails with `kafka_settings`; never because of brokers that are away. The log outlives it.
  static Result<std::unique_ptr<Sink>> start(EventLog& log, SinkOptions options);
  ~Sink();  // stop(0)
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // Takes no more from the log, waits at most so long for what is under way, and keeps the checkpoint.
  void stop(std::chrono::milliseconds flush);
  SinkStatus status() const;  // any thread

 private:
  struct Signal;
  class Run;
  Sink(EventLog& log, SinkOptions options);
  void run();
  Result<Position> load_checkpoint();
  void trouble(const std::string& what);
  void no_trouble();
  void park(ParkedEvent event);
  ParkedEvents parked() const;
  void met_folded(Position position);
  void tell_folded();

  EventLog& log_;
  const SinkOptions options_;
  std::shared_ptr<Signal> signal_;
  std::atomic<std::uint64_t> delivered_ = 0;
  std::atomic<std::uint64_t> events_ = 0;
  std::atomic<std::uint64_t> failures_ = 0;
  std::atomic<std::size_t> in_flight_ = 0;
  mutable std::mutex mutex_;
  std::string error_;
  ParkedEvents parked_;
  SinkStatus::FoldedEvents folded_;
  std::uint64_t folded_told_ = 0;                 // of these
  std::chrono::steady_clock::time_point told_{};  // when a warning was written last
  std::thread thread_;
};

}  // namespace strowger::kafka
