// The closed loop over real sockets, with phones as they are met in the field.
#include "events/json.hpp"
#include "tests/integration/convergence/site.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"

#include <algorithm>

using namespace strowger;
using namespace std::chrono_literals;
using test::eventually;
using test::Habit;
using test::LoopSite;
using test::Phone;
using test::SipServer;

namespace {

sip::ServerOptions impatient() {
  auto options = SipServer::default_options();
  options.notifier.timeout = std::chrono::milliseconds(1200);
  return options;
}

}  // namespace

TEST_CASE("a phone that obeys has converged, and is seen to come back") {
  LoopSite site;
  auto& ann = site.add(1);
  auto& bob = site.add(2);
  site.start();
  site.rename(ann, "Ann");
  REQUIRE(eventually([&] { return site.all<DeviceConverged>().size() == 1; }));
  REQUIRE(eventually([&] { return site.all<DeviceReturned>().size() == 1; }));
  CHECK(site.all<DeviceReturned>()[0].mac == ann.mac);
  CHECK(ann.told == 1);
  CHECK(bob.told == 0);
}

TEST_CASE("a phone that wants credentials for its NOTIFY is given them") {
  LoopSite site;
  auto& phone = site.add(1, Habit::challenges);
  site.start();
  site.rename(phone, "Ann");
  REQUIRE(eventually([&] { return site.all<DeviceConverged>().size() == 1; }));
  CHECK(site.all<RebootRequested>().size() == 1);
  CHECK(site.all<RebootRefused>().empty());
}

TEST_CASE("a phone that answers 200 and does nothing has not converged, and that is said") {
  LoopSite site;
  auto& phone = site.add(1, Habit::deaf);
  site.start();
  site.rename(phone, "Ann");
  for (std::size_t attempt = 1; attempt <= 3; ++attempt) {
    REQUIRE(eventually([&] { return site.all<RebootAccepted>().size() == attempt; }));
    CHECK(phone.told == attempt);
    site.pass(101s);
    if (attempt == 3) break;
    REQUIRE(eventually([&] { return site.all<RebootRetryScheduled>().size() == attempt; }));
    site.pass(121s);
  }
  REQUIRE(eventually([&] { return site.all<RebootFailed>().size() == 1; }));
  CHECK(site.all<RebootFailed>()[0].code == "not_fetched");
  CHECK(site.all<DeviceConverged>().empty());
}

TEST_CASE("a phone that answers 481 has failed, with that as the reason") {
  LoopSite site;
  site.policy.retries = 0;
  auto& phone = site.add(1, Habit::refuses);
  site.start();
  site.rename(phone, "Ann");
  REQUIRE(eventually([&] { return site.all<RebootFailed>().size() == 1; }));
  CHECK(site.all<RebootFailed>()[0].code == "refused");
  CHECK_THAT(site.all<RebootFailed>()[0].reason, ContainsSubstring("481"));
}

TEST_CASE("a phone that vanishes is told where it comes back") {
  LoopSite site(impatient());
  site.policy.retries = 0;
  auto& phone = site.add(1, Habit::vanished);
  site.start();
  site.rename(phone, "Ann");
  REQUIRE(eventually([&] { return site.all<RebootFailed>().size() == 1; }));
  CHECK(site.all<RebootFailed>()[0].code == "unanswered");
  phone.habit = Habit::obeys;
  site.moves(phone);
  const auto before = phone.told.load();
  site.pass(31s);
  REQUIRE(eventually([&] { return site.all<DeviceConverged>().size() == 1; }));
  CHECK(phone.told == before + 1);
}

TEST_CASE("a phone that comes back at another IP is told there") {
  LoopSite site(impatient());
  site.policy.retries = 0;
  auto& phone = site.add(1, Habit::vanished);
  auto& other = site.add(2);
  std::string says;
  SECTION("known by the MAC of its User-Agent") {
    phone.headers = "User-Agent: Yealink SIP-T46S 66.86.0.15 00:15:65:00:00:01\r\n";
    says = "User-Agent";
  }
  SECTION("known by its instance, which is there once") {
    phone.contact_parameters = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-001565000001>\"";
    says = "instance";
  }
  SECTION("known by nothing but its extension, when its old registration has ended") {
    says = "nothing";
  }
  SECTION("known by nothing, while its old registration lives on") {
    says = "nothing, twice";
  }
  CAPTURE(says);
  // Who it is it says from now on, and in the last case for a minute only.
  const bool short_lived = says == "nothing";
  site.registers(phone, short_lived ? "60" : "3600");
  site.start();
  site.rename(phone, "Ann");
  REQUIRE(eventually([&] { return site.all<RebootFailed>().size() == 1; }));
  CHECK(site.all<RebootFailed>()[0].code == "unanswered");
  if (short_lived) {
    site.pass(120s);
    REQUIRE(eventually([&] { return site.server.bindings_of(phone.extension.text()).empty(); }));
  }

  phone.habit = Habit::obeys;
  const auto before = phone.told.load();
  site.moves(phone, "127.0.0.3");
  CHECK(site.server.bindings_of(phone.extension.text()).size() ==
        (says == "User-Agent" || says == "nothing, twice" ? 2 : 1));
  site.pass(31s);
  REQUIRE(eventually([&] { return site.all<DeviceConverged>().size() == 1; }));
  CHECK(phone.told == before + 1);
  REQUIRE(eventually([&] { return site.all<DeviceReturned>().size() == 1; }));
  CHECK(site.all<DeviceReturned>()[0].ip == "127.0.0.3");
  CHECK(other.told == 0);
}

TEST_CASE("a phone is told where it is registered, and comes back where it shall be") {
  LoopSite site;
  auto& phone = site.add(1);
  auto& other = site.add(2);
  std::string says;
  SECTION("known by the MAC of its User-Agent") {
    phone.headers = "User-Agent: Yealink SIP-T46S 66.86.0.15 00:15:65:00:00:01\r\n";
    site.registers(phone);
  }
  SECTION("known by its instance") {
    phone.contact_parameters = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-001565000001>\"";
    site.registers(phone);
  }
  SECTION("known by the extension that it had") {}
  site.start();
  bool at_once = false;
  SECTION("by a person, who has it told at once") {
    at_once = true;
  }
  SECTION("by a directory or an import, at the set pace") {}
  CHECK(site.give(phone, "10007", at_once) == at_once);
  REQUIRE(eventually([&] { return site.all<DeviceConverged>().size() == 1; }));
  REQUIRE(eventually([&] { return site.all<DeviceReturned>().size() == 1; }));
  CHECK(site.server.bindings_of("10007").size() == 1);
  CHECK(phone.told == 1);
  CHECK(other.told == 0);
  CHECK(site.all<RebootRequested>().size() == 1);
}

TEST_CASE("the phone of an extension that is gone is told first, then its bindings go") {
  LoopSite site(impatient());
  auto& phone = site.add(1, Habit::deaf);
  auto& other = site.add(2);
  std::string reason;
  site.start();
  SECTION("disabled") {
    site.disable(phone.extension);
    reason = "extension_disabled";
  }
  SECTION("deleted") {
    site.remove(phone.extension);
    reason = "extension_deleted";
  }
  SECTION("disabled, and the phone does not answer") {
    phone.habit = Habit::vanished;
    site.disable(phone.extension);
    reason = "extension_disabled";
  }
  SECTION("disabled while the server did not see it") {
    site.stop_evictions();
    site.disable(phone.extension);
    site.start_evictions();
    reason = "extension_disabled";
  }
  REQUIRE(eventually([&] { return site.server.bindings_of(phone.extension.text()).empty(); }));
  CHECK(phone.told == 1);
  CHECK(other.told == 0);
  CHECK(site.server.bindings_of(other.extension.text()).size() == 1);
  std::vector<std::string> order;
  for (const auto& record : site.server.log->records())
    if (record.type == RebootAccepted::type || record.type == RebootUnanswered::type ||
        record.type == PhoneUnregistered::type)
      order.push_back(record.type);
  REQUIRE(order.size() == 2);
  CHECK(order[1] == PhoneUnregistered::type);
  CHECK(json::word(site.all<PhoneUnregistered>()[0].reason) == reason);
}

TEST_CASE("nobody registers on a disabled extension while its phone is told") {
  LoopSite site;  // NOTIFYs are repeated for 32 s
  auto& phone = site.add(1, Habit::vanished);
  site.start();
  site.disable(phone.extension);
  REQUIRE(eventually([&] { return phone.told == 1; }));
  site.stop_answering();
  Phone again(test::Wire::Kind::udp, site.server.port(), phone.extension.text());
  CHECK(again.register_as(again.contact()).status() == 403);
  CHECK(site.server.bindings_of(phone.extension.text()).size() == 1);
  site.answer_notifies();
  site.pass(60s);  // a phone that does not answer is not waited for any longer
  REQUIRE(eventually([&] { return site.server.bindings_of(phone.extension.text()).empty(); }));
}

TEST_CASE("a user who got another number has a working phone, and the number they had has no binding") {
  LoopSite site;
  site.policy.pace.quiet = QuietHours::parse("00:00-12:00,12:00-00:00").value();  // nobody is told for a mere change
  auto& phone = site.add(1);
  const auto former = phone.extension;
  site.start();
  site.give(phone, "10007", false);
  site.disable(former);
  REQUIRE(eventually([&] { return site.all<DeviceConverged>().size() == 1; }));
  REQUIRE(eventually([&] { return site.server.bindings_of("10007").size() == 1; }));
  REQUIRE(eventually([&] { return site.server.bindings_of(former.text()).empty(); }));
  CHECK(phone.told == 1);
}

TEST_CASE("2,000 phones at once: each is told once, and each has converged") {
  constexpr std::size_t phones = 2'000;
  LoopSite site;
  for (std::size_t i = 0; i < phones; ++i) site.add(i + 1, Habit::obeys, false);
  site.policy.pace.max_in_flight = 400;
  site.start();
  site.change_template();
  REQUIRE(eventually([&] { return site.converged == phones; }, 60s));
  CHECK(std::all_of(site.desks.begin(), site.desks.end(), [](const auto& desk) { return desk->told == 1; }));
  CHECK(site.all<RebootRequested>().size() == phones);
}
