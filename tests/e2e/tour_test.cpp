// What a newcomer sees first: the output of the first start, the newest events, the contract.
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

#include <boost/json.hpp>

using namespace strowger;
using test::Site;

TEST_CASE("the first start tells its administrator's password and ports, not hundreds of templates") {
  Site site;
  const auto log = site.log();
  CAPTURE(log);
  CHECK(std::count(log.begin(), log.end(), '\n') < 40);
  CHECK_THAT(log, ContainsSubstring(" templates in force that were not before"));
}

TEST_CASE("whoever asks what happened sees what they did, not what the start published") {
  Site site;
  site.create_extension("1001", "Ann Example", "a-long-secret");
  REQUIRE(site.register_device("001565123456", "1001", "yealink", "t46s").status == 201);
  const auto newest = boost::json::parse(site.get("/api/events?limit=5").body).as_array();
  REQUIRE(newest.size() == 5);
  CHECK(std::any_of(newest.begin(), newest.end(),
                    [](const auto& one) { return one.at("type") == "strowger.device.registered.v1"; }));

  const auto shown =
      site.run({"events", "--config", site.settings_file().string(), "--api-port", std::to_string(site.api_port())});
  CAPTURE(shown.output);
  CHECK(shown.exit_code == 0);
  const auto created = shown.output.find("  extension.created  extension/1001  by ");
  const auto registered = shown.output.find("  device.registered  device/001565123456  by ");
  REQUIRE(created != std::string::npos);
  REQUIRE(registered != std::string::npos);
  CHECK(created < registered);
  CHECK(shown.output.find("template.") == std::string::npos);

  const auto of_device = site.run({"events", "--stream", "device/001565123456", "--limit", "1", "--config",
                                   site.settings_file().string(), "--api-port", std::to_string(site.api_port())});
  CHECK(std::count(of_device.output.begin(), of_device.output.end(), '\n') == 1);
  // The contract is public, as the tour says.
  CHECK(test::http(site.api_port(), "GET", "/api/openapi.json").status == 200);
}
