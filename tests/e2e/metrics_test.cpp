// What /metrics says, and that the dashboard which ships asks for nothing else.

#include "tests/e2e/sipp_phone.hpp"
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <fstream>
#include <regex>
#include <set>

#include <boost/json.hpp>

using namespace strowger;
using test::eventually;
using test::Site;

namespace {

std::set<std::string> names_in(const std::string& text, const std::regex& form) {
  std::set<std::string> names;
  for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at) names.insert((*at)[1]);
  return names;
}

void collect_queries(const boost::json::value& value, std::string& all) {
  if (value.is_array())
    for (const auto& item : value.as_array()) collect_queries(item, all);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.as_object()) {
    if ((key == "expr" || key == "query") && member.is_string()) all += std::string(member.as_string()) + "\n";
    collect_queries(member, all);
  }
}

double sample(const std::string& metrics, const std::string& name) {
  const auto at = metrics.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(metrics.substr(at + 2 + name.size()));
}

}  // namespace

SCENARIO("every query of the dashboard names a metric that the server has") {
  Site site;
  std::ifstream file(STROWGER_DASHBOARD);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::string queries;
  collect_queries(boost::json::parse(text), queries);
  const auto asked = names_in(queries, std::regex("(strowger_[a-z0-9_]+)"));
  const auto said = names_in("\n" + site.get("/metrics").body, std::regex("\n(strowger_[a-z0-9_]+)[{ ]"));
  CHECK(asked.size() > 30);
  for (const auto& name : asked) {
    CAPTURE(name);
    CHECK(said.contains(name));
  }
}

SCENARIO("appends are measured, and so are the stores") {
  Site site;
  const auto before = site.get("/metrics").body;
  for (int i = 0; i < 5; ++i) site.create_extension("100" + std::to_string(i), "Ann", "s3cret-1001");
  const auto after = site.get("/metrics").body;
  const auto grown = [&](const std::string& name) { return sample(after, name) - sample(before, name); };
  CHECK(grown("strowger_log_append_duration_seconds_count") >= 10);  // a data key and an event each
  CHECK(grown("strowger_log_append_duration_seconds_sum") > 0);
  CHECK(grown("strowger_log_sync_duration_seconds_count") >= 10);
  CHECK(grown("strowger_log_batch_requests_sum") >= 10);
  CHECK(sample(after, "strowger_log_append_duration_seconds_bucket{le=\"+Inf\"}") ==
        sample(after, "strowger_log_append_duration_seconds_count"));
  CHECK(sample(after, "strowger_store_size_bytes{store=\"log\"}") > 0);
  CHECK(sample(after, "strowger_store_size_bytes{store=\"projections\"}") > 0);
  CHECK(sample(after, "strowger_data_dir_available_bytes") > 0);
  CHECK(grown("strowger_entity_hydrations_total{snapshot=\"none\"}") >= 5);
}

SCENARIO("whether phones run what they should is measured, and how reboots and campaigns go") {
  Site site;
  const auto now = [&](const std::string& name) { return sample(site.get("/metrics").body, name); };
  const auto in_state = [&](const std::string& state) {
    return now("strowger_devices_by_state{state=\"" + state + "\"}");
  };
  const auto becomes = [&](const std::string& state, double count) {
    return eventually([&] { return in_state(state) == count; });
  };
  site.create_extension("1001", "Ann", "s3cret-1001");
  for (const auto* state : {"converged", "pending", "stale", "failed", "unreachable", "waiting", "deferred"})
    CHECK(in_state(state) == 0);
  REQUIRE(site.register_device("001565000001", "1001", "yealink", "t46s").status == 201);
  CHECK(in_state("waiting") == 1);
  REQUIRE(site.fetch("/provision/001565000001.cfg").status == 200);
  REQUIRE(becomes("converged", 1));
  CHECK(in_state("waiting") == 0);

  // Renamed while no phone is there; then it fetches.
  REQUIRE(site.send_json("PATCH", "/api/extensions/1001", R"({"name":"Ann Renamed"})").status == 200);
  REQUIRE(becomes("unreachable", 1));
  REQUIRE(eventually([&] { return now("strowger_reboots_total{result=\"failed\"}") == 1; }));
  CHECK(now("strowger_reboots_total{result=\"asked\"}") == 0);
  CHECK(now("strowger_convergence_duration_seconds_count") == 0);
  REQUIRE(site.fetch("/provision/001565000001.cfg").status == 200);
  REQUIRE(becomes("converged", 1));
  REQUIRE(eventually([&] { return now("strowger_reboots_total{result=\"converged\"}") == 1; }));
  CHECK(now("strowger_convergence_duration_seconds_count") == 1);
  CHECK(now("strowger_convergence_duration_seconds_bucket{le=\"+Inf\"}") == 1);
  CHECK(now("strowger_convergence_duration_seconds_sum") > 0);

  // A phone that is told and does not fetch is pending.
  test::SippPhone phone(site.folder(), "udp", site.sip_port(), "1001", "s3cret-1001", "Yealink SIP-T46S 66.86.0.15");
  REQUIRE(site.registered("1001"));
  REQUIRE(site.send_json("PATCH", "/api/extensions/1001", R"({"name":"Ann Again"})").status == 200);
  REQUIRE(becomes("pending", 1));
  REQUIRE(eventually([&] { return now("strowger_reboots_total{result=\"accepted\"}") == 1; }));
  CHECK(now("strowger_reboots_total{result=\"asked\"}") == 1);

  const auto started =
      site.send_json("POST", "/api/provisioning/campaigns", R"({"all":true,"quiet_hours":"00:00-24:00"})");
  REQUIRE(started.status == 201);
  CHECK(now("strowger_campaigns{state=\"running\"}") == 1);
  const std::string campaign = "/api/provisioning/campaigns/" + std::string(started.json().at("id").as_string());
  REQUIRE(site.send_json("POST", campaign + "/pause", "{}").status == 200);
  CHECK(now("strowger_campaigns{state=\"running\"}") == 0);
  CHECK(now("strowger_campaigns{state=\"paused\"}") == 1);
  REQUIRE(site.send_json("POST", campaign + "/cancel", "{}").status == 200);
  CHECK(now("strowger_campaigns{state=\"paused\"}") == 0);
}
