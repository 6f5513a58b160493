// What the convergence reactor costs where many phones are away: idle, and for each that comes back. The peer is the
// same reactor with a hundredth of the phones: neither cost may depend on how many there are.
#include "actors/convergence/convergence_reactor.hpp"
#include "benchmarks/table.hpp"
#include "tests/support/memory_log.hpp"

#include <atomic>
#include <thread>

#include <caf/all.hpp>

using namespace strowger;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t few = 1'000;
constexpr std::uint64_t many = 100'000;

MacAddress mac_of(std::uint64_t i) {
  return MacAddress::from_bits(0x0015'6500'0000 + i);
}
ExtensionNumber extension_of(std::uint64_t i) {
  return ExtensionNumber::parse(std::to_string(100'000 + i)).value();
}

struct Nobody : registrar::Bindings, reboot::BusyPhones {
  std::vector<registrar::BindingPtr> of(const ExtensionNumber&) const override { return {}; }
  std::vector<registrar::BindingPtr> all() const override { return {}; }
  std::size_t registered_extensions() const override { return 0; }
  bool in_call(const MacAddress&, const ExtensionNumber&) const override { return false; }
};

// A site whose power is off: each device is to fetch another file, and was given up as nobody was there.
class Site {
 public:
  Site(std::uint64_t devices, Drive drive) {
    for (std::uint64_t i = 0; i < devices; ++i) {
      apply(i, DeviceRegistered{mac_of(i), extension_of(i), "yealink", "t46s"});
      ConfigServed served;
      served.mac = mac_of(i);
      served.etag = "\"old\"";
      apply(i, served);
      apply(i, ConfigWanted{mac_of(i), "\"new\"", "\"old\"", RebootReason::settings_changed, Position{1}});
      RebootFailed failed;
      failed.mac = mac_of(i);
      failed.code = "no_phone";
      failed.reason = "no phone that could be this device is registered";
      apply(i, failed);
    }
    reactor = std::make_unique<convergence::ConvergenceReactor>(
        convergence::ConvergenceReactor::World{
            log, entities, rows, nobody, nobody,
            [](const DefinitionPtr&) -> Result<std::string> { return std::string("\"new\""); },
            [](Position, const std::function<void()>& done) { done(); },
            [](const std::string&, RebootReason) { return RebootVerb::reboot; }, [] { return convergence::Policy{}; },
            clock, [](const Error&) {}},
        log.last_position(), drive);
  }

  void pass(std::chrono::seconds time) { ahead += time.count(); }
  void comes_back(std::uint64_t i) {
    PhoneRegistered registered;
    registered.extension = extension_of(i);
    append_and_wait(log, {StreamId::of(registered.extension),
                          ExpectedVersion::any(),
                          {encode(registered, {"system", {}, {}}, clock(), ids)},
                          {},
                          {}})
        .value();
  }

  std::unique_ptr<convergence::ConvergenceReactor> reactor;

 private:
  void apply(std::uint64_t i, Event event) {
    Envelope envelope;
    envelope.stream = StreamId::of(mac_of(i));
    envelope.position = Position{++position_};
    envelope.time = clock();
    envelope.event = std::move(event);
    rows.apply(envelope);
  }

  std::atomic<std::int64_t> ahead{0};  // seconds
  Clock clock{Clock::Dates([this] { return system_now() + std::chrono::seconds(ahead); }),
              Clock::Instants([this] { return std::chrono::steady_clock::now() + std::chrono::seconds(ahead); })};
  IdSource ids{clock, 1};
  test::MemoryLog log;
  caf::actor_system_config config;
  caf::actor_system system{config};
  strowger::actors::EntityWorld world{log, ids, clock};
  strowger::actors::Entities<strowger::actors::Device> entities{system, world};
  DevicesProjection rows;
  Nobody nobody;
  std::uint64_t position_ = 0;
};

// CPU seconds in a second.
double idle(std::uint64_t devices) {
  Site site(devices, Drive::own_thread);
  std::this_thread::sleep_for(5s);  // the round of its start
  site.pass(120s);                  // every deadline
  std::this_thread::sleep_for(5s);
  constexpr double measured = 10;
  const auto before = bench::cpu_seconds();
  std::this_thread::sleep_for(std::chrono::duration<double>(measured));
  const auto used = bench::cpu_seconds() - before;
  site.reactor.reset();
  return used / measured;
}

// CPU microseconds for each, from its registration until it is seen that it was another phone.
double coming_back(std::uint64_t devices, std::uint64_t phones) {
  Site site(devices, Drive::by_hand);
  for (int i = 0; i < 2'000; ++i) site.reactor->step(1'000);
  site.pass(120s);
  for (int i = 0; i < 200; ++i) site.reactor->step(1'000);
  for (std::uint64_t i = 0; i < phones; ++i) site.comes_back(i);
  const auto before = bench::cpu_seconds();
  while (site.reactor->step(1'000) == Step::more) {
  }
  site.pass(31s);
  while (site.reactor->step(1'000) == Step::more) {
  }
  const auto used = bench::cpu_seconds() - before;
  site.reactor.reset();
  return used / static_cast<double>(phones) * 1e6;
}

}  // namespace

int main() {
  bench::table_head();
  bench::table_row("idle with phones away, CPU ppm: peer 1,000, ours 100,000", idle(few) * 1e6, idle(many) * 1e6,
                   "< 1,000 ppm");
  bench::table_row("CPU us for a phone that comes back: peer 1,000, ours 100,000", coming_back(few, few),
                   coming_back(many, few), "< 3");
}
