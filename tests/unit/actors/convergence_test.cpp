// The closed loop by hand: one thread, a clock that the test owns, phones that behave as each case says.
#include "tests/unit/actors/fleet.hpp"

using namespace strowger;
using namespace std::chrono_literals;
using test::Fleet;
using test::Habit;

SCENARIO("a renamed extension's phones are told, fetch, and have converged, nobody else hears anything") {
  Fleet fleet(3);
  fleet.provision();
  fleet.settle();
  REQUIRE(fleet.told.empty());
  fleet.rename(fleet.phones[1], "Ann Renamed");
  fleet.settle();
  CHECK(fleet.told == std::vector{fleet.phones[1].mac});
  const auto converged = fleet.all<DeviceConverged>();
  REQUIRE(converged.size() == 1);
  CHECK(converged[0].mac == fleet.phones[1].mac);
  CHECK(converged[0].etag == "\"t46s-Ann Renamed\"");
  CHECK(converged[0].reason == RebootReason::extension_changed);
  fleet.settle();
  CHECK(fleet.all<DeviceReturned>().size() == 1);
  // One story: what was wanted, asked, answered, fetched and how it ended have one correlation id.
  std::optional<Uuid> correlation;
  for (const auto& record : fleet.log.records()) {
    if (record.type == ExtensionChanged::type) correlation = record.correlation;
    if (correlation && record.stream == StreamId::of(fleet.phones[1].mac) && record.type != ConfigServed::type)
      CHECK(record.correlation == *correlation);
  }
  CHECK(fleet.reactor->at_rest());
}

SCENARIO("a change that leaves the file as it was tells nobody") {
  Fleet fleet(2);
  fleet.provision();
  ExtensionChanged mail;
  mail.number = fleet.phones[0].extension;
  mail.email = "ann@example.com";
  fleet.append(StreamId::of(mail.number), mail);
  fleet.append(StreamId("system", "settings"), SettingsApplied{});
  fleet.pass(10s);
  CHECK(fleet.told.empty());
  CHECK(fleet.all<ConfigWanted>().empty());
}

SCENARIO("of a device's own change and one of all phones that come together, the last is told as the cause") {
  Fleet fleet(1);
  fleet.provision();
  fleet.pass(5s);
  const auto own = [&] {
    ExtensionChanged mail;
    mail.number = fleet.phones[0].extension;
    fleet.append(StreamId::of(mail.number), mail);
  };
  const auto of_all = [&] { fleet.append(StreamId("system", "settings"), SettingsApplied{}); };
  const auto told_as = [&](RebootReason reason, Position cause) {
    fleet.pass(5s);
    REQUIRE(fleet.all<ConfigWanted>().size() == 1);
    CHECK(fleet.all<ConfigWanted>()[0].cause == cause);
    CHECK(fleet.all<ConfigWanted>()[0].reason == reason);
  };
  WHEN("the device's own comes first") {
    own();
    fleet.run();
    fleet.model = "t46s-2";
    of_all();
    told_as(RebootReason::settings_changed, fleet.log.last_position());
  }
  WHEN("that of all phones comes first") {
    of_all();
    fleet.run();
    fleet.now += 250ms;
    fleet.model = "t46s-2";
    own();
    const auto cause = fleet.log.last_position();
    fleet.run();
    fleet.now += 100ms;  // only that of all is due
    fleet.run();
    told_as(RebootReason::extension_changed, cause);
  }
}

SCENARIO("a boot storm, with a restart of the server in it, reboots nobody") {
  Fleet fleet(20);
  fleet.provision();
  fleet.stop();
  for (auto& phone : fleet.phones) phone.registered = false;
  fleet.start();
  for (auto& phone : fleet.phones) {
    fleet.fetch(phone);
    fleet.registers(phone);
  }
  fleet.pass(60s);
  CHECK(fleet.told.empty());
  CHECK(fleet.all<RebootRequested>().empty());
}

SCENARIO("200 to the NOTIFY is not success: no fetch is told again, and in the end has failed with a reason") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  phone.habit = Habit::deaf;
  fleet.policy.retries = 2;
  fleet.rename(phone, "Bob");
  fleet.settle();
  CHECK(fleet.told_to(phone) == 1);
  CHECK(fleet.all<DeviceConverged>().empty());
  fleet.pass(178s);
  CHECK(fleet.all<RebootRetryScheduled>().empty());
  fleet.pass(3s);
  REQUIRE(fleet.all<RebootRetryScheduled>().size() == 1);
  CHECK(fleet.told_to(phone) == 1);  // the backoff
  fleet.pass(31s);
  CHECK(fleet.told_to(phone) == 2);

  WHEN("it goes on so") {
    fleet.pass(600s);
    CHECK(fleet.told_to(phone) == 3);
    const auto failed = fleet.all<RebootFailed>();
    REQUIRE(failed.size() == 1);
    CHECK(failed[0].code == "not_fetched");
    CHECK(failed[0].attempts == 3);
    CHECK_THAT(failed[0].reason, ContainsSubstring("provisioning URL"));
    fleet.pass(3'600s);
    CHECK(fleet.told_to(phone) == 3);
    THEN("a fetch still converges") {
      fleet.fetch(phone);
      fleet.settle();
      CHECK(fleet.all<DeviceConverged>().size() == 1);
    }
    THEN("another change begins anew") {
      phone.habit = Habit::obeys;
      fleet.rename(phone, "Carol");
      fleet.settle();
      CHECK(fleet.all<DeviceConverged>().size() == 1);
    }
  }
  WHEN("it fetches the file as it was before") {
    fleet.fetch(phone, "\"t46s\"");
    fleet.settle();
    THEN("that is no convergence") CHECK(fleet.all<DeviceConverged>().empty());
  }
  WHEN("the server is killed and started again") {
    fleet.stop();
    fleet.start();
    THEN("no timer is lost, and none is early") {
      fleet.pass(170s);
      CHECK(fleet.told_to(phone) == 2);
      fleet.pass(120s);
      CHECK(fleet.told_to(phone) == 3);
    }
  }
}

SCENARIO("a refusal that cannot change is not asked for again") {
  Fleet fleet(1);
  fleet.provision();
  fleet.phones[0].habit = Habit::refuses;
  const auto status = GENERATE(std::uint16_t{405}, std::uint16_t{489}, std::uint16_t{501}, std::uint16_t{603});
  fleet.refusal = {status, "No", false};
  fleet.rename(fleet.phones[0], "New");
  fleet.pass(30s * 8);
  CHECK(fleet.told_to(fleet.phones[0]) == 1);
  const auto failed = fleet.all<RebootFailed>();
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].code == "refused");
  CHECK_THAT(failed[0].reason, ContainsSubstring(std::to_string(status)));
}

SCENARIO("a phone that says when it wants to be told again is told then") {
  Fleet fleet(1);
  fleet.provision();
  fleet.phones[0].habit = Habit::refuses;
  fleet.refusal = {503, "Service Unavailable", false, 200};
  fleet.rename(fleet.phones[0], "New");
  fleet.pass(180s);
  CHECK(fleet.told_to(fleet.phones[0]) == 1);
  fleet.pass(60s);
  CHECK(fleet.told_to(fleet.phones[0]) == 2);
}

SCENARIO("a phone whose connection has ended is not one that refuses") {
  Fleet fleet(1);
  fleet.provision();
  fleet.phones[0].habit = Habit::refuses;
  fleet.refusal = {reboot::not_connected, "Not Connected", false};
  fleet.rename(fleet.phones[0], "New");
  fleet.pass(10s);
  CHECK(fleet.all<RebootRefused>().empty());
  const auto unanswered = fleet.all<RebootUnanswered>();
  REQUIRE(!unanswered.empty());
  CHECK_THAT(unanswered[0].reason, ContainsSubstring("connection has ended"));
}

SCENARIO("no step of the clock tells a phone early, late or once more") {
  constexpr auto hour = std::chrono::seconds(3'600);
  const auto step = GENERATE_COPY(-hour * 24 * 365, -hour, -1s, 1s, hour, hour * 24 * 365);
  INFO("a step of " << step.count() << " s");
  Fleet fleet(3);
  fleet.provision();
  auto& deaf = fleet.phones[0];
  deaf.habit = Habit::deaf;
  fleet.rename(deaf, "Bob");
  fleet.settle();
  CHECK(fleet.told_to(deaf) == 1);
  const auto for_a_moment = [&](std::chrono::seconds time) {
    fleet.pass(time);
    fleet.ahead = step;
    fleet.pass(time);
    fleet.ahead = 0s;
    fleet.pass(time);
  };
  for_a_moment(59s);
  CHECK(fleet.all<RebootRetryScheduled>().empty());
  fleet.pass(5s);
  CHECK(fleet.all<RebootRetryScheduled>().size() == 1);
  for_a_moment(9s);
  CHECK(fleet.told_to(deaf) == 1);
  fleet.pass(5s);
  CHECK(fleet.told_to(deaf) == 2);
  // What changes while the clock is wrong is brought at the usual pace, and a restart in it loses nothing.
  fleet.ahead = step;
  fleet.rename(fleet.phones[1], "Carol");
  fleet.pass(3s);
  CHECK(fleet.told_to(fleet.phones[1]) == 1);
  CHECK(fleet.all<DeviceConverged>().size() == 1);
  fleet.stop();
  fleet.start();
  fleet.pass(10s);
  CHECK(fleet.told_to(fleet.phones[1]) == 1);
  CHECK(fleet.told_to(deaf) == 2);
  fleet.pass(900s);
  CHECK(fleet.told_to(deaf) == 4);
  CHECK(fleet.all<RebootFailed>().size() == 1);
}

SCENARIO("a phone that refuses or does not answer is told again, and why it failed is said") {
  Fleet fleet(2);
  fleet.provision();
  fleet.phones[0].habit = Habit::refuses;
  fleet.phones[1].habit = Habit::vanished;
  for (const auto& phone : fleet.phones) fleet.rename(phone, "New");
  fleet.pass(30s * 8);
  for (const auto& phone : fleet.phones) CHECK(fleet.told_to(phone) == 4);
  const auto failed = fleet.all<RebootFailed>();
  REQUIRE(failed.size() == 2);
  CHECK(failed[0].code == "refused");
  CHECK_THAT(failed[0].reason, ContainsSubstring("481"));
  CHECK(failed[1].code == "unanswered");

  WHEN("the one that had vanished comes back from another address") {
    fleet.phones[1].habit = Habit::obeys;
    fleet.phones[1].ip = "192.0.2.99";
    fleet.registers(fleet.phones[1]);
    fleet.settle();
    CHECK(fleet.told_to(fleet.phones[1]) == 4);  // its fetch may be on its way
    fleet.pass(31s);
    THEN("it is told there") {
      CHECK(fleet.told_to(fleet.phones[1]) == 5);
      CHECK(fleet.addresses.back() == "192.0.2.99");
      CHECK(fleet.all<DeviceConverged>().size() == 1);
    }
  }
  WHEN("it comes back and fetches by itself") {
    fleet.registers(fleet.phones[1]);
    fleet.fetch(fleet.phones[1]);
    fleet.pass(60s);
    THEN("it is not told") {
      CHECK(fleet.told_to(fleet.phones[1]) == 4);
      CHECK(fleet.all<DeviceConverged>().size() == 1);
    }
  }
}

SCENARIO("a phone that is not there is said so at once, and told when it is") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  phone.registered = false;
  fleet.rename(phone, "New");
  fleet.settle();
  REQUIRE(fleet.all<RebootFailed>().size() == 1);
  CHECK(fleet.all<RebootFailed>()[0].code == "no_phone");
  CHECK(fleet.told.empty());
  WHEN("it came while the server was down") {
    fleet.stop();
    phone.registered = true;
    fleet.start();
  }
  WHEN("its registration lapsed while its refresh was under way to the disk, which is no event") {
    phone.registered = true;
  }
  fleet.pass(31s);
  CHECK(fleet.told_to(phone) == 1);
  CHECK(fleet.all<DeviceConverged>().size() == 1);
}

SCENARIO("who asks for a reboot may not have seen the last change, the phone is waited for with the present file") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  const auto old = fleet.etag(phone.mac);
  fleet.rename(phone, "New");
  fleet.settle();
  REQUIRE(fleet.all<DeviceConverged>().size() == 1);
  phone.registered = false;
  fleet.ask(phone, strowger::actors::RequestReboot{RebootVerb::reboot, RebootReason::manual, old});
  fleet.settle();
  const auto row = fleet.projection.find(phone.mac);
  REQUIRE((row && row->activity.convergence));
  CHECK(row->activity.convergence->etag == fleet.etag(phone.mac));
}

SCENARIO("a phone that never answered is not told again because time passes or the server starts") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  phone.here = fleet.instant();
  phone.habit = Habit::vanished;
  fleet.rename(phone, "New");
  fleet.pass(600s);
  REQUIRE(fleet.all<RebootFailed>().size() == 1);
  const auto told = fleet.told_to(phone);
  fleet.stop();
  fleet.start();
  fleet.pass(600s);
  CHECK(fleet.told_to(phone) == told);
  phone.habit = Habit::obeys;
  fleet.registers(phone);
  fleet.pass(60s);
  CHECK(fleet.told_to(phone) == told + 1);
}

SCENARIO("a change that is taken back while it is decided upon reboots nobody") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  const auto look = [&] {  // the device's actor has no turn yet
    fleet.project();
    fleet.reactor->step(1'000);
    fleet.now += 500ms;
    fleet.reactor->step(1'000);
  };
  fleet.rename(phone, "New");
  look();
  fleet.names.clear();
  fleet.append(StreamId::of(phone.extension), ExtensionChanged{phone.extension, {}, {}, {}});
  look();
  fleet.pass(10s);
  CHECK(fleet.all<ConfigWanted>().size() == 1);
  CHECK(fleet.all<DeviceConverged>().size() == 1);
  CHECK(fleet.told.empty());
}

SCENARIO("what could not be written is said again, and nobody is told for it") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  WHEN("the phone fetched") {
    fleet.slow = true;
    fleet.rename(phone, "New");
    fleet.settle();
    REQUIRE(fleet.told_to(phone) == 1);
    fleet.fetch(phone);
    fleet.log.fail_next(1);
    fleet.run();
    CHECK(fleet.all<DeviceConverged>().empty());
    fleet.pass(600s);
    CHECK(fleet.all<DeviceConverged>().size() == 1);
    CHECK(fleet.told_to(phone) == 1);
  }
  WHEN("it is there again, and is to be told") {
    phone.registered = false;
    fleet.rename(phone, "New");
    fleet.settle();
    REQUIRE(fleet.all<RebootFailed>().size() == 1);
    fleet.pass(5s);
    fleet.registers(phone);
    fleet.pass(29s);
    fleet.log.fail_next(1);
    fleet.pass(1s);
    CHECK(fleet.told.empty());
    fleet.pass(5s);
    CHECK(fleet.told_to(phone) == 1);
  }
}

SCENARIO("what was changed back needs nobody to be told, and what changes on the way needs no second word") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  fleet.policy.pace.quiet = QuietHours::parse("00:00-24:00").value();
  fleet.rename(phone, "New");
  fleet.settle();
  REQUIRE(fleet.all<ConfigWanted>().size() == 1);
  CHECK(fleet.told.empty());
  WHEN("the old name is back before its turn comes") {
    fleet.names.clear();
    fleet.append(StreamId::of(phone.extension), ExtensionChanged{phone.extension, {}, {}, {}});
    fleet.settle();
    CHECK(fleet.all<DeviceConverged>().size() == 1);
    fleet.policy.pace.quiet = {};
    fleet.pass(5s);
    CHECK(fleet.told.empty());
  }
  WHEN("the phone fetches by itself before") {
    fleet.fetch(phone);
    fleet.settle();
    fleet.policy.pace.quiet = {};
    fleet.pass(5s);
    CHECK(fleet.told.empty());
    CHECK(fleet.all<DeviceConverged>().size() == 1);
  }
  WHEN("the name changes again while the phone reboots") {
    fleet.slow = true;
    fleet.policy.pace.quiet = {};
    fleet.pass(2s);
    REQUIRE(fleet.told_to(phone) == 1);
    fleet.rename(phone, "Newer");
    fleet.settle();
    fleet.fetch(phone);
    fleet.pass(60s);
    CHECK(fleet.told_to(phone) == 1);
    REQUIRE(fleet.all<DeviceConverged>().size() == 1);
    CHECK(fleet.all<DeviceConverged>()[0].etag == "\"t46s-Newer\"");
  }
}

SCENARIO("a fetch that comes into the log after the change that it did not see is looked at") {
  Fleet fleet(1);
  auto& phone = fleet.phones[0];
  const auto old = fleet.etag(phone.mac);
  const auto telling = [&] {
    fleet.rename(phone, "New");
    fleet.settle();
    CHECK(fleet.told_to(phone) == 0);
    fleet.fetch(phone, old);
    fleet.pass(5s);
    CHECK(fleet.told_to(phone) == 1);
    CHECK(fleet.all<DeviceConverged>().size() == 1);
  };
  GIVEN("a phone that had no file before") {
    fleet.ask(phone, strowger::actors::RegisterDevice{phone.mac, phone.extension, "yealink", "t46s"});
    telling();
  }
  GIVEN("a phone that had fetched the file that it is to have again") {
    fleet.provision();
    fleet.pass(120s);
    fleet.fetch(phone, "\"t46s-New\"");
    telling();
  }
  WHEN("it comes long after, it is left to the round over all devices") {
    fleet.ask(phone, strowger::actors::RegisterDevice{phone.mac, phone.extension, "yealink", "t46s"});
    fleet.rename(phone, "New");
    fleet.pass(120s);
    fleet.fetch(phone, old);
    fleet.pass(60s);
    CHECK(fleet.told_to(phone) == 0);
    fleet.pass(600s);
    CHECK(fleet.told_to(phone) == 1);
  }
}

SCENARIO("a change of all phones is a wave at a pace") {
  Fleet fleet(60);
  fleet.provision();
  fleet.slow = true;
  fleet.policy.pace.max_in_flight = 12;
  fleet.policy.pace.max_per_second = 5;
  fleet.model = "t46s-2";
  TemplatePublished published;
  published.vendor = "yealink";
  published.model = "t46s";
  fleet.append(StreamId("template", "yealink_t46s"), published);
  fleet.pass(500ms);
  CHECK(fleet.told.size() <= 8);
  fleet.pass(10s);
  CHECK(fleet.told.size() == 12);
  for (std::size_t i = 0; i < 12; ++i)
    for (const auto& phone : fleet.phones)
      if (phone.mac == fleet.told[i]) fleet.fetch(phone);
  fleet.pass(1s);
  CHECK(fleet.told.size() > 12);
  CHECK(fleet.told.size() <= 12 + 10);
  fleet.slow = false;
  for (const auto& phone : fleet.phones) fleet.fetch(phone);
  fleet.pass(60s);
  std::set<MacAddress> once(fleet.told.begin(), fleet.told.end());
  CHECK(once.size() == fleet.told.size());  // nobody twice
  CHECK(fleet.all<DeviceConverged>().size() == 60);
}

SCENARIO("at one site only so many reboot at once") {
  Fleet fleet(6);
  for (std::size_t i = 0; i < 6; ++i) fleet.phones[i].site = i < 4 ? "hq" : "branch";
  fleet.provision();
  fleet.slow = true;
  fleet.policy.pace.per_site = 2;
  for (const auto& phone : fleet.phones) fleet.rename(phone, "New");
  fleet.pass(5s);
  CHECK(fleet.told.size() == 4);
}

SCENARIO("phones in a call have their turn when it has ended, no more of a site at once than others") {
  Fleet fleet(4);
  for (auto& phone : fleet.phones) {
    phone.site = "hq";
    fleet.in_calls.insert(phone.mac);
  }
  fleet.provision();
  fleet.slow = true;
  fleet.policy.pace.per_site = 1;
  for (const auto& phone : fleet.phones) fleet.rename(phone, "New");
  fleet.pass(60s);
  CHECK(fleet.told.empty());
  fleet.in_calls.clear();
  fleet.pass(5s);
  CHECK(fleet.told.size() == 1);
  fleet.slow = false;
  for (const auto& phone : fleet.phones)
    if (phone.mac == fleet.told[0]) fleet.fetch(phone);
  fleet.pass(10s);
  CHECK(fleet.all<DeviceConverged>().size() == 4);
  CHECK(fleet.told.size() == 4);
}

SCENARIO("the gentle word comes first where it is enough, the other one where it was not") {
  Fleet fleet(1);
  fleet.provision();
  auto& phone = fleet.phones[0];
  phone.habit = Habit::deaf;
  fleet.resyncs = RebootReason::extension_changed;
  fleet.rename(phone, "New");
  fleet.settle();
  CHECK(fleet.verbs == std::vector<std::string>{"resync"});
  fleet.pass(240s);
  CHECK(fleet.verbs == std::vector<std::string>{"resync", "reboot"});
}

TEST_CASE("hours in which nobody is told") {
  const auto hours = QuietHours::parse("08:00-18:00, 22:30-01:00").value();
  for (const auto minute : {8 * 60, 17 * 60 + 59, 22 * 60 + 30, 23 * 60, 0, 59}) CHECK(hours.contains(minute));
  for (const auto minute : {7 * 60 + 59, 18 * 60, 22 * 60 + 29, 60, 300}) CHECK_FALSE(hours.contains(minute));
  for (const auto* bad : {"8-18", "08:00", "08:00-08:00", "25:00-26:00", "08:60-09:00", "08:00-18:00,", "aa:bb-cc:dd"})
    CHECK_FALSE(QuietHours::parse(bad));
  CHECK_FALSE(QuietHours::parse("").value().contains(600));
}
