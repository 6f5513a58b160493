// The program on a log that an earlier release damaged: it starts, serves, says so, and its tools name and mend the
// events.
#include "adapters/rocksdb/rocks_log.hpp"
#include "events/event.hpp"
#include "events/utf8.hpp"
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

using namespace strowger;
using test::eventually;
using test::Site;

namespace {

// What the release before this one wrote of a stranger's request with a Latin-1 User-Agent, byte for byte.
void append_damaged(const std::filesystem::path& data_dir) {
  const auto log = rocks::RocksLog::open({.folder = data_dir / "log"}).value();
  IdSource ids;
  AppendRequest request;
  request.facts.push_back(
      {StreamId("provisioning", "refused"),
       encode(ConfigRefused{"/x.cfg", "x", {}, "192.0.2.1", "Phone", 404, "unknown_file", "no", "", "", {}},
              Cause{"phone:192.0.2.1", {}, {}}, system_now(), ids)});
  request.facts.push_back({StreamId::of(MacAddress::parse("001565123456").value()), request.facts[0].event});
  request.facts[1].event.id = ids.next();
  for (auto& fact : request.facts) fact.event.data.replace(fact.event.data.find("Phone"), 5, "Ph\xF6ne");
  REQUIRE(append_and_wait(*log, std::move(request)));
}

double sample(const std::string& metrics, const std::string& name) {
  const auto at = metrics.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(metrics.substr(at + 2 + name.size()));
}

}  // namespace

SCENARIO("a log with events that cannot be decoded serves as any other, and is mended") {
  Site site;
  const auto data_dir = site.folder() / "data";
  REQUIRE(std::filesystem::exists(data_dir / "log"));
  site.create_extension("1001", "Ann", "s3cret-1001");
  site.register_device("001565123456", "1001", "yealink", "t46s");
  REQUIRE(site.stop() == 0);
  append_damaged(data_dir);

  site.start();
  CHECK(site.get("/readyz").status == 200);
  CHECK(site.get("/readyz").json().at("ready").as_bool());
  CHECK(site.get("/readyz").json().at("warnings").as_array().size() == 1);
  site.create_extension("1002", "Bob", "s3cret-1002");
  CHECK(site.send_json("PATCH", "/api/provisioning/devices/001565123456", R"({"site":"north"})").status == 200);
  CHECK(site.fetch("/provision/001565123456.cfg").status == 200);
  CHECK(sample(site.get("/metrics").body, "strowger_events_undecodable{why=\"damaged\"}") == 2);
  CHECK(site.get("/api/system/undecodable").json().at("damaged").as_int64() == 2);
  std::size_t shown = 0;
  for (const auto& event : site.events()) shown += event.whole.as_object().contains("undecodable") ? 1 : 0;
  CHECK(shown == 2);
  CHECK(utf8::is_valid(site.log()));
  const auto beside = site.run({"log", "verify", "--data-dir", data_dir.string()});
  CHECK(beside.exit_code == 0);
  CHECK_THAT(beside.output, ContainsSubstring("2 of the events are what was written, but cannot be decoded") &&
                                ContainsSubstring("provisioning/refused"));
  REQUIRE(site.run({"log", "repair", "--apply", "--data-dir", data_dir.string()}).exit_code == 1);  // it runs
  site.kill_hard();

  site.start();
  REQUIRE(site.get("/readyz").status == 200);
  REQUIRE(site.stop() == 0);
  const auto plan = site.run({"log", "repair", "--data-dir", data_dir.string()});
  CHECK(plan.exit_code == 0);
  CHECK_THAT(plan.output, ContainsSubstring("2 of ") && ContainsSubstring("mend: U+FFFD") &&
                              ContainsSubstring("Nothing was changed"));
  const auto done = site.run({"log", "repair", "--apply", "--data-dir", data_dir.string()});
  CAPTURE(done.output);
  CHECK(done.exit_code == 0);
  CHECK_THAT(done.output, ContainsSubstring("2 events were mended"));
  const auto proved = site.run({"log", "verify", "--data-dir", data_dir.string()});
  CHECK(proved.exit_code == 0);
  CHECK_THAT(proved.output, ContainsSubstring("repaired 2 of the events") && !ContainsSubstring("cannot be decoded"));

  site.start();
  CHECK(site.get("/readyz").json().at("warnings").as_array().empty());
  CHECK(site.get("/api/system/undecodable").json().at("damaged").as_int64() == 0);
  CHECK_THAT(site.log(), ContainsSubstring("every projection is folded anew"));
  CHECK_THAT(site.get("/api/provisioning/requests?limit=100").body, ContainsSubstring("Ph\xEF\xBF\xBDne"));
  CHECK(site.fetch("/provision/001565123456.cfg").status == 200);
  CHECK(site.has_event("strowger.system.log_repaired.v1"));
}

SCENARIO("no bytes of a stranger end the queries or keep the program from starting again") {
  Site site;
  site.create_extension("1001", "Ann", "s3cret-1001");
  site.register_device("001565123456", "1001", "yealink", "t46s");
  site.fetch("/provision/001565123456.cfg", "Yealink \xff");
  site.fetch("/provision/001565999999.cfg", "Yealink \xE4");
  site.fetch("/provision/%FF%FE.cfg", std::string(511, 'a') + "\xC3\xA9");
  site.create_extension("1002", "Bob", "s3cret-1002");
  CHECK(site.get("/readyz").status == 200);
  CHECK(site.get("/readyz").json().at("warnings").as_array().empty());
  REQUIRE(site.stop() == 0);
  site.start();
  CHECK(site.get("/api/extensions/1002").status == 200);
  for (const auto& event : site.events()) CHECK_FALSE(event.whole.as_object().contains("undecodable"));
  CHECK(utf8::is_valid(site.log()));
}

SCENARIO("parked events are shown and settled by the program, and there are none to begin with") {
  Site site;
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "reactors");
    for (const auto& more : {std::string("--config"), site.settings_file().string(), std::string("--api-port"),
                             std::to_string(site.api_port())})
      arguments.push_back(more);
    return site.run(arguments);
  };
  CHECK(run({"list"}).exit_code == 0);
  const auto skipped = run({"skip", "device-settings", "019b9f0e-7c3b-7000-8000-000000000001"});
  CHECK(skipped.exit_code == 1);
  CHECK_THAT(skipped.output, ContainsSubstring("no dead letter of device-settings"));
  CHECK(run({"retry", "../x", "019b9f0e-7c3b-7000-8000-000000000001"}).exit_code == 2);
  CHECK(sample(site.get("/metrics").body, "strowger_dead_letters") == 0);
}
