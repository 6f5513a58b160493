#include "actors/device/device.hpp"

#include "tests/support/entity_kit.hpp"

using namespace strowger;
using namespace strowger::actors;
using test::EntityKit;

namespace {

const MacAddress mac = *MacAddress::parse("001565123456");

RegisterDevice t46s(bool phone_present) {
  return {mac, *ExtensionNumber::parse("1001"), "yealink", "t46s", phone_present};
}

template <class T>
T only(const std::vector<Event>& events, std::size_t at = 0) {
  REQUIRE(events.size() > at);
  REQUIRE(std::holds_alternative<T>(events[at]));
  return std::get<T>(events[at]);
}

}  // namespace

SCENARIO("registering a device tells the phone that is there to reboot") {
  EntityKit<Device> kit(mac.text());

  GIVEN("a phone on the extension") {
    const auto outcome = kit.run(t46s(true)).value();
    only<DeviceRegistered>(outcome.events);
    const auto reboot = only<RebootRequested>(outcome.events, 1);
    CHECK(reboot.reason == RebootReason::device_registered);
    CHECK(reboot.vendor == "yealink");
    CHECK_FALSE(reboot.reboot.is_nil());
    const auto records = kit.log.records();
    CHECK(records[0].correlation == records[1].correlation);
    CHECK(records[0].correlation == outcome.correlation);

    WHEN("an administrator asks again before the phone has answered") {
      THEN("it is not told twice") {
        CHECK(kit.run(RequestReboot{}).value().events.empty());
      }
    }
    WHEN("the device is registered anew, with no phone there, before the phone has answered") {
      REQUIRE(kit.run(t46s(false)));
      THEN("the answer is still recorded, so that no start tells the phone again") {
        only<RebootUnanswered>(
            kit.run(ReportReboot{reboot.reboot, ReportReboot::Answer::none, "", 0, "no answer"}).value().events);
      }
    }
    WHEN("the phone accepts") {
      const auto accepted =
          kit.run(ReportReboot{reboot.reboot, ReportReboot::Answer::accepted, "sip:1001@192.0.2.1", 200, ""}).value();
      only<RebootAccepted>(accepted.events);
      THEN("a report that comes again is no news, even after a crash") {
        kit.restart();
        CHECK(kit.run(ReportReboot{reboot.reboot, ReportReboot::Answer::accepted, "", 200, ""}).value().events.empty());
      }
      THEN("a new reboot can be asked for") {
        const auto next_reboot = only<RebootRequested>(kit.run(RequestReboot{}).value().events);
        CHECK(next_reboot.reboot != reboot.reboot);
        CHECK(next_reboot.reason == RebootReason::manual);
      }
    }
    WHEN("a report for another reboot comes") {
      THEN("it is ignored") {
        CHECK(kit.run(ReportReboot{kit.ids.next(), ReportReboot::Answer::refused, "", 481, ""}).value().events.empty());
      }
    }
  }
  GIVEN("nobody on the extension") {
    const auto outcome = kit.run(t46s(false)).value();
    THEN("nobody is told") {
      CHECK(outcome.events.size() == 1);
      CHECK_FALSE(only<DeviceRegistered>(outcome.events).replaced);
    }
    THEN("registering again replaces") {
      CHECK(only<DeviceRegistered>(kit.run(t46s(false)).value().events).replaced);
    }
    THEN("it can be changed and unregistered") {
      ChangeDevice change;
      change.model = "t48s";
      CHECK(only<DeviceChanged>(kit.run(change).value().events).model == "t48s");
      CHECK(kit.run(change).value().events.empty());
      only<DeviceUnregistered>(kit.run(UnregisterDevice{}).value().events);
      CHECK(kit.run(UnregisterDevice{}).error().kind == ErrorKind::not_found);
      CHECK(kit.run(RequestReboot{}).error().kind == ErrorKind::not_found);
    }
  }
}

SCENARIO("a device comes to run what is wanted, by proof and not by promise") {
  EntityKit<Device> kit(mac.text());
  REQUIRE(kit.run(t46s(false)));
  GIVEN("a phone that was never served anything") {
    THEN("it is wanted nothing of") CHECK(kit.run(WantConfig{"\"2\"", "", {}, {}}).value().events.empty());
  }
  GIVEN("a phone whose file has become another") {
    const auto wanted = kit.run(WantConfig{"\"2\"", "\"1\"", RebootReason::name_synced, Position{7}}).value();
    CHECK(only<ConfigWanted>(wanted.events).cause == Position{7});
    CHECK(kit.run(WantConfig{"\"2\"", "\"1\"", {}, {}}).value().events.empty());
    kit.restart();

    WHEN("the phone fetches before it is told") {
      const auto converged = only<DeviceConverged>(kit.run(ReportFetched{"\"2\""}).value().events);
      CHECK(converged.reboot.is_nil());
      THEN("it is not told any more") CHECK(kit.run(TellPhone{"\"2\""}).value().events.empty());
    }
    WHEN("it is told") {
      CHECK(kit.run(TellPhone{"\"1\""}).value().events.empty());
      CHECK(kit.run(TellPhone{"\"2\"", RebootVerb::resync, 2}).value().events.empty());
      const auto told = only<RebootRequested>(kit.run(TellPhone{"\"2\"", RebootVerb::resync, 1}).value().events);
      CHECK(told.reason == RebootReason::name_synced);
      CHECK(told.verb == RebootVerb::resync);
      CHECK(kit.run(TellPhone{"\"2\"", RebootVerb::resync, 1}).value().events.empty());
      CHECK(kit.run(ReportOverdue{told.reboot, "not_fetched", "", {}}).value().events.empty());  // not answered yet
      kit.restart();
      only<RebootAccepted>(
          kit.run(ReportReboot{told.reboot, ReportReboot::Answer::accepted, "", 200, ""}).value().events);

      THEN("an older file does not converge, the wanted one does, and its registration is recorded once") {
        CHECK(kit.run(ReportFetched{"\"1\""}).value().events.empty());
        CHECK(only<DeviceConverged>(kit.run(ReportFetched{"\"2\""}).value().events).reboot == told.reboot);
        only<DeviceReturned>(kit.run(ReportReturned{told.reboot, "", "", kit.now}).value().events);
        CHECK(kit.run(ReportReturned{told.reboot, "", "", kit.now}).value().events.empty());
      }
      THEN("without a fetch it is told again, and at last given up") {
        only<RebootRetryScheduled>(
            kit.run(ReportOverdue{told.reboot, "not_fetched", "", std::chrono::seconds(30)}).value().events);
        const auto again = only<RebootRequested>(kit.run(TellPhone{"\"2\"", {}, 2}).value().events);
        CHECK(again.attempt == 2);
        REQUIRE(kit.run(ReportReboot{again.reboot, ReportReboot::Answer::refused, "", 481, ""}));
        CHECK(kit.run(ReportOverdue{told.reboot, "refused", "", {}}).value().events.empty());  // of the first
        CHECK(only<RebootFailed>(kit.run(ReportOverdue{again.reboot, "refused", "481", {}}).value().events).attempts ==
              2);
        kit.restart();
        only<DeviceConverged>(kit.run(ReportFetched{"\"2\""}).value().events);
      }
      THEN("what changes meanwhile is what its fetch has to bring") {
        only<ConfigWanted>(kit.run(WantConfig{"\"3\"", "\"1\"", {}, {}}).value().events);
        CHECK(kit.run(ReportFetched{"\"2\""}).value().events.empty());
        CHECK(only<DeviceConverged>(kit.run(ReportFetched{"\"3\""}).value().events).reboot == told.reboot);
      }
      THEN("a campaign comes back later, a person is obeyed at once") {
        CHECK(kit.run(RequestReboot{RebootVerb::reboot, RebootReason::campaign, "\"2\"", kit.ids.next()})
                  .value()
                  .events.empty());
        only<RebootRequested>(
            kit.run(RequestReboot{RebootVerb::reboot, RebootReason::manual, "\"2\"", {}}).value().events);
      }
    }
    WHEN("it is changed back") {
      only<DeviceConverged>(kit.run(WantConfig{"\"1\"", "\"1\"", {}, {}}).value().events);
    }
    WHEN("there is nobody to tell") {
      CHECK(only<RebootFailed>(kit.run(ReportUnreachable{"\"2\"", "nobody"}).value().events).code == "no_phone");
      THEN("that is said once, and it can be told when it is there") {
        CHECK(kit.run(ReportUnreachable{"\"2\"", "nobody"}).value().events.empty());
        only<RebootRequested>(kit.run(TellPhone{"\"2\""}).value().events);
      }
    }
  }
}

SCENARIO("what a phone proves itself with is set, replaced, and goes with its device") {
  EntityKit<Device> kit(mac.text());

  GIVEN("no device") {
    for (const Device::Command& command :
         {Device::Command(SetDeviceCredentials{"u", {"v1.sealed"}}), Device::Command(RemoveDeviceCredentials{}),
          Device::Command(IssueDeviceToken{{"v1.token"}, "aa", std::chrono::minutes(5)}),
          Device::Command(RevokeDeviceToken{}), Device::Command(OpenDeviceEnrolment{})})
      CHECK(kit.run(command).error().code == "device_not_found");
  }
  GIVEN("a device") {
    REQUIRE(kit.run(t46s(false)));
    CHECK(kit.run(RemoveDeviceCredentials{}).value().events.empty());
    CHECK(kit.run(RevokeDeviceToken{}).value().events.empty());
    const auto set = kit.run(SetDeviceCredentials{"001565123456", {"v1.password"}}).value();
    CHECK(only<DeviceCredentialsSet>(set.events).username == "001565123456");
    const auto first = kit.run(IssueDeviceToken{{"v1.first"}, "aa", std::chrono::minutes(5)}).value();
    CHECK_FALSE(only<DeviceTokenIssued>(first.events).previous_until);  // there was none to be kept
    const auto second = kit.run(IssueDeviceToken{{"v1.second"}, "bb", std::chrono::minutes(5)}).value();
    CHECK(only<DeviceTokenIssued>(second.events).previous_until == kit.now + std::chrono::minutes(5));
    const auto third = kit.run(IssueDeviceToken{{"v1.third"}, "cc", std::chrono::minutes(0)}).value();
    CHECK_FALSE(only<DeviceTokenIssued>(third.events).previous_until);

    WHEN("it is registered anew") {
      REQUIRE(kit.run(t46s(false)));
      const auto revoked = kit.run(RevokeDeviceToken{}).value();
      CHECK(only<DeviceTokenRevoked>(revoked.events).token.text == "v1.third");
    }
    WHEN("it is unregistered") {
      const auto gone = kit.run(UnregisterDevice{}).value();
      CHECK(only<DeviceCredentialsRemoved>(gone.events).password.text == "v1.password");
      CHECK(only<DeviceTokenRevoked>(gone.events, 1).token.text == "v1.third");
      only<DeviceUnregistered>(gone.events, 2);
    }
  }
}

SCENARIO("a secret that was sealed with the key of a removed one does not take its place") {
  EntityKit<Device> kit(mac.text());
  REQUIRE(kit.run(t46s(false)));
  REQUIRE(kit.run(SetDeviceCredentials{"u", {"v1.password.a"}}));
  REQUIRE(kit.run(IssueDeviceToken{{"v1.token.a"}, "aa"}));
  GIVEN("secrets that are there") {
    CHECK(kit.run(SetDeviceCredentials{"u", {"v1.password.b"}, {"v1.password.a"}}));
    CHECK(kit.run(IssueDeviceToken{{"v1.token.b"}, "bb", std::chrono::minutes(0), {"v1.token.a"}}));
  }
  GIVEN("secrets that were removed while new ones were sealed") {
    REQUIRE(kit.run(RemoveDeviceCredentials{}));
    REQUIRE(kit.run(RevokeDeviceToken{}));
    CHECK(kit.run(SetDeviceCredentials{"u", {"v1.password.b"}, {"v1.password.a"}}).error().code == "secret_outdated");
    CHECK(kit.run(IssueDeviceToken{{"v1.token.b"}, "bb", std::chrono::minutes(0), {"v1.token.a"}}).error().code ==
          "secret_outdated");
    CHECK(kit.run(SetDeviceCredentials{"u", {"v1.fresh.a"}}));
  }
}
