#include "adapters/application/kafka_metrics.hpp"

#include <sstream>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace strowger::application {

std::string metrics_text(const kafka::SinkStatus& status) {
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&](std::string name, std::string help, prometheus::MetricType type, std::uint64_t value) {
    prometheus::ClientMetric metric;
    (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
    families.push_back({"strowger_kafka_" + std::move(name), std::move(help), type, {std::move(metric)}});
  };
  using enum prometheus::MetricType;
  add("lag", "Events of the log that are not in the topic yet", Gauge, status.lag);
  add("delivered_position", "Everything up to this position is in the topic", Gauge, number(status.delivered));
  add("in_flight", "Events handed to the producer and not delivered", Gauge, status.in_flight);
  add("healthy", "1 while nothing is known to be wrong", Gauge, status.error.empty() ? 1 : 0);
  add("parked_events", "Events that the brokers refused, in whose place a reference is in the topic", Gauge,
      status.parked.count);
  add("folded_events_total",
      "Events since the start whose retention time passed before they were sent: a marker is in the topic", Counter,
      status.folded.count);
  add("events_total", "Events delivered since the start, repeats included", Counter, status.events);
  add("failures_total", "Times that the producer failed and was made anew", Counter, status.failures);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace strowger::application
