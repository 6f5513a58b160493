// What a reload changes in who is let in: every key that can open something, in both directions.
#include "config/access_changes.hpp"

#include "tests/support/catch.hpp"

#include <functional>

using namespace strowger::config;

namespace {

Settings settings_with(const std::function<void(Provisioning&)>& change) {
  Settings out;
  change(out.provisioning);
  return out;
}

}  // namespace

TEST_CASE("the same settings change nothing about access") {
  CHECK(access_changes({}, {}).empty());
  Settings other;
  other.server.external_ip = "192.0.2.7";
  other.provisioning.reboots.retries = 7;
  CHECK(access_changes({}, other).empty());
}

TEST_CASE("each key that opens something is told with both values, and is wider in one direction only") {
  struct Row {
    const char* key;
    std::function<void(Provisioning&)> closed;
    std::function<void(Provisioning&)> open;
  };
  using P = Provisioning;
  const std::vector<Row> rows{
      {"provisioning.enabled", [](P& p) { p.enabled = false; }, [](P& p) { p.enabled = true; }},
      {"provisioning.access.allowed_networks", [](P& p) { p.access.allowed_networks = {"10.0.0.0/8"}; }, [](P&) {}},
      {"provisioning.access.allowed_networks", [](P& p) { p.access.allowed_networks = {"10.1.0.0/16"}; },
       [](P& p) { p.access.allowed_networks = {"10.0.0.0/8"}; }},
      {"provisioning.access.credential_networks", [](P& p) { p.access.credential_networks = {}; }, [](P&) {}},
      {"provisioning.access.require_credentials", [](P& p) { p.access.require_credentials = true; }, [](P&) {}},
      {"provisioning.access.enrolment_minutes", [](P& p) { p.access.enrolment_minutes = 60; }, [](P&) {}},
      {"provisioning.access.enrolment_minutes", [](P& p) { p.access.enrolment_minutes = 60; },
       [](P& p) { p.access.enrolment_minutes = 61; }},
      {"provisioning.access.trusted_proxies", [](P&) {}, [](P& p) { p.access.trusted_proxies = {"10.0.0.1"}; }},
      {"provisioning.access.enumeration_limit", [](P&) {}, [](P& p) { p.access.enumeration_limit = 0; }},
      {"provisioning.uploads.enabled", [](P&) {}, [](P& p) { p.uploads.enabled = true; }},
  };
  for (const auto& row : rows) {
    CAPTURE(row.key);
    const auto closed = settings_with(row.closed);
    const auto open = settings_with(row.open);
    const auto opening = access_changes(closed, open);
    REQUIRE(opening.size() == 1);
    CHECK(opening[0].key == row.key);
    CHECK(opening[0].wider);
    CHECK(opening[0].before != opening[0].after);
    const auto closing = access_changes(open, closed);
    REQUIRE(closing.size() == 1);
    CHECK_FALSE(closing[0].wider);
    CHECK(closing[0].before == opening[0].after);
  }
}

TEST_CASE("a network within those that are allowed opens nothing, in whatever form it is written") {
  const auto before =
      settings_with([](Provisioning& p) { p.access.allowed_networks = {"10.0.0.0/8", "2001:db8::/32"}; });
  for (const auto& networks : std::vector<std::vector<std::string>>{
           {"10.1.2.3"}, {"10.128.0.0/9", "10.0.0.0/8"}, {"2001:db8:1::/48"}, {"::ffff:10.0.0.0/104"}, {}}) {
    const auto after = settings_with([&](Provisioning& p) { p.access.allowed_networks = networks; });
    const auto changes = access_changes(before, after);
    REQUIRE(changes.size() == 1);
    CHECK_FALSE(changes[0].wider);
  }
  for (const char* network : {"11.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/31", "fe80::/10"}) {
    CAPTURE(network);
    CHECK(access_changes(before, settings_with([&](Provisioning& p) { p.access.allowed_networks = {network}; }))[0]
              .wider);
  }
}

TEST_CASE("networks that are asked for a proof from now on were open before") {
  const auto before = settings_with([](Provisioning& p) {
    p.access.allowed_networks = {"10.0.0.0/8"};
    p.access.credential_networks = {};
  });
  const auto after = settings_with([](Provisioning& p) {
    p.access.allowed_networks = {};
    p.access.credential_networks = {"10.0.0.0/8"};
  });
  for (const auto& change : access_changes(before, after)) CHECK_FALSE(change.wider);
  CHECK(access_changes(after, before).size() == 2);
}
