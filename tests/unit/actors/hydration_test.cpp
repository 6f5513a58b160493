// How entities come back from the log: off the scheduler's threads, past facts, and once only past many.
#include "actors/campaign/campaign.hpp"
#include "actors/contact/contact.hpp"
#include "actors/device/device.hpp"
#include "actors/extension/extension.hpp"
#include "actors/phone_settings/phone_settings.hpp"
#include "actors/router.hpp"
#include "actors/snapshot_sweep.hpp"
#include "actors/user/user.hpp"
#include "events/facts.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/memory_log.hpp"
#include "tests/support/sample_values.hpp"

#include <atomic>
#include <future>
#include <mutex>

#include <caf/all.hpp>

using namespace strowger;
using namespace strowger::actors;
using namespace strowger::test;

namespace {

const MacAddress ann = MacAddress::from_bits(1), bob = MacAddress::from_bits(2);

RegisterDevice registration(const MacAddress& mac) {
  return {mac, *ExtensionNumber::parse("1001"), "yealink", "t46s", false};
}

// Holds up whoever reads ann's stream.
class GatedLog : public MemoryLog {
 public:
  Result<std::vector<Record>> read_stream(const StreamId& stream, StreamVersion after, std::size_t max) override {
    if (stream == StreamId::of(ann)) {
      ++reading;
      opened_.wait();
    }
    return MemoryLog::read_stream(stream, after, max);
  }
  void open() { gate_.set_value(); }
  std::atomic<int> reading{0};

 private:
  std::promise<void> gate_;
  std::shared_future<void> opened_ = gate_.get_future().share();
};

struct OneThread : caf::actor_system_config {
  OneThread() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 1);
    set("logger.console", caf::atom("none"));
  }
};

void add(EventLog& log, IdSource& ids, const StreamId& stream, const Event& event, std::size_t times = 1) {
  AppendRequest request;
  request.stream = stream;
  for (std::size_t i = 0; i < times; ++i)
    request.events.push_back(encode(event, {"system", {}, {}}, system_now(), ids));
  REQUIRE(append_and_wait(log, std::move(request)));
}

ConfigServed fetch(const MacAddress& mac) {
  ConfigServed event;
  event.mac = mac;
  return event;
}

struct Unbounded {
  static constexpr std::array<Bound, 1> bounds{{{"lines", 1}}};
};

template <class D>
void facts_change_nothing() {
  boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Event>>([](auto identity) {
    using T = typename decltype(identity)::type;
    if (!is_fact(T::type)) return;
    CAPTURE(D::category, T::type);
    T event;
    fill(event);
    // What an entity's stream may begin with, so that there is something to change.
    auto state = D::initial();
    boost::mp11::mp_for_each<boost::mp11::mp_transform<boost::mp11::mp_identity, Event>>([&](auto other) {
      typename decltype(other)::type before;
      fill(before);
      state = D::evolve(std::move(state), Event(before));
    });
    const auto before = json::to_string(state);
    CHECK(json::to_string(D::evolve(std::move(state), Event(event))) == before);
    CHECK_FALSE(D::defines(Event(event)));
  });
}

}  // namespace

TEST_CASE("a long history of one entity keeps no other waiting, and what waits for it is bounded") {
  GatedLog log;
  IdSource ids;
  EntityLimits limits;
  limits.most_stashed = 2;
  EntityWorld world{log, ids, system_now, limits};
  world.readers = std::make_shared<Readers>(2);
  OneThread config;
  {
    caf::actor_system system(config);
    {
      Entities<Device> devices(system, world);
      std::vector<std::promise<Result<Outcome>>> of_ann(4);
      std::promise<Result<Outcome>> of_bob;
      for (auto& promise : of_ann)
        devices.ask(ann.text(), registration(ann), {}, [&](Result<Outcome> o) { promise.set_value(std::move(o)); });
      // The one thread of the scheduler is free: bob is answered while ann is read.
      devices.ask(bob.text(), registration(bob), {}, [&](Result<Outcome> o) { of_bob.set_value(std::move(o)); });
      CHECK(of_bob.get_future().get());
      CHECK(eventually([&] { return log.reading > 0; }));
      // One at hand, two stashed; the fourth is told at once.
      CHECK(of_ann[3].get_future().get().error().kind == ErrorKind::overloaded);
      log.open();
      for (int i = 0; i < 3; ++i) CHECK(of_ann[static_cast<std::size_t>(i)].get_future().get());
    }
    world.readers->stop();
  }
}

TEST_CASE("a stop while the log is read answers, and waits for no more than a slice") {
  GatedLog log;
  IdSource ids;
  EntityWorld world{log, ids, system_now};
  world.readers = std::make_shared<Readers>(1);
  std::promise<Result<Outcome>> answer;
  OneThread config;
  {
    caf::actor_system system(config);
    {
      Entities<Device> devices(system, world);
      devices.ask(ann.text(), registration(ann), {}, [&](Result<Outcome> o) { answer.set_value(std::move(o)); });
      REQUIRE(eventually([&] { return log.reading > 0; }));
    }
    log.open();
    world.readers->stop();
  }
  const auto outcome = answer.get_future().get();
  if (!outcome) CHECK(outcome.error().kind == ErrorKind::unavailable);
}

TEST_CASE("readers take turns: a task that goes on waits behind the others") {
  Readers readers(1);
  std::mutex mutex;
  std::string order;
  std::promise<void> begin, done;
  readers.run([&] { begin.get_future().wait(); });
  int left = 3;
  std::function<void()> slices = [&] {
    {
      const std::lock_guard lock(mutex);
      order += 'a';
    }
    if (--left > 0)
      readers.run(slices);
    else
      done.set_value();
  };
  readers.run(slices);
  readers.run([&] {
    const std::lock_guard lock(mutex);
    order += 'b';
  });
  begin.set_value();
  done.get_future().wait();
  readers.stop();
  readers.run([] { FAIL("after the end"); });
  CHECK(order == "abaa");
}

TEST_CASE("a device whose facts are in its stream comes back as one without") {
  MemoryLog log;
  IdSource ids;
  EntityWorld world{log, ids, system_now};
  add(log, ids, StreamId::of(ann), DeviceRegistered{ann, *ExtensionNumber::parse("1001"), "yealink", "t46s"});
  add(log, ids, StreamId::of(ann), fetch(ann), 2'000);
  add(log, ids, StreamId::of(ann), DeviceChanged{ann, *ExtensionNumber::parse("1002"), "yealink", "t48s"});
  add(log, ids, StreamId::of(ann), fetch(ann), 50);
  EntityImage<Device> image(StreamId::of(ann));
  REQUIRE(image.catch_up(world));
  CHECK(image.state().model == "t48s");
  CHECK(number(image.version()) == 2'052);
  CHECK(number(image.definition()) == 2'002);
  CHECK(log.snapshots_saved() == 1);
  // The next time it is read from there.
  const auto replayed = world.counters->replayed.load();
  EntityImage<Device> again(StreamId::of(ann));
  REQUIRE(again.catch_up(world));
  CHECK(world.counters->replayed == replayed);
  CHECK(json::to_string(again.state()) == json::to_string(image.state()));
  CHECK(again.definition() == image.definition());
  // Facts of the present have a stream of their own.
  add(log, ids, StreamId::activity_of(ann), fetch(ann), 1'000);
  REQUIRE(again.catch_up(world));
  CHECK(number(again.version()) == 2'052);
}

TEST_CASE("snapshots of devices with many old facts are made once, and by a restart from where it was") {
  MemoryLog log;
  IdSource ids;
  const EntityWorld world{log, ids, system_now};
  std::vector<std::string> keys;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    const auto mac = MacAddress::from_bits(i);
    keys.push_back(mac.text());
    add(log, ids, StreamId::of(mac), DeviceRegistered{mac, *ExtensionNumber::parse("1001"), "yealink", "t46s"});
    if (i % 2 == 0) add(log, ids, StreamId::of(mac), fetch(mac), 300);
  }
  const auto sweep = [&] {
    std::promise<std::string> said;
    auto future = said.get_future();
    const auto before = log.snapshots_saved();
    {
      SnapshotSweep<Device> sweeping(
          world, [&] { return keys; }, [&](const std::string& line) { said.set_value(line); },
          [](const Error& error) { FAIL(error.message); });
      eventually([&] {
        return log.load_state("snapshot_sweeps", "device").value().value_or("").find("true") != std::string::npos;
      });
    }
    return log.snapshots_saved() - before;
  };
  CHECK(sweep() == 3);
  for (const auto& key : keys) {
    EntityImage<Device> image(StreamId("device", key));
    EntityWorld with = world;
    const auto replayed = with.counters->replayed.load();
    REQUIRE(image.catch_up(with));
    CHECK(with.counters->replayed - replayed <= 1);
  }
  CHECK(sweep() == 0);
}

TEST_CASE("facts change no entity's state") {
  facts_change_nothing<Device>();
  facts_change_nothing<Extension>();
  facts_change_nothing<User>();
  facts_change_nothing<Campaign>();
  facts_change_nothing<Contact>();
  facts_change_nothing<PhoneSettings>();
}

TEST_CASE("collections in a state have bounds, and deciders keep to them") {
  // At compile time for every entity (entity_image.hpp); here, that the check sees what it must.
  CHECK(collections_are_bounded<Device, Device::State>());
  CHECK_FALSE(collections_are_bounded<Unbounded, PhoneSettings::State>());
  CHECK(collections_are_bounded<Unbounded, Device::State>());

  IdSource ids;
  const Context context{system_now(), "admin:ann", ids};
  auto wanted = registration(ann);
  wanted.lines.emplace();
  for (std::size_t i = 0; i <= Device::most_lines; ++i) wanted.lines->emplace_back();
  CHECK(Device::decide({}, wanted, context).error().code == "too_many_lines");
  wanted.lines->pop_back();
  CHECK(Device::decide({}, wanted, context));

  ChangePhoneSettings change{SettingsLevel::global, ""};
  for (std::size_t i = 0; i <= PhoneSettings::most_settings; ++i) change.set[std::to_string(i)] = "on";
  CHECK(PhoneSettings::decide({}, change, context).error().code == "too_many_settings");
}

TEST_CASE("a campaign's state and snapshots are the same size however many devices it skips") {
  IdSource ids;
  const Context context{system_now(), "system", ids};
  auto state = Campaign::evolve({}, CampaignStarted{ids.next()});
  const auto size = json::to_string(state).size();
  SkipDevices skip;
  for (std::uint64_t i = 1; i <= 10'000; ++i) skip.devices.push_back({MacAddress::from_bits(i), "no_phone", "nobody"});
  const auto events = Campaign::decide(state, skip, context).value();
  std::size_t devices = 0;
  for (const auto& event : events) {
    devices += std::get<CampaignDevicesSkipped>(event).devices.size();
    state = Campaign::evolve(std::move(state), event);
  }
  CHECK(devices == 10'000);
  // Of earlier releases, one in an event.
  for (std::uint64_t i = 1; i <= 1'000; ++i)
    state =
        Campaign::evolve(std::move(state), CampaignDeviceSkipped{state.id, MacAddress::from_bits(i), "no_phone", ""});
  CHECK(json::to_string(state).size() == size);
}
