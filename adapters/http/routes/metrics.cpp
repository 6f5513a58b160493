#include "adapters/http/routes/metrics.hpp"

#include "adapters/http/routes/convergence_view.hpp"

#include <cstdio>
#include <utility>
#include <vector>

namespace strowger::http::routes {
namespace {

class Text {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    out_ += "# HELP ";
    out_ += name;
    out_ += ' ';
    out_ += help;
    out_ += "\n# TYPE ";
    out_ += name;
    out_ += ' ';
    out_ += type;
    out_ += '\n';
  }
  void sample(std::string_view name, std::string_view labels, double value) {
    char number[40];
    std::snprintf(number, sizeof number, "%.17g", value);
    out_ += name;
    if (!labels.empty()) {
      out_ += '{';
      out_ += labels;
      out_ += '}';
    }
    out_ += ' ';
    out_ += number;
    out_ += '\n';
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample(name, {}, static_cast<double>(value));
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void write_server(Text& text, const Counts& counts) {
  text.family("strowger_http_requests_total", "counter", "Requests answered, by class of status.");
  for (std::size_t i = 1; i < counts.by_class.size(); ++i)
    text.sample("strowger_http_requests_total", "class=\"" + std::to_string(i) + "xx\"",
                static_cast<double>(counts.by_class[i]));
  text.family("strowger_http_request_duration_seconds", "histogram", "From a request's head to its reply's last byte.");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < counts.latency.size(); ++i) {
    sum += counts.latency[i];
    char bound[32] = "+Inf";
    if (i < latency_bounds.size())
      std::snprintf(bound, sizeof bound, "%g", static_cast<double>(latency_bounds[i].count()) / 1e6);
    text.sample("strowger_http_request_duration_seconds_bucket", "le=\"" + std::string(bound) + "\"",
                static_cast<double>(sum));
  }
  text.sample("strowger_http_request_duration_seconds_sum", {}, static_cast<double>(counts.latency_sum_us) / 1e6);
  text.sample("strowger_http_request_duration_seconds_count", {}, static_cast<double>(sum));
  text.single("strowger_http_sent_bytes_total", "counter", "Bytes of replies.", counts.bytes_sent);
  text.single("strowger_http_connections", "gauge", "Open connections.", counts.connections);
  text.single("strowger_http_connections_accepted_total", "counter", "Connections accepted.", counts.accepted);
  text.single("strowger_http_connections_refused_total", "counter", "Connections refused over a limit.",
              counts.refused_connections);
  text.single("strowger_http_requests_in_flight", "gauge", "Requests that wait for others.", counts.in_flight);
  text.single("strowger_http_requests_shed_total", "counter", "Requests refused because too many waited.",
              counts.shed_requests);
  text.single("strowger_http_requests_malformed_total", "counter", "What was not HTTP.", counts.malformed_requests);
  text.single("strowger_http_connections_timed_out_total", "counter", "Connections cut by a time limit.",
              counts.timed_out);
}

void write_provisioning(Text& text, const Context& context) {
  const auto& services = context.services;
  const auto& counters = context.files.counters();
  text.family("strowger_provisioning_requests_total", "counter",
              "Requests for phone files since the start, by result.");
  const auto result = [&](std::string_view name, const std::atomic<std::uint64_t>& value) {
    text.sample("strowger_provisioning_requests_total", "result=\"" + std::string(name) + "\"",
                static_cast<double>(value.load(std::memory_order_relaxed)));
  };
  result("served", counters.served);
  result("not_modified", counters.not_modified);
  result("common", counters.common);
  result("firmware", counters.firmware);
  result("phonebook", counters.phonebook);
  result("uploaded", counters.uploaded);
  result("refused", counters.refused);
  result("probe", counters.probes);
  text.single("strowger_provisioning_downloads", "gauge",
              "Firmware and uploads being sent to phones now; at most 512, and 128 of one source.",
              context.files.downloads());
  text.single("strowger_provisioning_denied_total", "counter", "Requests from networks that may not fetch.",
              counters.denied.load());
  text.family("strowger_provisioning_access_refused_total", "counter", "Requests for phone files refused, by rule.");
  for (auto i = static_cast<std::size_t>(provisioning::access::Rule::access_denied);
       i < provisioning::access::rule_count; ++i) {
    const auto rule = static_cast<provisioning::access::Rule>(i);
    text.sample("strowger_provisioning_access_refused_total",
                "rule=\"" + std::string(provisioning::access::to_string(rule)) + "\"",
                static_cast<double>(context.files.access().refused(rule)));
  }
  text.single("strowger_provisioning_sources_blocked", "gauge", "Sources that are blocked because they tried MACs.",
              context.files.access().blocked().size());
  text.single("strowger_provisioning_source_blocks_total", "counter", "Sources blocked since the start.",
              context.files.access().blocks());
  text.single("strowger_provisioning_cache_hits_total", "counter", "Files that were rendered already.",
              context.files.cache().hits());
  text.single("strowger_provisioning_renders_total", "counter", "Files rendered.", context.files.cache().renders());
  text.single("strowger_provisioning_facts_dropped_total", "counter",
              "Requests missing in the history because the log's queue was full.", context.files.facts().dropped());
  text.single("strowger_provisioning_facts_failed_total", "counter",
              "Requests missing in the history because the log was not writable.", context.files.facts().failed());
  text.single("strowger_sightings_folded_total", "counter",
              "Refused requests and failed logins that were counted and not made an event each.",
              context.sightings.folded());
  text.single("strowger_provisioning_fetches_repeated_total", "counter",
              "Fetches of the same file by the same phone that were counted and not made an event each.",
              context.files.facts().repeated());
  text.single("strowger_devices", "gauge", "Registered devices.", services.device_rows.size());
  text.single("strowger_extensions", "gauge", "Extensions.", services.extension_rows.size());
  text.single("strowger_registered_extensions", "gauge", "Extensions with a registered phone.",
              services.bindings.registered_extensions());
}

void write_convergence(Text& text, const Context& context) {
  const auto& services = context.services;
  const auto counts = services.device_rows.counts();
  text.family("strowger_devices_by_state", "gauge", "Devices by whether their phone runs what it should.");
  const auto sample = [&](std::string_view state, std::size_t count) {
    text.sample("strowger_devices_by_state", "state=\"" + std::string(state) + "\"", static_cast<double>(count));
  };
  for (std::size_t i = 0; i < convergence_states; ++i) {
    const auto state = static_cast<ConvergenceState>(i);
    sample(to_text(state), counts.of(state) - (state == ConvergenceState::pending ? counts.deferred : 0));
  }
  sample("deferred", counts.deferred);
  if (services.campaign_rows == nullptr) return;
  std::size_t paused = 0;
  const auto under_way = services.campaign_rows->under_way();
  for (const auto& campaign : under_way) paused += campaign.state == CampaignState::paused ? 1 : 0;
  text.family("strowger_campaigns", "gauge", "Campaigns that have not ended.");
  text.sample("strowger_campaigns", "state=\"running\"", static_cast<double>(under_way.size() - paused));
  text.sample("strowger_campaigns", "state=\"paused\"", static_cast<double>(paused));
}

void write_lanes(Text& text, const Context& context) {
  auto lanes = std::vector<const Offload*>{&context.file_lanes.files, &context.file_lanes.uploads};
  for (const auto* lane : context.lanes.all()) lanes.push_back(lane);
  std::vector<std::pair<std::string, Offload::Counts>> all;
  for (const auto* lane : lanes) all.emplace_back("lane=\"" + lane->name().substr(5) + "\"", lane->counts());
  const auto family = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    text.family(name, type, help);
    for (const auto& [label, counts] : all) text.sample(name, label, static_cast<double>(value(counts)));
  };
  family("strowger_http_lane_running", "gauge", "Jobs that run now, by lane.", [](const auto& c) { return c.running; });
  family("strowger_http_lane_waiting", "gauge", "Jobs in the queue of a lane.",
         [](const auto& c) { return c.waiting; });
  family("strowger_http_lane_jobs_total", "counter", "Jobs done since the start, by lane.",
         [](const auto& c) { return c.done; });
  family("strowger_http_lane_refused_total", "counter", "Jobs refused because a lane's queue was full.",
         [](const auto& c) { return c.refused; });
  family("strowger_http_lane_dropped_total", "counter", "Jobs not begun because nobody waited for them any more.",
         [](const auto& c) { return c.dropped; });
  const auto logins = context.logins.counts();
  text.single("strowger_logins_refused_total", "counter", "Logins answered with 429 because too many were tried.",
              logins.refused);
  text.single("strowger_logins_delayed_total", "counter", "Logins that had to wait because their name was tried often.",
              logins.delayed);
}

void write_streams(Text& text, const Context& context) {
  text.single("strowger_event_stream_readers", "gauge", "Who follows /api/events/stream now.", context.feed->readers());
  text.single("strowger_event_stream_history_bytes", "gauge",
              "Bytes of stored events that are being sent to them; from 32 MiB on readers wait for each other.",
              context.feed->history_bytes());
  text.single("strowger_event_stream_delivered_total", "counter", "Events sent to them, to each counted.",
              context.feed->delivered());
}

}  // namespace

std::string metrics_text(Context& context) {
  const auto& services = context.services;
  Text text;
  text.family("strowger_build_info", "gauge", "What runs.");
  text.sample("strowger_build_info", "version=\"" + services.version + "\"", 1);
  text.single("strowger_uptime_seconds", "gauge", "Since the start.",
              std::chrono::duration<double>(services.clock.uptime()).count());
  text.single("strowger_clock_steps_total", "counter",
              "Steps of the system's clock by a second or more that were seen. Durations do not follow them.",
              services.clock.steps());
  if (context.counts) write_server(text, context.counts());
  write_provisioning(text, context);
  write_convergence(text, context);
  write_lanes(text, context);
  write_streams(text, context);
  auto all = text.take();
  if (services.more_metrics) all += services.more_metrics();
  return all;
}

}  // namespace strowger::http::routes
