#include "adapters/application/descriptors.hpp"

#include <algorithm>
#include <string>

#include <spdlog/logger.h>
#include <sys/resource.h>

namespace strowger::application {
namespace {

constexpr std::size_t most_descriptors = 1'048'576;
constexpr std::size_t sources_to_fill_http = 5;  // so many addresses hold all connections together, not one

}  // namespace

Result<DescriptorBudget> divide_descriptors(std::size_t limit) {
  if (limit < least_descriptors)
    return unavailable("too_few_descriptors",
                       "This process may open " + std::to_string(limit) + " files and sockets; it needs at least " +
                           std::to_string(least_descriptors) +
                           ". Raise the limit: `ulimit -n`, or LimitNOFILE in the systemd unit.");
  const auto eighth = (limit - reserved_descriptors) / 8;
  DescriptorBudget out;
  out.limit = limit;
  out.reserve = reserved_descriptors;
  out.http_connections = std::min(wanted_http_connections, 6 * eighth / 2);
  out.http_connections_per_source = out.http_connections / sources_to_fill_http;
  out.sip_connections = std::min(wanted_sip_connections, eighth);
  out.tftp_transfers = std::min(wanted_tftp_transfers, eighth / 2);
  return out;
}

std::size_t raise_descriptor_limit() {
  ::rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const auto wanted = std::min<::rlim_t>(limit.rlim_max, most_descriptors);  // RLIM_INFINITY is the largest
  if (limit.rlim_cur >= wanted) return static_cast<std::size_t>(std::min<::rlim_t>(limit.rlim_cur, most_descriptors));
  const auto before = limit.rlim_cur;
  limit.rlim_cur = wanted;
  return static_cast<std::size_t>(::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? wanted : before);
}

Result<DescriptorBudget> budget_descriptors(spdlog::logger& logger) {
  auto budget = divide_descriptors(raise_descriptor_limit());
  if (!budget) return budget;
  if (budget->http_connections < wanted_http_connections)
    logger.warn(
        "The limit of open files and sockets is {}: HTTP takes {} connections at a time ({} of one address) and not "
        "{}, SIP {} over TCP. Raise it with `ulimit -Hn` before the start, or LimitNOFILE in the systemd unit",
        budget->limit, budget->http_connections, budget->http_connections_per_source, wanted_http_connections,
        budget->sip_connections);
  else
    logger.info("The limit of open files and sockets is {}: HTTP takes {} connections at a time, SIP {} over TCP",
                budget->limit, budget->http_connections, budget->sip_connections);
  return budget;
}

}  // namespace strowger::application
