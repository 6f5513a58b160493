// The Kafka sink against librdkafka's mock cluster, which gives the errors that a real broker rarely gives.
#include "adapters/kafka/sink.hpp"

#include "events/json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/kafka/log_feeder.hpp"
#include "tests/support/kafka/topic_reader.hpp"

#include <algorithm>

#include <librdkafka/rdkafka_mock.h>

using namespace strowger;
using namespace strowger::test;
using namespace std::chrono_literals;

namespace {

constexpr int partitions = 4;
constexpr std::int16_t produce = 0;  // the request's API key

class Cluster {
 public:
  Cluster() {
    auto* conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    char why[256];
    host_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    REQUIRE(host_ != nullptr);
    mock = rd_kafka_mock_cluster_new(host_, 1);
    REQUIRE(mock != nullptr);
    rd_kafka_mock_topic_create(mock, "strowger.events", partitions, 1);
  }
  ~Cluster() {
    rd_kafka_mock_cluster_destroy(mock);
    rd_kafka_destroy(host_);
  }
  Cluster(const Cluster&) = delete;
  std::string brokers() const { return rd_kafka_mock_cluster_bootstraps(mock); }

  rd_kafka_mock_cluster_t* mock = nullptr;

 private:
  rd_kafka_t* host_ = nullptr;
};

struct Sinks : LogFeeder {
  Cluster cluster;
  kafka::SinkOptions options;
  std::mutex mutex;
  std::vector<std::string> warnings;
  std::unique_ptr<kafka::Sink> sink;

  Sinks() {
    options.settings.brokers = cluster.brokers();
    options.settings.enabled = true;
    options.retry = 50ms;
    options.checkpoint = 20ms;
    options.warn = [this](const std::string& line) {
      const std::lock_guard lock(mutex);
      warnings.push_back(line);
    };
    options.more = {{"retry.backoff.ms", "20"}, {"reconnect.backoff.ms", "20"}, {"reconnect.backoff.max.ms", "100"}};
  }

  void start() {
    auto started = kafka::Sink::start(*log, options);
    REQUIRE(started);
    sink = std::move(*started);
  }
  bool all_delivered() {
    return eventually([&] { return number(sink->status().delivered) == number(log->last_position()); });
  }
  std::uint64_t checkpoint() {
    const auto kept = log->load_state("kafka_sink", "strowger.events").value();
    return kept ? std::stoull(*kept) : 0;
  }
};

}  // namespace

TEST_CASE_METHOD(Sinks, "every event is in the topic once, keyed by stream, as a CloudEvent without secrets") {
  append(500);
  const auto number_ = ExtensionNumber::parse("1001").value();
  const ExtensionCreated created{number_, "Ann", "ann@example.com", true, {"sealed-secret"}};
  REQUIRE(append_and_wait(*log, {StreamId::of(number_),
                                 ExpectedVersion::any(),
                                 {encode(created, Cause{"admin:ann", {}, {}}, system_now(), ids)},
                                 {},
                                 {}}));
  ++appended;
  start();
  REQUIRE(all_delivered());
  append(500);  // and what happens while it runs
  REQUIRE(all_delivered());
  CHECK(sink->status().lag == 0);
  CHECK(sink->status().error.empty());
  TopicReader topic(cluster.brokers(), "strowger.events", partitions);
  CHECK(topic.read(1001).size() == 1001);
  CHECK(topic.fault(1001) == "");
  for (const auto& one : topic.all()) {
    CHECK(one.value.find("sealed-secret") == std::string::npos);
    if (one.key != "extension/1001") continue;
    const auto json = boost::json::parse(one.value);
    CHECK(json.at("type").as_string() == "strowger.extension.created.v1");
    CHECK(json.at("data").at("password").as_string() == "(secret)");
  }
}

TEST_CASE_METHOD(Sinks, "a sink goes on at its checkpoint") {
  start();
  append(300);
  REQUIRE(all_delivered());
  REQUIRE(eventually([&] { return checkpoint() == 300; }));
  append(1);
  sink->stop(10s);
  CHECK(checkpoint() >= 300);
  sink.reset();
  append(200);
  start();
  REQUIRE(all_delivered());
  sink->stop(10s);
  CHECK(checkpoint() == 501);
  TopicReader topic(cluster.brokers(), "strowger.events", partitions);
  CHECK(topic.read(501).size() == 501);  // a clean stop repeats nothing
  CHECK(topic.fault(501) == "");
}

TEST_CASE_METHOD(Sinks, "errors that pass are retried: nothing is lost or overtaken") {
  for (const auto fault : {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                           RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR__TRANSPORT})
    rd_kafka_mock_push_request_errors(cluster.mock, produce, 2, fault, fault);
  append(2000);
  start();
  REQUIRE(all_delivered());
  CHECK(sink->status().failures == 0);
  TopicReader topic(cluster.brokers(), "strowger.events", partitions);
  topic.read(2000);  // the mock knows no sequence numbers: what a lost connection had carried is there twice
  CHECK(topic.fault(2000) == "");
}

TEST_CASE_METHOD(Sinks, "an event that is refused stops the sink there, with the reason, until it is taken") {
  append(100);
  std::vector<rd_kafka_resp_err_t> refusals(200, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  rd_kafka_mock_push_request_errors_array(cluster.mock, produce, refusals.size(), refusals.data());
  start();
  REQUIRE(eventually([&] { return sink->status().failures >= 2; }));
  const auto refused = sink->status();
  CHECK(refused.lag > 0);
  CHECK_THAT(refused.error, ContainsSubstring("max.message.bytes") && ContainsSubstring("strowger.events"));
  CHECK(refused.parked.count == 0);  // the references are refused as well: it is not the events' fault
  {
    const std::lock_guard lock(mutex);
    CHECK_FALSE(warnings.empty());
    CHECK(warnings.size() < 10);
  }
  rd_kafka_mock_clear_request_errors(cluster.mock, produce);
  append(100);
  REQUIRE(all_delivered());
  CHECK(eventually([&] { return sink->status().error.empty(); }));
  TopicReader topic(cluster.brokers(), "strowger.events", partitions);
  topic.read(200);
  CHECK(topic.fault(200) == "");
}

TEST_CASE_METHOD(
    Sinks, "an event that is refused alone is parked, with a reference in its place, and does not stop the copy") {
  const auto fault = GENERATE(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD);
  CAPTURE(fault);
  rd_kafka_mock_push_request_errors(cluster.mock, produce, 1, fault);
  append(1);
  start();
  REQUIRE(all_delivered());
  append(20);
  REQUIRE(all_delivered());
  REQUIRE(eventually([&] { return checkpoint() == 21; }));
  const auto told = [&] {
    const auto status = sink->status();
    CHECK(status.error.empty());
    CHECK(status.parked.count == 1);
    REQUIRE(status.parked.newest.size() == 1);
    CHECK(status.parked.newest[0].position == 1);
    CHECK(status.parked.newest[0].type == "device.config_served");
    CHECK(status.parked.newest[0].stream.starts_with("device/"));
    CHECK_FALSE(status.parked.newest[0].reason.empty());
  };
  told();
  sink.reset();
  start();  // which forgets none
  REQUIRE(all_delivered());
  told();
  {
    const std::lock_guard lock(mutex);
    CHECK(std::ranges::any_of(warnings, [](const auto& line) { return line.find("a reference to it") != line.npos; }));
  }
  TopicReader topic(cluster.brokers(), "strowger.events", partitions);
  topic.read(21);
  CHECK(topic.fault(21) == "");
  for (const auto& one : topic.all()) {
    const auto json = boost::json::parse(one.value);
    CAPTURE(one.value);
    CHECK(json.at("data").is_null() == (one.position == 1));
    if (one.position != 1) continue;
    CHECK(json.at("dataref").as_string() == "/api/events?after=0&limit=1");
    CHECK_FALSE(json.at("withheld").as_string().empty());
    CHECK(json.at("type").as_string() == "strowger.device.config_served.v2");
  }
}

TEST_CASE_METHOD(Sinks,
                 "events that were folded before they were sent are markers in the topic, and the sink says so") {
  append(100);
  std::vector<FoldedRecord> some;
  for (std::uint64_t i = 30; i < 50; ++i)
    some.push_back({Position{i}, json::to_string(Folded{"device.registered", 1, 1, 1, 0})});
  REQUIRE(log->fold(some, [&](std::string proof) {
    DaySummarized summary;
    summary.day = "2026-01-01";
    summary.proof = std::move(proof);
    AppendRequest request;
    request.stream = {"history", "summaries"};
    request.events.push_back(encode(Event(std::move(summary)), Cause{"system", {}, {}}, system_now(), ids));
    return request;
  }));
  log.reset();  // so that nothing of them is in memory: they are read from the disk, as old events are
  log = rocks::RocksLog::open({.folder = folder.path() / "log"}).value();
  start();
  REQUIRE(all_delivered());
  const auto folded = sink->status().folded;
  CHECK(folded.count == 20);
  CHECK(folded.first == Position{30});
  CHECK(folded.last == Position{49});
  TopicReader topic(cluster.brokers(), "strowger.events", partitions);
  CHECK(topic.read(101).size() == 101);
  const auto markers = std::ranges::count_if(
      topic.all(), [](const auto& one) { return one.value.find("strowger.history.folded.v1") != std::string::npos; });
  CHECK(markers == 20);
  const auto told = [&](const char* what) {
    const std::lock_guard lock(mutex);
    return std::ranges::any_of(warnings, [&](const auto& line) { return line.find(what) != std::string::npos; });
  };
  CHECK(told("the retention time of event 30"));
  CHECK(eventually([&] { return told("20 markers (history.folded) from position 30 to 49"); }));
}

TEST_CASE_METHOD(Sinks, "while the brokers are away the log keeps the events, not memory") {
  options.most_events = 100;
  start();
  append(50);
  REQUIRE(all_delivered());
  rd_kafka_mock_broker_set_down(cluster.mock, 1);
  append(3000);
  REQUIRE(eventually([&] { return sink->status().in_flight == 100 && !sink->status().error.empty(); }));
  CHECK(sink->status().lag == 3000);
  rd_kafka_mock_broker_set_up(cluster.mock, 1);
  REQUIRE(all_delivered());
  TopicReader topic(cluster.brokers(), "strowger.events", partitions);
  topic.read(3050);
  CHECK(topic.fault(3050) == "");
}

TEST_CASE_METHOD(Sinks, "a sink that never reached a broker stops in time and has lost nothing") {
  const auto brokers = options.settings.brokers;
  options.settings.brokers = "127.0.0.1:1";
  append(10);
  start();
  REQUIRE(eventually([&] { return !sink->status().error.empty(); }));
  sink->stop(100ms);
  CHECK(checkpoint() == 0);
  options.settings.brokers = brokers;
  start();
  REQUIRE(all_delivered());
}

TEST_CASE_METHOD(Sinks, "settings that cannot work are told at the start") {
  options.settings.tls.enabled = true;
  options.settings.tls.ca_file = "/nonexistent/ca.pem";
  const auto started = kafka::Sink::start(*log, options);
  REQUIRE_FALSE(started);
  CHECK(started.error().code == "kafka_settings");
  CHECK_THAT(started.error().message, ContainsSubstring("/nonexistent/ca.pem"));
}
