// What /metrics says, and that the dashboard which ships asks for nothing else.

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
