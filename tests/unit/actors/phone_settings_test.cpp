#include "actors/phone_settings/phone_settings.hpp"

#include "actors/device/device.hpp"
#include "tests/support/entity_kit.hpp"

using namespace strowger;
using namespace strowger::actors;
using test::EntityKit;

namespace {

ChangePhoneSettings site(std::map<std::string, std::string> set) {
  ChangePhoneSettings change{SettingsLevel::site, "berlin"};
  change.set = std::move(set);
  return change;
}

const PhoneSettingsChanged& only(const Outcome& outcome) {
  REQUIRE(outcome.events.size() == 1);
  return std::get<PhoneSettingsChanged>(outcome.events.front());
}

}  // namespace

SCENARIO("a level's settings are changed, replaced and taken back") {
  EntityKit<PhoneSettings> kit("site_berlin");

  GIVEN("a site with a zone, a password and a key") {
    auto first = site({{"timezone", "Europe/Berlin"}});
    first.secrets["admin_password"] = SealedSecret{"v1"};
    first.keys["5"] = PhoneKey{"blf", "1002", "Bob", 0, ""};
    REQUIRE(kit.run(first));

    WHEN("the same is said again") {
      THEN("nothing is written") {
        CHECK(kit.run(first)->events.empty());
      }
    }
    WHEN("one more is set") {
      const auto outcome = kit.run(site({{"timezone", "Europe/Berlin"}, {"language", "de"}})).value();
      const auto& event = only(outcome);
      THEN("the event says only that") {
        CHECK(event.set == std::map<std::string, std::string>{{"language", "de"}});
        CHECK(event.secrets.empty());
        CHECK(event.removed.empty());
        CHECK(event.name == "berlin");
      }
    }
    WHEN("it is replaced, and the password is given as it is") {
      auto change = site({{"timezone", "UTC"}});
      change.replace = true;
      change.kept = {"admin_password"};
      const auto outcome = kit.run(change).value();
      const auto& event = only(outcome);
      THEN("what was not given is taken back") {
        CHECK(event.removed == std::vector<std::string>{"keys.5"});
        CHECK(event.set.at("timezone") == "UTC");
      }
    }
    WHEN("keys are taken back") {
      auto change = site({});
      change.remove = {"keys", "ntp_server"};
      const auto outcome = kit.run(change).value();
      THEN("what was not there is no change") {
        CHECK(only(outcome).removed == std::vector<std::string>{"keys.5"});
      }
    }
    WHEN("all is taken back, and the server crashes") {
      auto change = site({});
      change.replace = true;
      CHECK(only(kit.run(change).value()).removed.size() == 3);
      kit.restart();
      THEN("nothing is left to take back") {
        CHECK(kit.run(change)->events.empty());
      }
    }
  }
}

SCENARIO("a device is given lines and a site") {
  const auto mac = MacAddress::parse("001565123456").value();
  const auto ann = ExtensionNumber::parse("1001").value();
  const auto bob = ExtensionNumber::parse("1002").value();
  EntityKit<Device> kit(mac.text());

  GIVEN("a device on two lines") {
    RegisterDevice command{mac, ann, "yealink", "t46s", true};
    command.site = "berlin";
    command.lines = std::vector<DeviceLine>{{2, bob, "Bob"}};
    const auto registered = kit.run(command).value();
    THEN("site and lines are events of their own, and it is told to reboot last") {
      REQUIRE(registered.events.size() == 4);
      CHECK(std::get<DeviceSiteChanged>(registered.events[1]).site == "berlin");
      CHECK(std::get<DeviceLinesChanged>(registered.events[2]).lines.front().extension == bob);
      CHECK(std::holds_alternative<RebootRequested>(registered.events[3]));
    }
    WHEN("it is registered anew without a word of them") {
      const auto again = kit.run(RegisterDevice{mac, ann, "yealink", "t48s", false}).value();
      THEN("they stay") {
        CHECK(again.events.size() == 1);
        CHECK(kit.run(ChangeDevice{{}, {}, {}, "berlin", std::vector<DeviceLine>{{2, bob, "Bob"}}})->events.empty());
      }
    }
    WHEN("it is unregistered and registered") {
      REQUIRE(kit.run(UnregisterDevice{}));
      REQUIRE(kit.run(RegisterDevice{mac, ann, "yealink", "t46s", false}));
      THEN("it has neither") {
        CHECK(kit.run(ChangeDevice{{}, {}, {}, "", std::vector<DeviceLine>{}})->events.empty());
      }
    }
  }
}

SCENARIO("a secret setting that was sealed with the key of one that is gone is refused") {
  EntityKit<PhoneSettings> kit("site_berlin");
  auto first = site({});
  first.secrets["admin_password"] = SealedSecret{"v1.one.a"};
  REQUIRE(kit.run(first));
  auto second = site({});
  second.secrets["user_password"] = SealedSecret{"v1.one.b"};
  second.sealed_like = first.secrets["admin_password"];
  GIVEN("the one that is there") {
    CHECK(kit.run(second));
  }
  GIVEN("one that was taken back meanwhile") {
    auto back = site({});
    back.remove = {"admin_password"};
    REQUIRE(kit.run(back));
    CHECK(kit.run(second).error().code == "secret_outdated");
    second.sealed_like = {};
    CHECK(kit.run(second));
  }
}
