// The Kafka sink and a real Apache Kafka that is killed and comes back under load.
#include "tests/support/kafka/broker.hpp"

#include "adapters/kafka/sink.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka/log_feeder.hpp"
#include "tests/support/kafka/topic_reader.hpp"

#include <atomic>
#include <cstdlib>
#include <thread>

using namespace strowger;
using namespace strowger::test;
using namespace std::chrono_literals;

TEST_CASE("a broker that is killed and comes back under load has every event, each stream in order") {
  const char* class_path = std::getenv("STROWGER_KAFKA_CLASSPATH");
  REQUIRE(class_path != nullptr);
  Broker broker(class_path);
  LogFeeder feeder;
  kafka::SinkOptions options;
  options.settings.brokers = broker.address();
  options.most_events = 2000;
  options.retry = 200ms;
  options.more = {{"reconnect.backoff.max.ms", "500"}};
  auto sink = kafka::Sink::start(*feeder.log, options).value();
  std::atomic<std::uint64_t> seen = 0;
  const auto delivered = [&] { return seen = number(sink->status().delivered); };

  // Goes on for as long as the test needs it, always some way ahead of what was delivered.
  std::atomic<bool> enough = false;
  std::thread load([&] {
    while (!enough && feeder.appended < 100'000) {
      feeder.append(100);
      eventually([&] { return enough || feeder.appended < seen + 20'000; }, 120s);
    }
  });
  CHECK(eventually([&] { return delivered() >= 2000; }, 120s));
  broker.kill_hard();
  CHECK(eventually([&] { return sink->status().lag > 5000 && !sink->status().error.empty(); }, 120s));
  CHECK(sink->status().in_flight <= 2000);
  // The sink itself ends without a farewell, too, while the broker is away.
  sink.reset();
  sink = kafka::Sink::start(*feeder.log, options).value();
  broker.start();
  const auto at_return = delivered();
  CHECK(eventually([&] { return delivered() > at_return + 5000; }, 120s));
  enough = true;
  load.join();
  CHECK(eventually([&] { return delivered() == feeder.appended; }, 120s));
  CHECK(sink->status().lag == 0);
  CHECK(sink->status().error.empty());
  sink->stop(10s);

  TopicReader topic(broker.address(), options.settings.topic, Broker::partitions);
  topic.read(feeder.appended);
  CHECK(topic.fault(feeder.appended) == "");
}
