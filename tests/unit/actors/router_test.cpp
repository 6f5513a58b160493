#include "actors/device/device.hpp"
#include "actors/router_actor.hpp"
#include "tests/support/entity_kit.hpp"

using namespace strowger;
using namespace strowger::actors;
using test::EntityKit;

namespace {

RegisterDevice device(std::uint64_t bits) {
  return {MacAddress::from_bits(bits), *ExtensionNumber::parse("1001"), "yealink", "t46s", false};
}

}  // namespace

SCENARIO("too many entities: the least recently used give way, and no command is lost") {
  RouterLimits limits;
  limits.max_live = 4;
  EntityKit<Device> kit("unused", limits);
  std::size_t answered = 0;
  for (std::uint64_t round = 0; round < 10; ++round)
    for (std::uint64_t bits = 1; bits <= 20; ++bits)
      kit.entities->ask(MacAddress::from_bits(bits).text(), device(bits), {},
                        [&](const Result<Outcome>& outcome) { answered += outcome ? 1 : 0; });
  kit.actors().scheduler->run();
  CHECK(answered == 200);
  CHECK(kit.log.records().size() == 200);
  CHECK(kit.entities->gauges().live <= 4);
  CHECK(kit.entities->gauges().passivated > 0);
  CHECK(kit.entities->gauges().asks == 0);
  for (std::uint64_t bits = 1; bits <= 20; ++bits)
    CHECK(kit.log.read_stream(StreamId::of(MacAddress::from_bits(bits)), StreamVersion{0}, 100)->size() == 10);
}

SCENARIO("an idle entity ends and comes back from the log") {
  RouterLimits limits;
  limits.idle = std::chrono::seconds(60);
  limits.sweep = std::chrono::seconds(5);
  EntityKit<Device> kit(MacAddress::from_bits(1).text(), limits);
  REQUIRE(kit.run(device(1)));
  CHECK(kit.entities->gauges().live == 1);
  kit.actors().scheduler->advance_time(std::chrono::seconds(90));
  for (int i = 0; i < 30; ++i) {
    kit.actors().scheduler->run();
    kit.actors().scheduler->advance_time(std::chrono::seconds(5));
  }
  kit.actors().scheduler->run();
  CHECK(kit.entities->gauges().live == 0);
  const auto again = kit.run(device(1)).value();
  CHECK(std::get<DeviceRegistered>(again.events.front()).replaced);
}

SCENARIO("commands that come while an append is in flight wait their turn") {
  EntityKit<Device> kit(MacAddress::from_bits(1).text());
  kit.log.hold();
  std::vector<bool> replaced;
  for (int i = 0; i < 3; ++i)
    kit.entities->ask(MacAddress::from_bits(1).text(), device(1), {}, [&](const Result<Outcome>& outcome) {
      replaced.push_back(std::get<DeviceRegistered>(outcome.value().events.front()).replaced);
    });
  kit.actors().scheduler->run();
  CHECK(kit.log.records().size() == 1);
  CHECK(replaced.empty());
  kit.log.release();
  kit.actors().scheduler->run();
  CHECK(replaced == std::vector<bool>{false, true, true});
}

SCENARIO("a system that stops answers what it did not decide") {
  std::optional<Result<Outcome>> answer, waiting;
  {
    EntityKit<Device> kit(MacAddress::from_bits(1).text());
    kit.log.hold();
    kit.entities->ask(MacAddress::from_bits(1).text(), device(1), {},
                      [&](Result<Outcome> o) { answer = std::move(o); });
    kit.entities->ask(MacAddress::from_bits(1).text(), device(1), {},
                      [&](Result<Outcome> o) { waiting = std::move(o); });
    kit.actors().scheduler->run();
    kit.entities.reset();
    kit.actors().scheduler->run();
    kit.log.release();
    kit.actors().scheduler->run();
  }
  REQUIRE(answer);
  CHECK(answer->error().kind == ErrorKind::unavailable);
  CHECK(answer->error().code == "outcome_unknown");  // it is in the log, and may not have been
  REQUIRE(waiting);
  CHECK(waiting->error().code == "not_answered");
}

SCENARIO("a snapshot spares the replay and is never needed") {
  EntityLimits entity;
  entity.snapshot_every = 10;
  EntityKit<Device> kit(MacAddress::from_bits(1).text(), {}, entity);
  for (int i = 0; i < 25; ++i) REQUIRE(kit.run(device(1)));
  CHECK(kit.log.snapshots_saved() == 2);
  kit.restart();
  CHECK(number(kit.run(device(1)).value().version) == 26);
  kit.log.save_snapshot(StreamId::of(MacAddress::from_bits(1)), {StreamVersion{26}, 1, "not a snapshot"});
  kit.restart();
  CHECK(number(kit.run(device(1)).value().version) == 27);
}
