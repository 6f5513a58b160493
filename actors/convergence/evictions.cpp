#include "actors/convergence/evictions.hpp"

#include "actors/reboot/correlation.hpp"

#include <algorithm>

namespace strowger::convergence {
namespace {

constexpr auto eviction_tick = std::chrono::milliseconds(200);
constexpr auto ask_again_after_fault = std::chrono::seconds(1);
constexpr std::size_t events_at_once = 1'000;

bool ends_extension(std::string_view type) {
  return type == ExtensionDisabled::type || type == ExtensionDeleted::type;
}

// What its phone runs, as far as is known, is not this extension, and it fetched since it registered there: it is on
// its way to another one.
bool is_leaving_already(const DeviceRow& device, const registrar::BindingPtr& there) {
  const auto& extension = there->extension;
  const auto& definition = *device.definition;
  const auto& former = device.activity.former;
  const bool runs_it =
      definition.extension == extension || std::ranges::find(former, extension) != former.end() ||
      std::ranges::any_of(definition.lines, [&](const auto& line) { return line.extension == extension; });
  return !runs_it && device.activity.last_provisioned && *device.activity.last_provisioned > there->last_registered;
}

}  // namespace

// Replies come from actors' threads, and may come after this is gone.
struct Evictions::Shared {
  struct Gone {
    ExtensionNumber number;
    Uuid event;
    Uuid correlation;
  };
  struct Answered {
    ExtensionNumber number;
    MacAddress mac;
    Stage stage;
  };
  std::mutex mutex;
  std::vector<Gone> gone;          // as queries know by now
  std::size_t becoming_known = 0;  // not yet
  std::vector<Answered> answered;
};

Evictions::Evictions(World world, Position from, Drive drive)
    : world_(std::move(world)), shared_(std::make_shared<Shared>()) {
  find_left_over();
  actors::LogFollower::Handlers handlers;
  handlers.wanted = [](const Record& record) { return ends_extension(record.type); };
  handlers.event = [this](const Envelope& envelope) -> Result<void> {
    if (const auto* disabled = std::get_if<ExtensionDisabled>(&envelope.event)) follow(disabled->number, envelope);
    if (const auto* deleted = std::get_if<ExtensionDeleted>(&envelope.event)) follow(deleted->number, envelope);
    return {};
  };
  handlers.between = [this] { between(); };
  handlers.trouble = world_.trouble;
  follower_ = std::make_unique<actors::LogFollower>(world_.log, from, std::move(handlers), eviction_tick, drive);
}

Evictions::~Evictions() {
  follower_.reset();
}

bool Evictions::at_rest() const {
  const std::lock_guard lock(shared_->mutex);
  return leaving_.empty() && shared_->gone.empty() && shared_->becoming_known == 0;
}

void Evictions::find_left_over() {
  const auto give_up = world_.clock.instant() + world_.times.longest;
  for (const auto& binding : world_.bindings.all()) {
    const auto& number = binding->extension;
    if (leaving_.contains(number)) continue;
    const auto row = world_.extension_rows.find(number);
    if (row && row->enabled) continue;
    Leaving leaving{.event = {}, .correlation = {}, .give_up = give_up};
    // By what it went: that names who was told already.
    StreamVersion read{};
    for (bool more = true; more;) {
      const auto records = world_.log.read_stream(StreamId::of(number), read, events_at_once);
      more = records && records->size() == events_at_once;
      if (!records) break;
      for (const auto& record : *records) {
        read = record.version;
        if (!ends_extension(record.type)) continue;
        leaving.event = record.id;
        leaving.correlation = record.correlation;
      }
    }
    leaving_.emplace(number, std::move(leaving));
  }
}

void Evictions::follow(const ExtensionNumber& number, const Envelope& envelope) {
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->becoming_known;
  }
  Shared::Gone gone{number, envelope.id, envelope.correlation};
  world_.when_applied(envelope.position, [shared = shared_, gone] {
    const std::lock_guard lock(shared->mutex);
    --shared->becoming_known;
    shared->gone.push_back(gone);
  });
}

void Evictions::take_replies() {
  std::vector<Shared::Gone> gone;
  std::vector<Shared::Answered> answered;
  {
    const std::lock_guard lock(shared_->mutex);
    gone.swap(shared_->gone);
    answered.swap(shared_->answered);
  }
  const auto now = world_.clock.instant();
  for (const auto& one : gone)
    leaving_.insert_or_assign(one.number, Leaving{one.event, one.correlation, now + world_.times.longest});
  for (const auto& reply : answered) {
    const auto found = leaving_.find(reply.number);
    if (found == leaving_.end()) continue;
    const auto device = found->second.devices.find(reply.mac);
    if (device == found->second.devices.end()) continue;
    device->second.stage = reply.stage;
    if (reply.stage == Stage::waits) device->second.hold = now + ask_again_after_fault;
  }
}

void Evictions::between() {
  take_replies();
  if (leaving_.empty()) return;
  auto pace = world_.pace();
  pace.quiet = {};
  gate_.begin(pace, world_.clock.now());
  for (const auto& [number, leaving] : leaving_)
    for (const auto& [mac, telling] : leaving.devices)
      if (telling.stage == Stage::asked || telling.stage == Stage::told) gate_.in_flight(telling.site);
  for (auto at = leaving_.begin(); at != leaving_.end();)
    at = see_out(at->first, at->second) ? leaving_.erase(at) : std::next(at);
}

void Evictions::look(const ExtensionNumber& number, Leaving& leaving) {
  leaving.looked = true;
  const reboot::Phones phones(world_.bindings, world_.device_rows);
  for (const auto& device : phones.on(number)) {
    const auto bindings = phones.of(device);
    const bool stays = std::ranges::any_of(bindings, [&](const auto& binding) {
      return binding->extension == number && !is_leaving_already(device, binding);
    });
    if (stays) leaving.devices[device.definition->mac].site = device.definition->site;
  }
}

// True: nothing of it is left to do.
bool Evictions::see_out(const ExtensionNumber& number, Leaving& leaving) {
  const auto row = world_.extension_rows.find(number);
  if (row && row->enabled) return true;  // again
  if (world_.bindings.of(number).empty()) return true;
  if (!leaving.looked) look(number, leaving);
  const auto pace = world_.pace();
  bool all_over = true;
  for (auto& [mac, telling] : leaving.devices) {
    if (telling.stage == Stage::waits && telling.hold <= world_.clock.instant() && gate_.pass(pace, telling.site))
      tell(number, leaving, mac, telling);
    all_over = is_over(number, mac, telling) && all_over;
  }
  if (!all_over && world_.clock.instant() < leaving.give_up) return false;
  world_.log_line("Extension " + number.text() + " is " + (row ? "disabled" : "deleted") +
                  ": its registrations are removed" +
                  (leaving.devices.empty() ? std::string()
                   : all_over              ? ", its phones were told"
                                           : ", told or not"));
  world_.drop(number, row ? UnregisterReason::extension_disabled : UnregisterReason::extension_deleted);
  return true;
}

void Evictions::tell(const ExtensionNumber& number, Leaving& leaving, const MacAddress& mac, Telling& telling) {
  const auto device = world_.device_rows.find(mac);
  if (!device) {
    telling.stage = Stage::over;
    return;
  }
  telling.stage = Stage::asked;
  telling.since = world_.clock.instant();
  const auto etag = world_.etag(device->definition);
  actors::AskMeta meta{{"system", leaving.correlation, leaving.event}, {}, {}};
  if (!leaving.event.is_nil()) meta.idempotency_key = "eviction/" + leaving.event.text() + "/" + mac.text();
  world_.devices.ask(
      mac.text(),
      actors::RequestReboot{RebootVerb::reboot, RebootReason::extension_changed, etag ? *etag : std::string(), {}},
      std::move(meta),
      [shared = shared_, number, mac, when_applied = world_.when_applied](const Result<actors::Outcome>& outcome) {
        const auto say = [shared, number, mac](Stage stage) {
          const std::lock_guard lock(shared->mutex);
          shared->answered.push_back({number, mac, stage});
        };
        if (outcome) return when_applied(outcome->position, [say] { say(Stage::told); });
        const bool passing =
            outcome.error().kind == ErrorKind::unavailable || outcome.error().kind == ErrorKind::overloaded;
        say(passing ? Stage::waits : Stage::over);
      });
}

bool Evictions::is_over(const ExtensionNumber& number, const MacAddress& mac, Telling& telling) const {
  if (telling.stage == Stage::waits) return false;
  if (telling.stage == Stage::over) return true;
  const auto now = world_.clock.instant();
  if (world_.busy.in_call(mac, number)) telling.since = now;  // it is told when that has ended
  bool over = now - telling.since > world_.times.told_within;
  if (telling.stage == Stage::told) {
    const auto device = world_.device_rows.find(mac);
    const auto* reboot = device && device->activity.reboot ? &*device->activity.reboot : nullptr;
    over = over || reboot == nullptr || reboot->stage != RebootStage::requested;
  }
  if (over) telling.stage = Stage::over;
  return over;
}

}  // namespace strowger::convergence
