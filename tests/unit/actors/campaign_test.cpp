// Campaigns by hand: who is told when, and that nobody is told twice or left out.
#include "tests/unit/actors/fleet.hpp"

using namespace strowger;
using namespace std::chrono_literals;
using strowger::actors::Campaign;
using test::Fleet;
using test::Habit;

namespace {

CampaignPace pace(std::uint32_t in_flight, std::uint32_t per_second, std::string quiet_hours = {},
                  std::uint32_t abort_percent = 0) {
  return {in_flight, per_second, 0, std::move(quiet_hours), abort_percent};
}

struct Office : Fleet {
  explicit Office(std::size_t size) : Fleet(size) { provision(); }

  Result<actors::Outcome> ask_campaign(Campaign::Command command) {
    std::optional<Result<actors::Outcome>> answer;
    campaigns->ask(id.text(), std::move(command), {{"admin:ann", id, {}}, {}, {}},
                   [&](Result<actors::Outcome> outcome) { answer = std::move(outcome); });
    run();
    REQUIRE(answer);
    return *answer;
  }
  void begin(CampaignPace at = {}, bool only_stale = false) {
    actors::StartCampaign start;
    start.campaign = id;
    start.name = "all";
    start.pace = std::move(at);
    start.only_stale = only_stale;
    for (const auto& phone : phones) start.devices.push_back(phone.mac);
    REQUIRE(ask_campaign(start));
  }
  CampaignRow row() const { return *campaign_rows.find(id); }
  std::size_t most_told_to_one() const {
    std::map<MacAddress, std::size_t> counts;
    std::size_t most = 0;
    for (const auto& mac : told) most = std::max(most, ++counts[mac]);
    return most;
  }
  // A kill, and a start from what is in the log.
  void crash() {
    stop();
    start();
  }

  const Uuid id = ids.next();
};

}  // namespace

SCENARIO("a campaign reboots every phone once, at its pace, and says how far it is") {
  Office office(30);
  office.begin(pace(8, 4));
  CHECK(office.told.size() <= 4);
  office.pass(3s);
  CHECK(office.told.size() > 8);
  office.pass(10s);
  CHECK(office.told.size() == 30);
  CHECK(office.most_told_to_one() == 1);
  CHECK(office.row().state == CampaignState::completed);
  CHECK(office.row().counts.converged == 30);
  REQUIRE(office.Fleet::all<CampaignCompleted>().size() == 1);
  CHECK(office.Fleet::all<CampaignCompleted>()[0].converged == 30);
}

SCENARIO("killed at any time, nobody is told twice and nobody is left out") {
  Office office(12);
  office.begin(pace(0, 2));
  for (int i = 0; i < 10; ++i) {
    office.pass(500ms);
    office.crash();
  }
  office.pass(10s);
  CHECK(office.told.size() == 12);
  CHECK(office.most_told_to_one() == 1);
  CHECK(office.row().state == CampaignState::completed);
}

SCENARIO("in flight means told and not fetched, a pause holds, a resumption goes on, a cancellation ends") {
  Office office(10);
  office.slow = true;
  office.begin(pace(3, 0));
  office.pass(5s);
  CHECK(office.told.size() == 3);
  CHECK(office.row().counts.told == 3);
  CHECK(office.row().counts.waiting == 7);

  WHEN("it is paused") {
    REQUIRE(office.ask_campaign(actors::PauseCampaign{}));
    for (std::size_t i = 0; i < 3; ++i) office.fetch(office.phones[i]);
    office.pass(5s);
    CHECK(office.told.size() == 3);
    CHECK(office.row().state == CampaignState::paused);
    CHECK(office.row().counts.converged == 3);
    THEN("and resumed") {
      office.slow = false;
      REQUIRE(office.ask_campaign(actors::ResumeCampaign{}));
      office.pass(10s);
      CHECK(office.row().state == CampaignState::completed);
      CHECK(office.most_told_to_one() == 1);
    }
  }
  WHEN("it is cancelled") {
    REQUIRE(office.ask_campaign(actors::CancelCampaign{}));
    for (std::size_t i = 0; i < 3; ++i) office.fetch(office.phones[i]);
    office.pass(5s);
    CHECK(office.told.size() == 3);
    CHECK(office.row().state == CampaignState::cancelled);
    CHECK(office.row().counts.converged == 3);
    CHECK(office.ask_campaign(actors::ResumeCampaign{}).error().code == "campaign_over");
  }
}

SCENARIO("at one site a campaign has only so many in flight, also while one of them is to be told again") {
  Office office(4);
  for (const auto& phone : office.phones) office.ask(phone, actors::ChangeDevice{{}, {}, {}, "hq"});
  office.policy.retries = 1;
  auto& deaf = office.phones[0];
  deaf.habit = Habit::deaf;
  auto one_a_site = pace(0, 0);
  one_a_site.per_site = 1;
  office.begin(one_a_site);
  office.pass(185s);
  REQUIRE(office.Fleet::all<RebootRetryScheduled>().size() == 1);
  CHECK(office.told == std::vector{deaf.mac});
  office.pass(35s);
  CHECK(office.told == std::vector{deaf.mac, deaf.mac});
  office.pass(200s);
  CHECK(office.told.size() == 5);
  CHECK(office.row().counts.failed == 1);
  CHECK(office.row().counts.converged == 3);
}

SCENARIO("too many failures stop it") {
  Office office(40);
  office.policy.retries = 0;
  for (auto& phone : office.phones) phone.habit = Habit::refuses;
  office.begin(pace(5, 5, {}, 20));
  office.pass(30s);
  CHECK(office.row().state == CampaignState::aborted);
  CHECK_THAT(office.row().reason, ContainsSubstring("failed"));
  CHECK(office.told.size() < 20);
}

SCENARIO("quiet hours hold it, also over a start") {
  Office office(3);
  const auto minute = QuietHours::minute_of_day(office.now);
  const auto clock = [](int of) {
    of %= 24 * 60;
    const auto two = [](int value) { return (value < 10 ? "0" : "") + std::to_string(value); };
    return two(of / 60) + ":" + two(of % 60);
  };
  office.begin(pace(0, 0, clock(minute) + "-" + clock(minute + 2)));
  office.pass(30s);
  CHECK(office.told.empty());
  office.crash();
  office.pass(95s);
  CHECK(office.told.size() == 3);
}

SCENARIO("who is not there, in a call, up to date, gone or told already") {
  Office office(5);
  office.phones[0].registered = false;
  office.in_calls.insert(office.phones[1].mac);
  office.slow = true;
  office.rename(office.phones[2], "New");
  office.settle();
  REQUIRE(office.told.size() == 1);  // by the wave
  office.slow = false;

  WHEN("all are rebooted") {
    office.begin();
    office.pass(3s);
    auto counts = office.row().counts;
    CHECK(counts.skipped == 1);
    CHECK(counts.converged == 2);  // the last two
    CHECK(counts.told == 0);
    CHECK(counts.waiting == 2);  // the one in a call, and the one that is told already
    office.in_calls.clear();
    office.fetch(office.phones[2]);
    office.pass(5s);
    counts = office.row().counts;
    CHECK(counts.converged == 4);
    CHECK(office.row().state == CampaignState::completed);
    const auto skipped = office.Fleet::all<CampaignDevicesSkipped>();
    REQUIRE(skipped.size() == 1);
    REQUIRE(skipped[0].devices.size() == 1);
    CHECK(skipped[0].devices[0].code == "no_phone");
  }
  WHEN("only the stale ones are") {
    office.begin({}, true);
    office.fetch(office.phones[2]);
    office.pass(5s);
    CHECK(office.row().counts.skipped == 5);
    CHECK(office.told.size() == 1);
  }
  WHEN("a device is unregistered while it is told") {
    office.begin();
    office.settle();
    office.ask(office.phones[1], actors::UnregisterDevice{});
    office.fetch(office.phones[2]);
    office.in_calls.clear();
    office.pass(10s);
    CHECK(office.row().state == CampaignState::completed);
    CHECK(office.row().counts.skipped == 2);
  }
}

SCENARIO("a campaign has devices, is started once and only then exists") {
  Office office(1);
  CHECK(office.ask_campaign(actors::PauseCampaign{}).error().kind == ErrorKind::not_found);
  actors::StartCampaign nobody;
  nobody.campaign = office.id;
  CHECK(office.ask_campaign(nobody).error().code == "no_devices");
  office.begin();
  nobody.devices.push_back(office.phones[0].mac);
  CHECK(office.ask_campaign(nobody).error().code == "campaign_exists");
}

TEST_CASE("a projection's stored rows are the campaigns") {
  Office office(3);
  office.begin(pace(1, 0));
  office.pass(2s);
  RowBatch all;
  office.campaign_rows.dump(all);
  CampaignsProjection loaded;
  for (const auto& row : all.rows()) REQUIRE(loaded.load(row.key, *row.value));
  RowBatch again;
  loaded.dump(again);
  REQUIRE(again.rows().size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(*again.rows()[i].value == *all.rows()[i].value);
  CHECK(loaded.stage(office.id, office.phones[0].mac) == CampaignStage::converged);
}
