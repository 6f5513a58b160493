// File descriptors are divided so that what strangers open leaves enough for the log.
#include "adapters/application/descriptors.hpp"

#include "tests/support/catch.hpp"

#include <cstdint>
#include <sstream>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/resource.h>

using namespace strowger::application;

TEST_CASE("whatever the limit, the parts together stay below it, and the log's share is whole") {
  for (std::size_t limit = least_descriptors; limit <= 2'000'000; limit += limit / 7) {
    CAPTURE(limit);
    const auto budget = divide_descriptors(limit).value();
    CHECK(budget.limit == limit);
    CHECK(budget.reserve == reserved_descriptors);
    CHECK(budget.used_at_most() <= limit);
    CHECK(budget.http_connections >= 48);
    CHECK(budget.http_connections <= wanted_http_connections);
    CHECK(budget.http_connections_per_source >= 9);
    CHECK(budget.http_connections_per_source * 5 <= budget.http_connections);
    CHECK(budget.sip_connections >= 16);
    CHECK(budget.sip_connections <= wanted_sip_connections);
    CHECK(budget.tftp_transfers >= 8);
    CHECK(budget.tftp_transfers <= wanted_tftp_transfers);
  }
}

TEST_CASE("the unit's limit gives each part all that it wants, a login shell's does not") {
  const auto unit = divide_descriptors(262'144).value();
  CHECK(unit.http_connections == 20'000);
  CHECK(unit.http_connections_per_source == 4'000);
  CHECK(unit.sip_connections == 4'096);
  CHECK(unit.tftp_transfers == 512);
  const auto shell = divide_descriptors(1024).value();
  CHECK(shell.http_connections == 144);
  CHECK(shell.http_connections_per_source == 28);
  CHECK(shell.sip_connections == 48);
  CHECK(shell.tftp_transfers == 24);
}

TEST_CASE("a limit that leaves nothing for phones is said with what to do") {
  const auto refused = divide_descriptors(least_descriptors - 1);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "too_few_descriptors");
  CHECK_THAT(refused.error().message, ContainsSubstring("767") && ContainsSubstring("LimitNOFILE"));
}

TEST_CASE("the soft limit is raised to the hard one, and a small one is told") {
  ::rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  if (before.rlim_max < 2048) {
    WARN("skipped: the hard limit of descriptors is " << std::to_string(before.rlim_max));
    return;
  }
  auto low = before;
  low.rlim_cur = 1024;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
  std::ostringstream lines;
  spdlog::logger logger("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
  const auto budget = budget_descriptors(logger);
  ::rlimit after{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
  CHECK(after.rlim_cur == std::min<::rlim_t>(before.rlim_max, 1'048'576));
  CHECK(budget->limit == after.rlim_cur);
  logger.flush();
  CHECK_THAT(lines.str(), ContainsSubstring(std::to_string(budget->http_connections)));
  ::setrlimit(RLIMIT_NOFILE, &before);
}
