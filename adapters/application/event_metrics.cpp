#include "adapters/application/event_metrics.hpp"

#include <sstream>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace strowger::application {
namespace {

prometheus::ClientMetric labelled(prometheus::MetricType type, std::uint64_t value, const char* label = nullptr,
                                  const char* is = nullptr) {
  prometheus::ClientMetric metric;
  if (label != nullptr) metric.label.push_back({label, is});
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = static_cast<double>(value);
  return metric;
}

}  // namespace

std::string metrics_text(const QuarantineCounts& quarantined, const actors::DeadLetters& letters) {
  using enum prometheus::MetricType;
  const std::vector<prometheus::MetricFamily> families{
      {"strowger_events_undecodable",
       "Events of the log that cannot be decoded and are passed over: damaged ones, and those of a newer release",
       Gauge,
       {labelled(Gauge, quarantined.damaged, "why", "damaged"), labelled(Gauge, quarantined.newer, "why", "newer")}},
      {"strowger_dead_letters",
       "Events that a reactor could not handle and that wait for a person",
       Gauge,
       {labelled(Gauge, letters.size())}},
      {"strowger_dead_letters_parked_total",
       "Events that a reactor gave up on since the start",
       Counter,
       {labelled(Counter, letters.parked())}},
      {"strowger_dead_letters_lost_total",
       "Of those, how many were not kept because too many were parked",
       Counter,
       {labelled(Counter, letters.lost())}}};
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace strowger::application
