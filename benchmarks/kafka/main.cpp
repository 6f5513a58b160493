// The Kafka sink against a plain producer, on the same real broker in the same run.
//
// The peer is librdkafka with the same settings that sends the same keys and values, encoded beforehand and held in
// memory: it reads no log, encodes nothing and keeps no checkpoint. Rounds alternate, each into a topic of its own.
// Started by tests/integration/kafka_broker/run, which brings the broker.
#include "adapters/kafka/sink.hpp"
#include "benchmarks/table.hpp"
#include "events/event.hpp"
#include "tests/support/kafka/broker.hpp"
#include "tests/support/kafka/log_feeder.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

using namespace strowger;
using namespace strowger::test;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t events = 60'000;
constexpr int rounds = 3;

struct Measured {
  double rate = 0;  // events a second
  double cpu = 0;   // µs of this process an event
};

template <class Work>
Measured measure(Work work) {
  const auto cpu = bench::cpu_seconds();
  const auto start = Steady::now();
  work();
  const double seconds = std::chrono::duration<double>(Steady::now() - start).count();
  return {events / seconds, (bench::cpu_seconds() - cpu) * 1e6 / events};
}

Measured plain(const config::Kafka& settings, const std::vector<std::pair<std::string, std::string>>& all) {
  std::uint64_t delivered = 0;
  kafka::Producer::Callbacks callbacks{[] {}, [&](std::uint64_t, rd_kafka_resp_err_t) { ++delivered; },
                                       [](const std::string&, bool) {}};
  const auto producer = kafka::Producer::open(settings, {}, std::move(callbacks)).value();
  return measure([&] {
    std::uint64_t number = 0;
    for (const auto& [key, value] : all) {
      while (producer->send(key, value, ++number) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(producer->handle(), 1);
      if (number % 256 == 0) producer->poll();
    }
    while (delivered < all.size()) rd_kafka_poll(producer->handle(), 10);
  });
}

Measured sink(const config::Kafka& settings, EventLog& log) {
  kafka::SinkOptions options;
  options.settings = settings;
  return measure([&] {
    const auto started = kafka::Sink::start(log, options).value();
    while (number(started->status().delivered) < events) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main() {
  const char* class_path = std::getenv("STROWGER_KAFKA_CLASSPATH");
  if (class_path == nullptr) {
    std::fprintf(stderr, "start it by tests/integration/kafka_broker/run, which brings a broker\n");
    return 1;
  }
  Broker broker(class_path);
  LogFeeder feeder;
  feeder.append(events, 1000);
  std::vector<std::pair<std::string, std::string>> all;
  for (Position at{}; all.size() < events;) {
    const auto records = feeder.log->read_all(at, 1000).value();
    for (const auto& record : records) all.emplace_back(record.stream.text(), to_cloud_event(record, "urn:strowger"));
    at = records.back().position;
  }
  config::Kafka settings;
  settings.brokers = broker.address();
  std::vector<double> rates[2];
  std::vector<double> costs[2];
  for (int round = -1; round < rounds; ++round) {  // the first warms the broker
    settings.topic = "plain" + std::to_string(round + 1);
    const auto peer = plain(settings, all);
    settings.topic = "sink" + std::to_string(round + 1);
    const auto ours = sink(settings, *feeder.log);
    if (round < 0) continue;
    rates[0].push_back(peer.rate);
    rates[1].push_back(ours.rate);
    costs[0].push_back(peer.cpu);
    costs[1].push_back(ours.cpu);
  }
  bench::table_head();
  bench::table_row("events/s into a real broker", median(rates[0]), median(rates[1]), "half of the peer or more");
  bench::table_row("ns of CPU time an event", median(costs[0]) * 1000, median(costs[1]) * 1000, "");
  return 0;
}
