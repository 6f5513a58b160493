// Phones, their server's reactors and a clock, all on one thread and driven by hand: each phone behaves as the test
// says.
#pragma once

#include "actors/campaign/coordinator.hpp"
#include "actors/convergence/convergence_reactor.hpp"
#include "actors/reboot/reboot_reactor.hpp"
#include "tests/support/entity_kit.hpp"

#include <algorithm>
#include <set>

namespace strowger::test {

using namespace std::chrono_literals;

// obeys: answers 200 and fetches · deaf: answers 200 and does nothing · refuses: answers 481 · vanished: never answers.
enum class Habit { obeys, deaf, refuses, vanished };

struct Phone {
  MacAddress mac;
  ExtensionNumber extension;
  Habit habit = Habit::obeys;
  bool registered = true;
  std::string ip = "192.0.2.1";
  std::string site{};
  Instant here{};
};

class Fleet : public registrar::Bindings, public reboot::PhoneNotifier, public reboot::BusyPhones {
 public:
  explicit Fleet(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      phones.push_back({MacAddress::from_bits(0x001565000001 + i), *ExtensionNumber::parse(std::to_string(1001 + i))});
    start();
  }
  ~Fleet() override {
    stop();
    devices.reset();
    campaigns.reset();
    actors->scheduler->run();
  }

  // --- The house
  Instant instant() const { return Instant(now.time_since_epoch()); }
  Clock clock() const {
    return {[this] { return now + ahead; }, [this] { return instant(); }};
  }
  void start() {
    project();
    reboots = std::make_unique<reboot::RebootReactor>(
        reboot::RebootReactor::World{
            log, *devices, projection, *this, *this, *this,
            [](const std::string&, RebootVerb verb) { return verb == RebootVerb::reboot ? "reboot" : "resync"; },
            [](const std::string&) {}, [](const Error& error) { FAIL(error.message); }},
        log.last_position(), Drive::by_hand);
    reactor = std::make_unique<convergence::ConvergenceReactor>(
        convergence::ConvergenceReactor::World{
            log, *devices, projection, *this, *this,
            [this](const DefinitionPtr& device) -> Result<std::string> { return etag(device->mac); },
            [](Position, const std::function<void()>& done) { done(); },
            [this](const std::string&, RebootReason reason) {
              return reason == resyncs ? RebootVerb::resync : RebootVerb::reboot;
            },
            [this] { return policy; }, clock(), [](const Error& error) { FAIL(error.message); }},
        log.last_position(), Drive::by_hand);
    coordinator = std::make_unique<campaign::Coordinator>(
        campaign::Coordinator::World{
            *campaigns, *devices, campaign_rows, projection, *this,
            [this](const DefinitionPtr& device) -> Result<std::string> { return etag(device->mac); }, clock(), *this},
        Drive::by_hand);
    run();
  }
  // As after a kill: what the reactors had in memory is gone.
  void stop() {
    coordinator.reset();
    reactor.reset();
    reboots.reset();
  }
  void project() {
    for (const auto& record : log.read_all(Position{applied}, 1'000'000).value()) {
      const auto envelope = decode(record).value();
      projection.apply(envelope);
      campaign_rows.apply(envelope);
      applied = number(record.position);
    }
  }
  void run() {
    for (std::size_t quiet = 0; quiet < 3;) {
      const auto before = log.last_position();
      const auto sent = told.size();
      actors->scheduler->run();
      project();
      reboots->step(1'000);
      actors->scheduler->run();
      project();
      reactor->step(1'000);
      actors->scheduler->run();
      project();
      coordinator->step();
      actors->scheduler->run();
      project();
      quiet = log.last_position() == before && told.size() == sent ? quiet + 1 : 0;
    }
  }
  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 500ms) {
      now += std::min(time, 500ms);
      run();
    }
  }
  void settle() { pass(1s); }

  // --- What happens
  void provision() {
    for (auto& phone : phones) {
      ask(phone, strowger::actors::RegisterDevice{phone.mac, phone.extension, "yealink", "t46s", false, etag(phone.mac),
                                                  phone.site});
      fetch(phone);
    }
    run();
  }
  void ask(const Phone& phone, strowger::actors::Device::Command command) {
    devices->ask(phone.mac.text(), std::move(command), {{"admin:ann", {}, {}}, {}, {}},
                 [](const Result<strowger::actors::Outcome>& outcome) { REQUIRE(outcome); });
    run();
  }
  void append(const StreamId& stream, const Event& event) {
    append_and_wait(log,
                    {stream, ExpectedVersion::any(), {encode(event, {"admin:ann", {}, {}}, now + ahead, ids)}, {}, {}})
        .value();
  }
  void rename(const Phone& phone, const std::string& name) {
    names[phone.mac] = name;
    ExtensionChanged changed;
    changed.number = phone.extension;
    changed.name = name;
    append(StreamId::of(phone.extension), changed);
  }
  void fetch(const Phone& phone, std::optional<std::string> old = {}) {
    ConfigServed served;
    served.mac = phone.mac;
    served.etag = old ? *old : etag(phone.mac);
    append(StreamId::of(phone.mac), served);
  }
  void registers(Phone& phone) {
    phone.registered = true;
    phone.here = instant();
    PhoneRegistered registered;
    registered.extension = phone.extension;
    append(StreamId::of(phone.extension), registered);
  }
  std::string etag(const MacAddress& mac) const {
    const auto name = names.find(mac);
    return "\"" + model + (name == names.end() ? "" : "-" + name->second) + "\"";
  }

  // --- What is seen
  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const auto& record : log.records())
      if (record.type == T::type) out.push_back(std::get<T>(decode(record).value().event));
    return out;
  }
  std::size_t told_to(const Phone& phone) const {
    return static_cast<std::size_t>(std::count(told.begin(), told.end(), phone.mac));
  }

  // --- Ports
  std::vector<registrar::BindingPtr> of(const ExtensionNumber& extension) const override {
    return those([&](const Phone& phone) { return phone.extension == extension; });
  }
  std::vector<registrar::BindingPtr> with_mac(const MacAddress& mac) const override {
    return those([&](const Phone& phone) { return phone.mac == mac; });
  }
  std::vector<registrar::BindingPtr> all() const override {
    return those([](const Phone&) { return true; });
  }
  std::size_t registered_extensions() const override { return phones.size(); }
  template <class Is>
  std::vector<registrar::BindingPtr> those(Is is) const {
    std::vector<registrar::BindingPtr> out;
    for (const auto& phone : phones) {
      if (!phone.registered || !is(phone)) continue;
      registrar::Binding binding;
      binding.extension = phone.extension;
      binding.contact = "sip:" + phone.mac.text();
      binding.ip = phone.ip;
      binding.mac = phone.mac;
      binding.last_registered = binding.here_since = now + ahead;
      binding.registered = instant();
      binding.here = phone.here;
      out.push_back(std::make_shared<const registrar::Binding>(binding));
    }
    return out;
  }
  bool in_call(const MacAddress& mac, const ExtensionNumber&) const override { return in_calls.contains(mac); }
  void notify(reboot::Notice notice, std::function<void(reboot::NoticeOutcome)> done) override {
    const auto mac = *notice.binding->mac;
    told.push_back(mac);
    verbs.push_back(notice.event);
    addresses.push_back(notice.binding->ip);
    const auto phone = std::find_if(phones.begin(), phones.end(), [&](const auto& p) { return p.mac == mac; });
    switch (phone->habit) {
      case Habit::obeys:
        done({200, "OK", false});
        if (!slow) fetch(*phone);
        break;
      case Habit::deaf:
        return done({200, "OK", false});
      case Habit::refuses:
        return done(refusal);
      case Habit::vanished:
        return done({408, "Request Timeout", true});
    }
  }

  Timestamp now = parse_iso8601("2026-01-08T19:40:00Z").value();
  std::chrono::seconds ahead{};  // that the wall clock was set forward by
  IdSource ids{[this] { return now; }, 1};
  MemoryLog log;
  strowger::actors::EntityWorld world{log, ids, clock()};
  std::unique_ptr<DeterministicSystem> actors = std::make_unique<DeterministicSystem>();
  std::unique_ptr<strowger::actors::Entities<strowger::actors::Device>> devices =
      std::make_unique<strowger::actors::Entities<strowger::actors::Device>>(actors->system, world);
  std::unique_ptr<strowger::actors::Entities<strowger::actors::Campaign>> campaigns =
      std::make_unique<strowger::actors::Entities<strowger::actors::Campaign>>(actors->system, world);
  DevicesProjection projection;
  CampaignsProjection campaign_rows;
  std::uint64_t applied = 0;
  std::vector<Phone> phones;
  std::map<MacAddress, std::string> names;
  std::set<MacAddress> in_calls;
  std::string model = "t46s";
  RebootReason resyncs = RebootReason::name_synced;
  reboot::NoticeOutcome refusal{481, "Subscription does not exist", false};
  bool slow = false;  // who obeys does not fetch at once
  std::vector<MacAddress> told;
  std::vector<std::string> verbs;
  std::vector<std::string> addresses;
  convergence::Policy policy;
  std::unique_ptr<reboot::RebootReactor> reboots;
  std::unique_ptr<convergence::ConvergenceReactor> reactor;
  std::unique_ptr<campaign::Coordinator> coordinator;
};

}  // namespace strowger::test
