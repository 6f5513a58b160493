// strowger campaign, as an administrator types it, with phones that obey and phones that refuse.
#include "tests/e2e/sipp_phone.hpp"
#include "tests/e2e/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <optional>

using namespace strowger;
using test::eventually;
using test::SippPhone;
using test::Site;

namespace {

constexpr auto user_agent = "Yealink SIP-T46S 66.86.0.15";
constexpr auto ann_file = "/provision/001565000001.cfg";
constexpr auto bob_file = "/provision/001565000002.cfg";

// Two people, each with a device whose phone is registered.
struct Office {
  explicit Office(const std::string& settings = {}, const std::string& answers = "accept.xml") : site(settings) {
    for (const auto* number : {"1001", "1002"}) site.create_extension(number, "Somebody", "s3cret");
    REQUIRE(site.register_device("001565000001", "1001", "yealink", "t46s").status == 201);
    REQUIRE(site.register_device("001565000002", "1002", "yealink", "t46s").status == 201);
    ann.emplace(site.folder(), "udp", site.sip_port(), "1001", "s3cret", user_agent, answers);
    bob.emplace(site.folder(), "udp", site.sip_port(), "1002", "s3cret", user_agent, answers);
    REQUIRE(site.registered("1001"));
    REQUIRE(site.registered("1002"));
  }

  std::vector<std::string> arguments(const std::string& command, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{
        "campaign", command, "--config", site.settings_file().string(), "--api-port", std::to_string(site.api_port())};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Site::Ran campaign(const std::string& command, const std::vector<std::string>& more = {}) const {
    return site.run(arguments(command, more));
  }
  // The id that a start has printed first.
  std::string started(const std::vector<std::string>& more) const {
    const auto ran = campaign("start", more);
    CAPTURE(ran.output);
    REQUIRE(ran.exit_code == 0);
    CHECK_THAT(ran.output, ContainsSubstring("  running  0 of 2 devices: "));
    return ran.output.substr(0, ran.output.find(' '));
  }
  bool lists(const std::string& line) const {
    return eventually([&] { return campaign("list").output.find(line) != std::string::npos; });
  }

  Site site;
  std::optional<SippPhone> ann, bob;
};

}  // namespace

TEST_CASE("a campaign is started, paused, resumed and watched to its end") {
  Office office;
  CHECK_THAT(office.campaign("list").output, ContainsSubstring("There was no campaign yet."));
  const auto id = office.started({"--all", "--max-in-flight", "1", "--name", "after the move"});
  REQUIRE(eventually([&] { return office.ann->told() == 1; }));

  const auto paused = office.campaign("pause", {id});
  CHECK(paused.exit_code == 0);
  CHECK_THAT(paused.output, ContainsSubstring(id + "  paused  0 of 2 devices: "));
  REQUIRE(office.site.fetch(ann_file).status == 200);
  REQUIRE(
      office.lists(id + "  paused  1 of 2 devices: 1 converged, 0 failed, 0 skipped, 0 told, 1 waiting  after the"));
  CHECK(office.bob->told() == 0);

  const auto resumed = office.campaign("resume", {id});
  CHECK(resumed.exit_code == 0);
  CHECK_THAT(resumed.output, ContainsSubstring(id + "  running  1 of 2"));
  REQUIRE(eventually([&] { return office.bob->told() == 1; }));

  // On a terminal there is a bar while it lasts.
  std::string typed = STROWGER_PROGRAM;
  for (const auto& argument : office.arguments("watch", {id})) typed += " '" + argument + "'";
  test::Process watch("script", {"-qefc", typed, "/dev/null"}, office.site.folder() / "watch");
  REQUIRE(eventually([&] {
    return watch.output().find("Rebooting [###############...............] 50 %  1 of 2") != std::string::npos;
  }));
  REQUIRE(office.site.fetch(bob_file).status == 200);
  CHECK(watch.wait() == 0);
  CHECK_THAT(watch.output(), ContainsSubstring(id + "  completed  2 of 2 devices: 2 converged, 0 failed"));

  CHECK(office.ann->told() == 1);
  CHECK(office.bob->told() == 1);
  const auto late = office.campaign("pause", {id});
  CHECK(late.exit_code != 0);
  CHECK_THAT(late.output, ContainsSubstring("this campaign has ended"));
}

TEST_CASE("a cancelled campaign tells nobody else, and who watches it is told by the exit code") {
  Office office;
  const auto id = office.started({"--vendor", "yealink", "--max-in-flight", "1"});
  REQUIRE(eventually([&] { return office.ann->told() == 1; }));
  const auto cancelled = office.campaign("cancel", {id});
  CHECK(cancelled.exit_code == 0);
  CHECK_THAT(cancelled.output, ContainsSubstring(id + "  cancelled  0 of 2"));
  REQUIRE(office.site.fetch(ann_file).status == 200);
  REQUIRE(office.lists(id + "  cancelled  1 of 2 devices: 1 converged"));
  CHECK(office.bob->told() == 0);
  CHECK(office.campaign("watch", {id}).exit_code == 1);
}

TEST_CASE("a campaign of which too many fail stops, and says what to do") {
  Office office("provisioning: {reboots: {retries: 0}}\n", "refuse.xml");
  const auto ran = office.campaign("start", {"--all", "--abort-percent", "30", "--watch"});
  CAPTURE(ran.output);
  CHECK(ran.exit_code == 1);
  CHECK_THAT(ran.output, ContainsSubstring("  aborted  2 of 2 devices: 0 converged, 2 failed"));
  CHECK_THAT(ran.output, ContainsSubstring("2 of 2 devices failed, more than 30 %; look at one of them"));
}

TEST_CASE("what cannot be started or found is said") {
  Site site;
  const std::vector<std::string> where{"--config", site.settings_file().string(), "--api-port",
                                       std::to_string(site.api_port())};
  const auto campaign = [&](std::vector<std::string> what) {
    what.insert(what.begin(), "campaign");
    what.insert(what.end(), where.begin(), where.end());
    return site.run(what);
  };
  const auto all = campaign({"start", "--all"});
  CHECK(all.exit_code != 0);
  CHECK_THAT(all.output, ContainsSubstring("No device fits the selection"));
  const auto nobody = campaign({"start"});
  CHECK(nobody.exit_code != 0);
  CHECK_THAT(nobody.output, ContainsSubstring("Say which devices"));
  const auto unknown = campaign({"watch", "01900000-0000-7000-8000-000000000000"});
  CHECK(unknown.exit_code != 0);
  CHECK_THAT(unknown.output, ContainsSubstring("campaign"));
}
