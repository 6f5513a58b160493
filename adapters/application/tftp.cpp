#include "adapters/application/tftp.hpp"

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <spdlog/logger.h>

namespace strowger::application {

Result<std::unique_ptr<tftp::Server>> start_tftp(const config::Settings& settings,
                                                 std::shared_ptr<http::provision::Files> files, spdlog::logger& logger,
                                                 std::size_t most_transfers) {
  const auto& set = settings.provisioning.tftp;
  if (!set.enabled) return std::unique_ptr<tftp::Server>();
  auto options = tftp::options_from(set);
  options.mask = files->mask();
  options.limits.transfers = most_transfers;
  options.limits.transfers_per_address = std::min(options.limits.transfers_per_address, (most_transfers + 7) / 8);
  auto started = tftp::Server::start(
      std::move(options), [files = std::move(files)](const auto& request) { return files->deliver(request); }, logger);
  if (started)
    logger.info("TFTP port: {}, for the files that phones share and for firmware; files with secrets are not sent",
                (*started)->port());
  return started;
}

std::string metrics_text(const tftp::Server* server) {
  if (server == nullptr) return {};
  const auto& counters = server->counters();
  std::vector<prometheus::MetricFamily> families;
  const auto family = [&](std::string name, std::string help, prometheus::MetricType type) {
    families.push_back({"strowger_tftp_" + std::move(name), std::move(help), type, {}});
  };
  const auto value = [&](const tftp::Counters::Count& count, std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    auto& to = families.back().type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
    to = static_cast<double>(count.load(std::memory_order_relaxed));
    families.back().metric.push_back(std::move(metric));
  };
  using enum prometheus::MetricType;
  family("requests_total", "Requests by kind", Counter);
  value(counters.read_requests, {{"kind", "read"}});
  value(counters.write_requests, {{"kind", "write"}});
  value(counters.bad_requests, {{"kind", "malformed"}});
  value(counters.noise, {{"kind", "ignored"}});
  family("transfers_total", "Requests to read by how they ended", Counter);
  value(counters.completed, {{"result", "completed"}});
  value(counters.refused, {{"result", "refused"}});
  value(counters.timed_out, {{"result", "timed_out"}});
  value(counters.aborted, {{"result", "aborted"}});
  value(counters.failed, {{"result", "failed"}});
  value(counters.shed, {{"result", "shed"}});
  value(counters.displaced, {{"result", "displaced"}});
  family("transfers", "Transfers under way", Gauge);
  value(counters.active);
  family("blocks_repeated_total", "Blocks sent again because nobody acknowledged them in time", Counter);
  value(counters.blocks_repeated);
  family("sent_bytes_total", "Bytes of files that were acknowledged", Counter);
  value(counters.bytes);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace strowger::application
