#include "adapters/application/metrics.hpp"

#include <limits>
#include <sstream>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace strowger::application {
namespace {

namespace fs = std::filesystem;
using Label = prometheus::ClientMetric::Label;

class Families {
 public:
  Families& family(std::string name, std::string help, prometheus::MetricType type) {
    families_.push_back({"strowger_" + std::move(name), std::move(help), type, {}});
    return *this;
  }
  Families& counter(std::string name, std::string help) {
    return family(std::move(name), std::move(help), prometheus::MetricType::Counter);
  }
  Families& gauge(std::string name, std::string help) {
    return family(std::move(name), std::move(help), prometheus::MetricType::Gauge);
  }
  // Of the family that was begun last.
  Families& value(double value, std::vector<Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    if (families_.back().type == prometheus::MetricType::Counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  template <class Values>
  Families& histogram(std::string name, std::string help, const Values& values) {
    family(std::move(name), std::move(help), prometheus::MetricType::Histogram);
    prometheus::ClientMetric metric;
    auto& to = metric.histogram;
    for (std::size_t i = 0; i < values.counts.size(); ++i) {
      to.sample_count += values.counts[i];
      const bool last = i == values.bounds.size();
      to.bucket.push_back({to.sample_count, last ? std::numeric_limits<double>::infinity() : values.bounds[i]});
    }
    to.sample_sum = values.sum;
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  template <class Integer>
  Families& count(const Integer& integer, std::vector<Label> labels = {}) {
    return value(static_cast<double>(static_cast<std::uint64_t>(integer)), std::move(labels));
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

void add_log(Families& to, const rocks::RocksLog& log) {
  const auto counters = log.counters();
  to.gauge("log_position", "Position of the last durable event").count(number(log.last_position()));
  to.gauge("log_writable", "1 while appends are accepted").value(log.fault() ? 0 : 1);
  to.counter("log_batches_total", "Synced group commits since the start").count(counters.batches);
  to.counter("log_events_total", "Events committed since the start").count(counters.events);
  to.counter("log_refused_total", "Appends shed because the queue was full").count(counters.refused);
  to.counter("log_faults_total", "Batches that could not be made durable").count(counters.faults);
  to.gauge("log_queued", "Events waiting for the writer").count(counters.queued);
  to.histogram("log_append_duration_seconds", "From the hand-over of an append to its acknowledgement",
               counters.append_seconds);
  to.histogram("log_sync_duration_seconds", "A group commit's write and sync", counters.sync_seconds);
  to.histogram("log_batch_requests", "Appends acknowledged by one group commit", counters.batch_requests);
}

void add_retention(Families& to, const history::RetentionStatus& status) {
  to.counter("log_folded_total", "Events of long ago that were folded into summaries of their day since the start")
      .count(status.folded);
  to.counter("log_summaries_total", "Such summaries since the start").count(status.summaries);
  to.gauge("log_retention_held_events",
           "Events of the log from the first that waits for a reader on, up to those whose time has not passed");
  if (status.held) to.count(status.held->events, {{"reader", status.held->reader}});
  to.gauge("log_retention_held_since_timestamp_seconds",
           "Unix time since when the oldest fact that waits for a reader is due to be folded");
  if (status.held)
    to.value(static_cast<double>(std::chrono::floor<std::chrono::seconds>(status.held->due.time_since_epoch()).count()),
             {{"reader", status.held->reader}});
  to.counter("log_retention_missed_events_total",
             "Events that were folded before a reader had read them, since the log began");
  for (const auto& [reader, missed] : status.missed) to.count(missed.total, {{"reader", reader}});
}

void add_projections(Families& to, const ProjectionRunner& runner) {
  const auto status = runner.status();
  to.gauge("projection_lag", "Events of the log that a projection has not applied yet");
  for (const auto& projection : status.projections) to.count(projection.lag, {{"projection", projection.name}});
  to.gauge("projection_faulty", "1 while a projection is not stored, or is set aside because it failed on an event");
  for (const auto& projection : status.projections)
    to.value(projection.fault ? 1 : 0, {{"projection", projection.name}});
  to.gauge("projections_running", "1 while projections are kept up to date").value(status.running ? 1 : 0);
}

void add_sip(Families& to, const sip::Metrics& sip) {
  to.counter("sip_registrations_total", "REGISTER requests by how they ended")
      .count(sip.registrations_ok, {{"result", "ok"}})
      .count(sip.registrations_challenged, {{"result", "challenged"}})
      .count(sip.registrations_stale, {{"result", "stale"}})
      .count(sip.registrations_denied, {{"result", "denied"}})
      .count(sip.registrations_refused, {{"result", "refused"}})
      .count(sip.registrations_shed, {{"result", "shed"}})
      .count(sip.registrations_unheard, {{"result", "unheard"}})
      .count(sip.registrations_repeated, {{"result", "repeated"}});
  to.counter("sip_bindings_expired_total", "Bindings that lapsed").count(sip.bindings_expired);
  to.counter("sip_notifies_total", "NOTIFY requests by how they ended")
      .count(sip.notifies_accepted, {{"result", "accepted"}})
      .count(sip.notifies_refused, {{"result", "refused"}})
      .count(sip.notifies_unanswered, {{"result", "unanswered"}})
      .count(sip.notifies_not_connected, {{"result", "not_connected"}})
      .count(sip.notifies_shed, {{"result", "shed"}});
  to.counter("sip_requests_total", "Requests received by method")
      .count(sip.register_requests, {{"method", "REGISTER"}})
      .count(sip.options_requests, {{"method", "OPTIONS"}})
      .count(sip.invite_requests, {{"method", "INVITE"}})
      .count(sip.ack_requests, {{"method", "ACK"}})
      .count(sip.other_requests, {{"method", "other"}});
  to.counter("sip_pnp_questions_total", "Phones that asked the LAN where their file is, by how that ended")
      .count(sip.pnp_answered, {{"result", "answered"}})
      .count(sip.pnp_refused, {{"result", "refused"}})
      .count(sip.pnp_repeated, {{"result", "repeated"}})
      .count(sip.pnp_limited, {{"result", "limited"}})
      .count(sip.pnp_elsewhere, {{"result", "elsewhere"}})
      .count(sip.pnp_unclear, {{"result", "unclear"}});
  to.counter("sip_pnp_notifies_total", "NOTIFY requests with a phone's URL by how they ended")
      .count(sip.pnp_notifies_accepted, {{"result", "accepted"}})
      .count(sip.pnp_notifies_refused, {{"result", "refused"}})
      .count(sip.pnp_notifies_unanswered, {{"result", "unanswered"}});
  to.gauge("sip_pnp_interfaces", "Interfaces of provisioning.pnp.interfaces on which phones are heard, or are not")
      .count(sip.pnp_interfaces_heard, {{"state", "heard"}})
      .count(sip.pnp_interfaces_missing, {{"state", "missing"}});
  to.counter("sip_messages_refused_total",
             "Messages not parsed: too large, too many headers, or a length that is missing or wrong")
      .count(sip.messages_refused);
  to.gauge("sip_tcp_connections", "TCP connections open now").count(sip.tcp_connections);
  to.counter("sip_tcp_connections_total", "TCP connections since the start, by what became of them")
      .count(sip.tcp_accepted, {{"result", "accepted"}})
      .count(sip.tcp_refused, {{"result", "refused"}})
      .count(sip.tcp_timed_out, {{"result", "timed_out"}});
  to.counter("sip_tcp_accept_paused_total", "Times that accepting paused for a second because no descriptor was left")
      .count(sip.tcp_accept_paused);
  to.counter("sip_not_sip_total", "Messages that were neither a request nor a response").count(sip.not_sip);
}

void add_convergence(Families& to, const convergence::Counters& counters) {
  to.counter("reboots_total", "Phones told to fetch their configuration since the start, and what came of it")
      .count(counters.asked, {{"result", "asked"}})
      .count(counters.accepted, {{"result", "accepted"}})
      .count(counters.refused, {{"result", "refused"}})
      .count(counters.unanswered, {{"result", "unanswered"}})
      .count(counters.deferred, {{"result", "deferred"}})
      .count(counters.retried, {{"result", "retried"}})
      .count(counters.failed, {{"result", "failed"}})
      .count(counters.converged, {{"result", "converged"}});
  to.histogram("convergence_duration_seconds", "From when a device's phone had to fetch another file to its fetch",
               counters.seconds());
}

void add_entities(Families& to, const actors::EntityCounters& counters) {
  to.counter("entity_hydrations_total", "Entities brought back from the log, by the snapshot that helped")
      .count(counters.from_snapshot, {{"snapshot", "used"}})
      .count(counters.without_snapshot, {{"snapshot", "none"}})
      .count(counters.unreadable_snapshot, {{"snapshot", "unreadable"}});
  to.counter("entity_replayed_events_total", "Events read to bring entities back").count(counters.replayed);
}

void add_stores(Families& to, const fs::path& data_dir, StoreSizes& sizes) {
  to.gauge("store_size_bytes", "What a store's files took on the disk, at most a minute ago");
  for (const auto& [store, size] : sizes.of(data_dir)) to.count(size, {{"store", store}});
  std::error_code fault;
  if (const auto space = fs::space(data_dir, fault); !fault)
    to.gauge("data_dir_available_bytes", "Free space where everything is kept").count(space.available);
}

}  // namespace

std::string metrics_text(const rocks::RocksLog& log, const ProjectionRunner& runner, const sip::Metrics& sip,
                         const actors::Entities<actors::Extension>& extensions,
                         const actors::Entities<actors::Device>& devices, const actors::Entities<actors::User>& users,
                         const actors::EntityCounters& entities, const history::Retention* retention,
                         const convergence::Counters& convergence, const fs::path& data_dir, StoreSizes& sizes) {
  Families families;
  add_log(families, log);
  add_stores(families, data_dir, sizes);
  add_entities(families, entities);
  add_retention(families, retention != nullptr ? retention->status() : history::RetentionStatus{});
  add_projections(families, runner);
  add_sip(families, sip);
  add_convergence(families, convergence);
  const std::array<std::pair<const char*, const actors::RouterGauges*>, 3> kinds{
      {{"extension", &extensions.gauges()}, {"device", &devices.gauges()}, {"user", &users.gauges()}}};
  families.gauge("entities_live", "Entity actors in memory");
  for (const auto& [kind, gauges] : kinds) families.count(gauges->live, {{"kind", kind}});
  families.gauge("commands_under_way", "Commands that have no answer yet");
  for (const auto& [kind, gauges] : kinds) families.count(gauges->asks, {{"kind", kind}});
  families.counter("commands_shed_total", "Commands refused because too many were under way");
  for (const auto& [kind, gauges] : kinds) families.count(gauges->shed, {{"kind", kind}});
  return families.text();
}

}  // namespace strowger::application
