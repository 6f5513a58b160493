#include "actors/reboot/reboot_reactor.hpp"

#include "actors/reboot/correlation.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"

#include <caf/all.hpp>

using namespace strowger;
using test::eventually;

namespace {

const MacAddress mac = *MacAddress::parse("001565123456");
const MacAddress other_mac = *MacAddress::parse("001565aaaaaa");
const ExtensionNumber ann = *ExtensionNumber::parse("1001");

registrar::BindingPtr binding(std::string contact, std::string ip, std::optional<MacAddress> with_mac = {},
                              std::string user_agent = "", std::string transport = "udp") {
  registrar::Binding b;
  b.transport = std::move(transport);
  b.extension = ann;
  b.contact = std::move(contact);
  b.ip = std::move(ip);
  b.mac = with_mac;
  b.user_agent = std::move(user_agent);
  return std::make_shared<const registrar::Binding>(std::move(b));
}

class FixedBindings : public registrar::Bindings {
 public:
  std::vector<registrar::BindingPtr> of(const ExtensionNumber& extension) const override {
    return extension == ann ? bindings : std::vector<registrar::BindingPtr>{};
  }
  std::vector<registrar::BindingPtr> all() const override { return bindings; }
  std::size_t registered_extensions() const override { return bindings.empty() ? 0 : 1; }
  std::vector<registrar::BindingPtr> bindings;
};

// Records what it was told to send; the test answers.
class RecordingNotifier : public reboot::PhoneNotifier {
 public:
  void notify(reboot::Notice notice, std::function<void(reboot::NoticeOutcome)> done) override {
    const std::lock_guard lock(mutex_);
    sent_.emplace_back(std::move(notice), std::move(done));
  }
  std::size_t sent() const {
    const std::lock_guard lock(mutex_);
    return sent_.size();
  }
  reboot::Notice notice(std::size_t at) const {
    const std::lock_guard lock(mutex_);
    return sent_.at(at).first;
  }
  void answer(std::size_t at, reboot::NoticeOutcome outcome) {
    std::function<void(reboot::NoticeOutcome)> done;
    {
      const std::lock_guard lock(mutex_);
      done = sent_.at(at).second;
    }
    done(std::move(outcome));
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<reboot::Notice, std::function<void(reboot::NoticeOutcome)>>> sent_;
};

// In a call for as long as the test says so.
class FakeCalls : public reboot::BusyPhones {
 public:
  bool in_call(const MacAddress&, const ExtensionNumber& extension) const override { return busy && extension == ann; }
  std::atomic<bool> busy = false;
};

// Does not take the answers of phones while it is told so, for a reason that no waiting mends.
class RefusingLog : public test::MemoryLog {
 public:
  void append(AppendRequest request, AppendDone done) override {
    if (refusing && !request.events.empty() && request.events.front().type == RebootAccepted::type)
      return done(internal_error("told to refuse"));
    MemoryLog::append(std::move(request), std::move(done));
  }
  std::atomic<bool> refusing = false;
};

// Real threads, a log in memory, a phone that answers as it is told.
struct Site {
  caf::actor_system_config config;
  caf::actor_system system{config};
  IdSource ids;
  RefusingLog log;
  actors::DeadLetters letters{log, system_now, {}};
  actors::EntityWorld world{log, ids, system_now};
  actors::Entities<actors::Device> devices{system, world};
  DevicesProjection projection;
  FixedBindings bindings;
  RecordingNotifier notifier;
  FakeCalls calls;

  std::unique_ptr<reboot::RebootReactor> react(Position from = Position{0}, Drive drive = Drive::own_thread) {
    return std::make_unique<reboot::RebootReactor>(
        reboot::RebootReactor::World{log, devices, projection, bindings, notifier, calls,
                                     [](const std::string& vendor, RebootVerb) { return vendor + "-reboot"; },
                                     [](const std::string&) {}, [](const Error& error) { FAIL(error.message); },
                                     &letters},
        from, drive);
  }
  void register_device() {
    std::atomic<bool> done = false;
    devices.ask(mac.text(), actors::RegisterDevice{mac, ann, "yealink", "t46s", true}, {},
                [&](const Result<actors::Outcome>&) { done = true; });
    REQUIRE(eventually([&] { return done.load(); }));
  }
  template <class T>
  std::optional<T> event() const {
    for (const auto& record : log.records())
      if (const auto envelope = decode(record).value(); std::holds_alternative<T>(envelope.event))
        return std::get<T>(envelope.event);
    return std::nullopt;
  }
};

}  // namespace

SCENARIO("a requested reboot is told to the phone, and its answer becomes an event") {
  Site site;
  site.bindings.bindings = {binding("sip:1001@192.0.2.1", "192.0.2.1", mac)};
  const auto reactor = site.react();
  site.register_device();
  REQUIRE(eventually([&] { return site.notifier.sent() == 1; }));
  CHECK(site.notifier.notice(0).event == "yealink-reboot");

  WHEN("it accepts") {
    site.notifier.answer(0, {200, "OK", false});
    REQUIRE(eventually([&] { return site.event<RebootAccepted>().has_value(); }));
    const auto records = site.log.records();
    CHECK(records.back().correlation == records.front().correlation);
    CHECK(records.back().causation == records[1].id);
    CHECK(records.back().by == "phone:001565123456");
    CHECK(eventually([&] { return reactor->under_way() == 0; }));
  }
  WHEN("it refuses") {
    site.notifier.answer(0, {481, "Subscription does not exist", false});
    REQUIRE(eventually([&] { return site.event<RebootRefused>().has_value(); }));
    CHECK(site.event<RebootRefused>()->status == 481);
  }
  WHEN("it does not answer") {
    site.notifier.answer(0, {408, "Request Timeout", true});
    REQUIRE(eventually([&] { return site.event<RebootUnanswered>().has_value(); }));
  }
  WHEN("the log cannot be written just then") {
    site.log.fail_next(2);
    site.notifier.answer(0, {200, "OK", false});
    THEN("the answer is kept and recorded when it can") {
      CHECK(eventually([&] { return site.event<RebootAccepted>().has_value(); }));
    }
  }
}

SCENARIO("what became of a reboot is not dropped where it cannot be recorded: it is parked and reported again") {
  Site site;
  site.bindings.bindings = {binding("sip:1001@192.0.2.1", "192.0.2.1", mac)};
  const auto reactor = site.react(Position{0}, Drive::by_hand);
  site.register_device();
  const auto steps_until = [&](const std::function<bool()>& condition) {
    return eventually([&] {
      reactor->step(100);
      return condition();
    });
  };
  REQUIRE(steps_until([&] { return site.notifier.sent() == 1; }));
  site.log.refusing = true;
  site.notifier.answer(0, {200, "OK", false});
  REQUIRE(steps_until([&] { return site.letters.size() == 1; }));
  CHECK(reactor->under_way() == 0);
  const auto letter = site.letters.list().at(0);
  CHECK(letter.handler == "reboots");
  CHECK(letter.stream == "device/001565123456");
  CHECK(letter.tries == 5);
  CHECK_THAT(letter.reason, ContainsSubstring("told to refuse"));
  CHECK_FALSE(site.event<RebootAccepted>());

  WHEN("it is tried again and the log takes it") {
    site.log.refusing = false;
    REQUIRE(site.letters.retry("reboots", letter.event));
    REQUIRE(steps_until([&] { return site.event<RebootAccepted>().has_value(); }));
    CHECK(eventually([&] { return site.letters.size() == 0; }));
  }
  WHEN("it is tried again and the log still does not take it") {
    REQUIRE(site.letters.retry("reboots", letter.event));
    REQUIRE(steps_until([&] { return site.letters.parked() == 2; }));
    CHECK(site.letters.size() == 1);
  }
}

SCENARIO("a phone that is registered twice is told at both, and one acceptance is enough") {
  Site site;
  site.bindings.bindings = {binding("sip:1001@192.0.2.1", "192.0.2.1", mac),
                            binding("sip:1001@192.0.2.1;transport=tcp", "192.0.2.1", mac, "", "tcp")};
  const auto reactor = site.react();
  site.register_device();
  REQUIRE(eventually([&] { return site.notifier.sent() == 2; }));
  site.notifier.answer(0, {200, "OK", false});
  CHECK_FALSE(site.event<RebootAccepted>());
  site.notifier.answer(1, {408, "", true});
  REQUIRE(eventually([&] { return site.event<RebootAccepted>().has_value(); }));
  CHECK(site.event<RebootAccepted>()->contact == "sip:1001@192.0.2.1");
}

SCENARIO("a reboot that a crash left unanswered is told again, an answered one is not") {
  Site site;
  site.bindings.bindings = {binding("sip:1001@192.0.2.1", "192.0.2.1", mac)};
  site.register_device();  // no reactor runs yet
  const auto apply_all = [&] {
    for (const auto& record : site.log.records()) site.projection.apply(decode(record).value());
    return site.log.last_position();
  };
  {
    const auto reactor = site.react(apply_all());
    REQUIRE(eventually([&] { return site.notifier.sent() == 1; }));
    site.notifier.answer(0, {200, "OK", false});
    REQUIRE(eventually([&] { return site.event<RebootAccepted>().has_value(); }));
  }
  const auto reactor = site.react(apply_all());
  CHECK(reactor->under_way() == 0);
  CHECK(site.notifier.sent() == 1);
}

SCENARIO("a phone in a call is told when its call has ended") {
  Site site;
  site.bindings.bindings = {binding("sip:1001@192.0.2.1", "192.0.2.1", mac)};
  site.calls.busy = true;
  const auto reactor = site.react();
  site.register_device();
  REQUIRE(eventually([&] { return site.event<RebootDeferred>().has_value(); }));
  CHECK(site.event<RebootDeferred>()->reboot == site.event<RebootRequested>()->reboot);
  CHECK(site.notifier.sent() == 0);
  CHECK(reactor->under_way() == 1);
  site.calls.busy = false;
  REQUIRE(eventually([&] { return site.notifier.sent() == 1; }));
  site.notifier.answer(0, {200, "OK", false});
  CHECK(eventually([&] { return site.event<RebootAccepted>().has_value(); }));
}

SCENARIO("nobody to tell is said at once") {
  Site site;
  const auto reactor = site.react();
  site.register_device();
  REQUIRE(eventually([&] { return site.event<RebootUnanswered>().has_value(); }));
  CHECK_THAT(site.event<RebootUnanswered>()->reason, ContainsSubstring("no phone is registered"));
}

TEST_CASE("a device's bindings are told from others of its extension by the best evidence") {
  DeviceRow device;
  device.definition = std::make_shared<const DeviceDefinition>(DeviceDefinition{mac, ann, "yealink", "t46s"});
  const auto mine = binding("a", "192.0.2.1", mac), others = binding("b", "192.0.2.2", other_mac),
             soft = binding("c", "192.0.2.3", {}, "Grandstream GXP2170"), unknown = binding("d", "192.0.2.4"),
             same_vendor = binding("e", "192.0.2.5", {}, "Yealink SIP-T46S 66.86.0.15");
  using Bindings = std::vector<registrar::BindingPtr>;
  CHECK(reboot::bindings_of(device, {mine, others, soft, unknown}) == Bindings{mine});
  CHECK(reboot::bindings_of(device, {others, soft, unknown, same_vendor}) == Bindings{unknown, same_vendor});
  device.activity.last_ip = "192.0.2.5";
  CHECK(reboot::bindings_of(device, {others, soft, unknown, same_vendor}) == Bindings{same_vendor});
  CHECK(reboot::bindings_of(device, {others, soft}).empty());
}
