// Campaigns and timelines as the API shows them.
#include "tests/integration/http/house.hpp"

#include <algorithm>

using namespace strowger;
using namespace strowger::http::test;
using strowger::test::eventually;
namespace bj = boost::json;

namespace {

const std::string base = "/api/provisioning/campaigns";

struct Office : House {
  Office() {
    for (const auto* number : {"1001", "1002", "1003"}) create_extension(number, "Somebody");
    register_device("001565000001", "1001");
    register_device("001565000002", "1002");
    register_device("000b82000003", "1003", "grandstream", "gxp2170");
  }
  bj::object campaign(const std::string& id, const std::string& query = {}) {
    const auto reply = ask("GET", base + "/" + id + query);
    REQUIRE(reply.status == 200);
    return reply.json().as_object();
  }
};

std::string id_of(const JsonReply& reply) {
  INFO(reply.body);
  REQUIRE(reply.status == 201);
  return std::string(reply.json().at("id").as_string());
}

}  // namespace

TEST_CASE_METHOD(Office, "a campaign is started, followed and listed") {
  bind("1001", "192.0.2.1");
  const auto started = ask("POST", base, R"({"vendor":"Yealink","name":"new firmware","max_per_second":5})");
  const auto id = id_of(started);
  CHECK(started.json().at("selection").as_string() == "vendor Yealink");
  CHECK(started.json().at("counts").at("total").as_int64() == 2);
  CHECK(started.json().at("pace").at("max_per_second").as_int64() == 5);
  CHECK(started.json().at("pace").at("max_in_flight").as_int64() == 50);
  // One is told; of the other no phone is registered.
  REQUIRE(eventually([&] {
    const auto counts = campaign(id).at("counts");
    return counts.at("told").as_int64() == 1 && counts.at("skipped").as_int64() == 1;
  }));
  fetch("/provision/001565000001.cfg");
  // Who says that it has converged is the convergence reactor, which this house has not.
  const auto shown = campaign(id, "?stage=skipped");
  REQUIRE(shown.at("devices").as_array().size() == 1);
  CHECK(shown.at("devices").at(0).at("mac_address").as_string() == "001565000002");
  CHECK(shown.at("devices").at(0).at("extension_number").as_string() == "1002");
  CHECK_THAT(std::string(shown.at("devices").at(0).at("detail").as_string()), ContainsSubstring("no phone"));
  CHECK(ask("POST", base + "/" + id + "/pause").json().at("state").as_string() == "paused");
  CHECK(ask("POST", base + "/" + id + "/resume").json().at("state").as_string() == "running");
  CHECK(ask("POST", base + "/" + id + "/cancel").json().at("state").as_string() == "cancelled");
  CHECK(ask("POST", base + "/" + id + "/resume").code() == "campaign_over");
  const auto all = ask("GET", base).json();
  REQUIRE(all.as_array().size() == 1);
  CHECK(all.at(0).at("id").as_string() == id);

  restart();
  CHECK(campaign(id).at("state").as_string() == "cancelled");
  CHECK(campaign(id).at("counts").at("told").as_int64() == 1);
}

TEST_CASE_METHOD(Office, "a selection is what fits all that is given") {
  const auto total = [&](const std::string& body) {
    const auto reply = ask("POST", base, body);
    INFO(reply.body);
    return reply.status == 201 ? reply.json().at("counts").at("total").as_int64() : -1;
  };
  CHECK(total(R"({"all":true})") == 3);
  CHECK(total(R"({"vendor":"grandstream"})") == 1);
  CHECK(total(R"({"model":"T46S"})") == 2);
  CHECK(total(R"({"extensions":["1001","1003"]})") == 2);
  CHECK(total(R"({"extensions":["1001","1003"],"vendor":"yealink"})") == 1);
  CHECK(total(R"({"devices":["00:15:65:00:00:02","001565000002"]})") == 1);
  CHECK(total(R"({"site":"berlin"})") == -1);
  REQUIRE(ask("PATCH", "/api/provisioning/devices/000b82000003", R"({"site":"berlin"})").status == 200);
  CHECK(total(R"({"site":"berlin"})") == 1);
  fetch("/provision/001565000001.cfg");
  REQUIRE(recorded(1));
  CHECK(total(R"({"stale":true})") == -1);
  REQUIRE(ask("PATCH", "/api/extensions/1001", R"({"name":"Renamed"})").status == 200);
  CHECK(total(R"({"stale":true})") == 1);

  CHECK(ask("POST", base, "{}").code() == "no_selection");
  CHECK(ask("POST", base, R"({"site":"nowhere"})").code() == "no_devices");
  CHECK(ask("POST", base, R"({"vendor":"yeelink"})").code() == "unknown_vendor");
  CHECK(ask("POST", base, R"({"devices":["001565999999"]})").code() == "device_not_found");
  CHECK(ask("POST", base, R"({"all":true,"verb":"explode"})").code() == "unknown_verb");
  CHECK(ask("POST", base, R"({"all":true,"quiet_hours":"late"})").code() == "bad_quiet_hours");
  CHECK(ask("GET", base + "/none").code() == "bad_campaign_id");
  CHECK(ask("GET", base + "/019b9f0e-7c3b-7000-8000-000000000001").status == 404);
  CHECK(as(token(Role::viewer), "POST", base, R"({"all":true})").status == 403);
}

TEST_CASE_METHOD(Office, "a campaign that is started again with its key is the same one") {
  const auto first = id_of(ask("POST", base, R"({"all":true})", "Idempotency-Key: k1\r\n"));
  CHECK(id_of(ask("POST", base, R"({"all":true})", "Idempotency-Key: k1\r\n")) == first);
  CHECK(ask("GET", base).json().as_array().size() == 1);
}

TEST_CASE_METHOD(Office, "a device's timeline tells its stories, newest first") {
  const std::string timeline = "/api/provisioning/devices/001565000001/timeline";
  bind("1001", "192.0.2.1", "001565000001");
  REQUIRE(ask("POST", "/api/provisioning/devices/001565000001/reboot").status == 200);
  fetch("/provision/001565000001.cfg");
  REQUIRE(recorded(1));
  const auto reply = ask("GET", timeline);
  INFO(reply.body);
  REQUIRE(reply.status == 200);
  const auto stories = reply.json().at("stories");
  REQUIRE(stories.as_array().size() == 2);
  const auto& steps = stories.at(0).at("steps");
  REQUIRE(steps.as_array().size() == 3);
  CHECK(steps.at(0).at("type").as_string() == "device.reboot_requested");
  CHECK(steps.at(0).at("by").as_string() == "admin:admin");
  CHECK(steps.at(1).at("type").as_string() == "device.config_served");
  CHECK(steps.at(2).at("type").as_string() == "device.enrolled");
  CHECK(stories.at(1).at("steps").at(0).at("type").as_string() == "device.registered");
  CHECK(reply.json().at("convergence").at("state").as_string() == "pending");
  CHECK(ask("GET", "/api/provisioning/devices/001565999999/timeline").status == 404);
  CHECK(ask("GET", timeline + "?limit=1").json().at("stories").as_array().size() == 1);
}
