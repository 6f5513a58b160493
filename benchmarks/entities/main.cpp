// What an entity's history costs: the first command of a device with a million old fetches against one with none, and
// the bytes that a campaign writes for each device that it skips. The peer is what it was before facts had streams of
// their own and campaigns kept no list.

#include "actors/campaign/campaign.hpp"
#include "actors/device/device.hpp"
#include "actors/entity_image.hpp"
#include "actors/router.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "benchmarks/table.hpp"
#include "tests/support/temporary_folder.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <caf/all.hpp>

using namespace strowger;
using namespace strowger::actors;

namespace {

constexpr std::size_t skipped = 100'000;
constexpr std::size_t envelope_bytes = 150;  // of a record beside its data, about

struct Config : caf::actor_system_config {
  Config() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 2);
    set("logger.console", caf::atom("none"));
  }
};

double microseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

void register_device(EventLog& log, IdSource& ids, const MacAddress& mac) {
  AppendRequest request;
  request.stream = StreamId::of(mac);
  request.events.push_back(encode(DeviceRegistered{mac, *ExtensionNumber::parse("1001"), "yealink", "t46s"},
                                  {"admin:bench", {}, {}}, system_now(), ids));
  append_and_wait(log, std::move(request)).value();
}

void fetch(EventLog& log, IdSource& ids, const MacAddress& mac, const StreamId& stream, std::size_t fetches) {
  constexpr std::size_t at_once = 4'000;
  const ConfigServed event{mac,
                           *ExtensionNumber::parse("1001"),
                           "yealink",
                           "t46s",
                           "/provision/001565123456.cfg",
                           "\"2f9c1d5be8a0\"",
                           4'321,
                           304,
                           "192.168.1.50",
                           "Yealink SIP-T46S 66.86.0.15"};
  for (std::size_t left = fetches; left > 0;) {
    AppendRequest request;
    for (std::size_t i = 0; i < std::min(at_once, left); ++i)
      request.facts.push_back({stream, encode(event, {"phone:" + mac.text(), {}, {}}, system_now(), ids)});
    left -= request.facts.size();
    append_and_wait(log, std::move(request)).value();
  }
}

// Of an entity that is not in memory. Microseconds, the median of some.
double first_command(EntityWorld& world, const MacAddress& mac, int times) {
  std::vector<double> took;
  for (int i = 0; i < times; ++i) {
    Config config;
    caf::actor_system system(config);
    world.readers = std::make_shared<Readers>();
    {
      Entities<Device> devices(system, world);
      std::promise<void> answered;
      const auto began = std::chrono::steady_clock::now();
      devices.ask(mac.text(), ChangeDevice{}, {}, [&](const Result<Outcome>& outcome) {
        outcome.value();
        answered.set_value();
      });
      answered.get_future().wait();
      took.push_back(microseconds(std::chrono::steady_clock::now() - began));
    }
    world.readers->stop();
  }
  std::nth_element(took.begin(), took.begin() + times / 2, took.end());
  return took[static_cast<std::size_t>(times / 2)];
}

// As before: every event of the stream is read and decoded.
double decode_all(EventLog& log, const StreamId& stream) {
  const auto began = std::chrono::steady_clock::now();
  auto state = Device::initial();
  for (StreamVersion version{};;) {
    const auto records = log.read_stream(stream, version, 512).value();
    for (const auto& record : records) state = Device::evolve(std::move(state), decode(record).value().event);
    if (records.size() < 512) break;
    version = records.back().version;
  }
  return microseconds(std::chrono::steady_clock::now() - began);
}

void hydration(std::size_t fetches) {
  test::TemporaryFolder folder;
  const auto log = rocks::RocksLog::open({.folder = folder.path() / "log"}).value();
  IdSource ids;
  EntityWorld world{*log, ids, system_now};
  const auto none = MacAddress::from_bits(1), old = MacAddress::from_bits(2), present = MacAddress::from_bits(3);
  for (const auto& mac : {none, old, present}) register_device(*log, ids, mac);
  fetch(*log, ids, old, StreamId::of(old), fetches);
  fetch(*log, ids, present, StreamId::activity_of(present), fetches);

  const auto of_none = first_command(world, none, 21);
  bench::table_row("first command, 1 M fetches beside the stream, against none; us", of_none,
                   first_command(world, present, 21), "1");
  bench::table_row("the same, 1 M fetches in the stream: the first time, against decoding all; us",
                   decode_all(*log, StreamId::of(old)), first_command(world, old, 1), "< 1");
  // The snapshot is saved lazily.
  while (!log->load_snapshot(StreamId::of(old)).value()) std::this_thread::yield();
  bench::table_row("the same, ever after, against none; us", of_none, first_command(world, old, 21), "1");
}

// A campaign's list as it was in its state.
struct FormerState {
  Uuid id;
  Campaign::Phase phase = Campaign::Phase::running;
  std::vector<MacAddress> skipped;
};
BOOST_DESCRIBE_STRUCT(FormerState, (), (id, phase, skipped))

void campaign() {
  IdSource ids;
  const Cause cause{"system", {}, {}};
  const EntityLimits limits;
  const auto id = ids.next();
  const auto device = [](std::size_t i) {
    return SkippedDevice{MacAddress::from_bits(0x0015'6500'0000 + i), "no_phone",
                         "no phone that could be this device is registered on extension 1001"};
  };

  std::size_t before = 0;
  FormerState former{id};
  for (std::size_t i = 0; i < skipped; ++i) {
    const auto one = device(i);
    before += encode(CampaignDeviceSkipped{id, one.mac, one.code, one.reason}, cause, system_now(), ids).data.size() +
              envelope_bytes;
    former.skipped.push_back(one.mac);
    if (i % limits.snapshot_every == 0) before += json::to_string(former).size();
  }

  std::size_t now = 0, events = 0, snapshotted = 0;
  auto state = Campaign::evolve({}, CampaignStarted{id});
  for (std::size_t i = 0; i < skipped;) {
    SkipDevices skip;  // of a round of the coordinator
    for (; skip.devices.size() < 500 && i < skipped; ++i) skip.devices.push_back(device(i));
    for (const auto& event : Campaign::decide(state, skip, {system_now(), cause.by, ids}).value()) {
      now += encode(event, cause, system_now(), ids).data.size() + envelope_bytes;
      state = Campaign::evolve(std::move(state), event);
      if (++events < snapshotted + limits.snapshot_every) continue;
      snapshotted = events;
      now += json::to_string(state).size();
    }
  }
  bench::table_row("bytes written for a device that a campaign of 100 k skips", static_cast<double>(before) / skipped,
                   static_cast<double>(now) / skipped, "< 0.1");
}

}  // namespace

// bench_entities [FETCHES]
int main(int argc, char** argv) {
  const std::size_t fetches = argc > 1 ? std::stoul(argv[1]) : 1'000'000;
  bench::table_head();
  campaign();
  hydration(fetches);
}
