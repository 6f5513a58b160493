#include "actors/convergence/convergence_reactor.hpp"

#include "actors/reboot/correlation.hpp"

#include <algorithm>

namespace strowger::convergence {
namespace {

using actors::Device;

constexpr auto tick = std::chrono::milliseconds(100);
constexpr std::size_t looks_a_tick = 100;  // renders
constexpr std::size_t most_looking = 5'000;
constexpr auto retry_command = std::chrono::seconds(1);
// A second look, when templates or settings that were recorded are surely in force.
constexpr auto second_look = std::chrono::seconds(3);
// A phone that fetched something older may be about to fetch again.
constexpr auto after_old_file = std::chrono::seconds(10);

// So much later than a change that they had not seen may fetches and requests come into the log.
constexpr auto unseen_for = std::chrono::seconds(60);

// A follower is this far behind at most.
constexpr auto most_lag = std::chrono::seconds(60);
constexpr auto any_age = std::chrono::days(3'650);

bool may_come_back(const std::string& code) {
  return code == "no_phone" || code == "unanswered";
}

}  // namespace

// Replies come from actors' threads, and may come after the reactor is gone.
struct ConvergenceReactor::Shared {
  struct Answered {
    MacAddress mac;
    Position position{};        // what was decided is in the log up to here
    bool failed = false;        // or nothing was decided
    std::optional<Dirty> look;  // of WantConfig: to be looked at again where it failed
  };
  std::mutex mutex;
  std::vector<Answered> answered;
  Position applied{};
  Position looked{};
};

ConvergenceReactor::ConvergenceReactor(World world, Position from, Drive drive)
    : world_(std::move(world)),
      policy_(world_.policy()),
      shared_(std::make_shared<Shared>()),
      drive_(drive),
      followed_(from) {
  load();
  loading_ = false;
  steps_ = world_.clock.steps();
  actors::LogFollower::Handlers handlers;
  handlers.wanted = [this](const Record& record) {
    followed_ = record.position;
    return wanted(record);
  };
  handlers.event = [this](const Envelope& envelope) -> Result<void> {
    follow(envelope);
    return {};
  };
  handlers.between = [this] { between(); };
  handlers.trouble = world_.trouble;
  follower_ = std::make_unique<actors::LogFollower>(world_.log, from, std::move(handlers), tick, drive);
}

ConvergenceReactor::~ConvergenceReactor() {
  follower_.reset();
}

bool ConvergenceReactor::at_rest() const {
  if (!dirty_.empty() || looking_ > 0 || round_) return false;
  return std::all_of(open_.begin(), open_.end(), [](const auto& item) {
    const auto& open = item.second;
    return open.state.stage == ConvergenceStage::failed && !open.rearm && !open.fetched && !open.asking;
  });
}

std::function<bool(Position)> ConvergenceReactor::looked() const {
  return [shared = shared_](Position position) {
    const std::lock_guard lock(shared->mutex);
    return shared->looked >= position;
  };
}

// --- Following.

void ConvergenceReactor::load() {
  const auto now = world_.clock.instant();
  for (const auto& row : world_.projection.list({}, static_cast<std::size_t>(-1))) {
    const auto& mac = row.definition->mac;
    const auto& state = row.activity.convergence;
    if (!state) continue;
    if (state->open()) {
      const auto& asked = row.activity.reboot;
      auto& open = open_[mac];
      const bool told = asked && asked->reboot == state->reboot;
      const auto told_at = told ? asked->requested_at : state->since;
      open.told_at = instant_of(told_at);
      keep(mac, *state);
      // It fetched, and the process ended before that was decided upon. The log's order tells, where it can: the clock
      // may have been set in between.
      const auto at = row.activity.last_provisioned;
      if (at && (told ? asked->fetched_at.has_value() : *at >= told_at) && row.activity.last_etag == state->etag)
        open.fetched = {instant_of(*at), state->event};
    } else if (!state->reboot.is_nil() && !state->returned_at) {
      const auto fetched = instant_of(state->changed_at);
      if (now - fetched < policy_.return_within)
        returning_[mac] = {state->reboot, fetched, state->correlation, state->event};
    }
  }
}

// The phone of a device that was given up as nobody was there or answered: whether it came since it was last told, or
// came to another address. (A start of the server alone is no reason to try again.)
bool ConvergenceReactor::came_back(const DeviceRow& row, const Open& open) const {
  const auto bindings = reboot::Phones(world_.bindings, world_.projection).of(row);
  if (open.state.code == "no_phone") return !bindings.empty();
  return std::any_of(bindings.begin(), bindings.end(),
                     [&](const auto& binding) { return binding->here > open.told_at; });
}

// Of a date in an event. While events may be followed that were dated before a step of the clock, what is followed is
// taken for new: a deadline comes too late by what the follower is behind, never too early.
Instant ConvergenceReactor::instant_of(Timestamp date) {
  const auto now = world_.clock.now();
  if (loading_) return begun_at(now, date, any_age);
  if (const auto steps = world_.clock.steps(); steps != steps_) {
    steps_ = steps;
    stepped_at_ = now.instant;
  }
  if (stepped_at_ && now.instant - *stepped_at_ < most_lag) return now.instant;
  return begun_at(now, date, most_lag);
}

void ConvergenceReactor::keep(const MacAddress& mac, const Convergence& state) {
  auto& open = open_[mac];
  if (open.state.since != state.since) open.since = instant_of(state.since);
  if (open.state.changed_at != state.changed_at || open.state.not_before != state.not_before) {
    open.changed = instant_of(state.changed_at);
    // Both dates were read from the clock as it was then.
    open.retry = open.changed + std::clamp<Timestamp::duration>(state.not_before - state.changed_at,
                                                                Timestamp::duration(0), policy_.longest_backoff);
  }
  const auto row = world_.projection.find(mac);
  if (row && open.extension.text().empty()) {
    open.extension = row->definition->extension;
    open.former = row->activity.former;
    open.site = row->definition->site;
  }
  const bool was_failed = open.state.stage == ConvergenceStage::failed;
  const bool is_failed = state.stage == ConvergenceStage::failed;
  failed_ += (is_failed ? 1U : 0U) - (was_failed ? 1U : 0U);
  const bool another = state.stage != open.state.stage || state.reboot != open.state.reboot;
  if (another) {
    open.early.reset();
    open.rearm.reset();
  }
  if (state.etag != open.state.etag) open.fetched.reset();
  open.state = state;
  // Its phone may have come while it was given up, and a mere refresh of its registration, under way to the disk when
  // it lapsed, is no event: it is looked for once more.
  if (another && is_failed && may_come_back(state.code))
    open.rearm = world_.clock.instant() + policy_.registration_grace;
}

bool ConvergenceReactor::wanted(const Record& record) {
  if (record.type == ConfigServed::type) {
    if (open_.empty() && changed_.empty()) return false;
    const auto mac = MacAddress::parse(record.stream.key());
    return mac && (open_.contains(*mac) || changed_.contains(*mac));
  }
  if (record.type == PhoneRegistered::type || record.type == PhoneMoved::type) return failed_ > 0;
  return record.stream.category() == StreamId::device_category || affected_by(record).has_value();
}

void ConvergenceReactor::follow(const Envelope& envelope) {
  if (const auto* registered = std::get_if<PhoneRegistered>(&envelope.event))
    return phone_is_there(registered->extension, registered->mac, instant_of(envelope.time));
  if (const auto* moved = std::get_if<PhoneMoved>(&envelope.event))
    return phone_is_there(moved->extension, moved->mac, instant_of(envelope.time));
  if (const auto mac = envelope.stream.device()) {
    count(envelope.event);
    follow_device(envelope, *mac);
  }
  Record record;
  record.stream = envelope.stream;
  record.type = type_of(envelope.event);
  if (const auto affected = affected_by(record)) mark(*affected, envelope);
}

void ConvergenceReactor::follow_device(const Envelope& envelope, const MacAddress& mac) {
  if (const auto* fact = std::get_if<ConfigServed>(&envelope.event)) return served(envelope, *fact);
  const auto found = open_.find(mac);
  std::optional<Convergence> state;
  if (found != open_.end()) state = found->second.state;
  fold(state, envelope);
  if (const auto* changed = std::get_if<DeviceChanged>(&envelope.event); changed != nullptr && found != open_.end())
    found->second.moves_to(changed->extension);
  if (std::holds_alternative<DeviceReturned>(envelope.event)) returning_.erase(mac);
  if (state && state->open()) {
    if (found == open_.end()) open_[mac].told_at = instant_of(envelope.time);
    keep(mac, *state);
    if (const auto* requested = std::get_if<RebootRequested>(&envelope.event)) {
      open_[mac].moves_to(requested->extension);
      open_[mac].told_at = instant_of(envelope.time);
      returning_.erase(mac);
      look_again(mac, envelope, state->reason);
    }
    return;
  }
  auto fetched = instant_of(envelope.time);
  if (found != open_.end()) {
    if (found->second.fetched) fetched = found->second.fetched->at;
    if (world_.counters != nullptr && std::holds_alternative<DeviceConverged>(envelope.event))
      world_.counters->took(std::chrono::duration<double>(fetched - found->second.since).count());
    if (found->second.state.stage == ConvergenceStage::failed) --failed_;
    open_.erase(found);
  }
  if (const auto* converged = std::get_if<DeviceConverged>(&envelope.event);
      converged != nullptr && !converged->reboot.is_nil())
    returning_[mac] = {converged->reboot, fetched, envelope.correlation, envelope.id};
}

void ConvergenceReactor::count(const Event& event) {
  if (world_.counters == nullptr) return;
  auto& counters = *world_.counters;
  std::visit(Overloaded{
                 [&](const RebootRequested&) { ++counters.asked; },
                 [&](const RebootAccepted&) { ++counters.accepted; },
                 [&](const RebootRefused&) { ++counters.refused; },
                 [&](const RebootUnanswered&) { ++counters.unanswered; },
                 [&](const RebootDeferred&) { ++counters.deferred; },
                 [&](const RebootRetryScheduled&) { ++counters.retried; },
                 [&](const RebootFailed&) { ++counters.failed; },
                 [&](const DeviceConverged&) { ++counters.converged; },
                 [](const auto&) {},
             },
             event);
}

void ConvergenceReactor::served(const Envelope& envelope, const ConfigServed& fact) {
  const auto found = open_.find(fact.mac);
  if (found == open_.end()) {
    if (changed_.contains(fact.mac)) look_again(fact.mac, envelope, RebootReason::config_changed);
    return;
  }
  auto& open = found->second;
  if (fact.etag != open.state.etag) {
    if (open.state.told()) open.early = world_.clock.instant() + after_old_file;
    // Older than what is wanted; or newer, where it was told while its file changed.
    return mark({Affected::Whose::device, fact.mac.text(), open.state.reason}, envelope);
  }
  open.fetched = {instant_of(envelope.time), envelope.id};
  say_fetched(fact.mac, open);
}

// What was just recorded may have been made before the last change, which was looked at already.
void ConvergenceReactor::look_again(const MacAddress& mac, const Envelope& envelope, RebootReason reason) {
  Dirty dirty{reason, envelope.position, envelope.correlation, envelope.id};
  if (const auto changed = changed_.find(mac); changed != changed_.end()) dirty = changed->second;
  dirty.due = world_.clock.instant() + policy_.settle;
  dirty.again = false;
  dirty_.try_emplace(mac, dirty).first->second.after = envelope.position;
}

void ConvergenceReactor::phone_is_there(const ExtensionNumber& extension, const std::optional<MacAddress>& said,
                                        Instant at) {
  for (auto& [mac, open] : open_) {
    const bool may_be_it = said ? *said == mac
                                : open.extension == extension ||
                                      std::find(open.former.begin(), open.former.end(), extension) != open.former.end();
    if (!may_be_it || open.state.stage != ConvergenceStage::failed || !may_come_back(open.state.code)) continue;
    open.rearm = at + policy_.registration_grace;
    open.heard = world_.clock.instant();
  }
}

void ConvergenceReactor::mark(const Affected& affected, const Envelope& envelope) {
  const bool again = affected.whose == Affected::Whose::vendor || affected.whose == Affected::Whose::all;
  const Dirty dirty{affected.reason,
                    envelope.position,
                    envelope.correlation,
                    envelope.id,
                    envelope.position,
                    world_.clock.instant() + policy_.settle,
                    again};
  const auto add = [&](const MacAddress& mac) {
    changed_[mac] = dirty;
    changed_[mac].due += unseen_for;
    const auto [at, fresh] = dirty_.try_emplace(mac, dirty);
    if (fresh) return;
    const auto due = at->second.due;  // a stream of changes does not put it off
    const bool twice = at->second.again;
    at->second = dirty;
    at->second.due = due;
    at->second.again = again || twice;
  };
  switch (affected.whose) {
    case Affected::Whose::device:
      if (const auto mac = MacAddress::parse(affected.key)) add(*mac);
      break;
    case Affected::Whose::extension:
      if (const auto extension = ExtensionNumber::parse(affected.key))
        for (const auto& mac : world_.projection.on_extension(*extension)) add(mac);
      break;
    case Affected::Whose::vendor:
      for (const auto& row : world_.projection.list({}, static_cast<std::size_t>(-1)))
        if (row.definition->vendor == affected.key) add(row.definition->mac);
      break;
    case Affected::Whose::all:
      for (const auto& mac : world_.projection.macs()) add(mac);
      break;
  }
}

// --- What is due.

void ConvergenceReactor::between() {
  // Between batches of a log in full flood, too: not more often than needed.
  if (const auto steady = std::chrono::steady_clock::now(); drive_ == Drive::own_thread) {
    if (steady < next_between_) return;
    next_between_ = steady + tick / 2;
  }
  policy_ = world_.policy();
  const auto now = world_.clock.now();
  take_replies();
  look_at_dirty(now.instant);
  go_round(now.instant);
  find_overdue(now.instant);
  run_wave(now);
  find_returned(now.instant);
  std::erase_if(changed_, [&](const auto& item) { return item.second.due <= now.instant; });
  say_looked();
}

void ConvergenceReactor::say_looked() {
  if (!dirty_.empty() || looking_ > 0) return;
  const std::lock_guard lock(shared_->mutex);
  shared_->looked = followed_;
}

void ConvergenceReactor::take_replies() {
  std::vector<Shared::Answered> answered;
  {
    const std::lock_guard lock(shared_->mutex);
    answered.swap(shared_->answered);
    applied_ = std::max(applied_, shared_->applied);
  }
  const auto again_at = world_.clock.instant() + retry_command;
  for (auto& reply : answered) {
    if (reply.look) {
      --looking_;
      if (reply.failed) {
        reply.look->due = again_at;
      } else if (reply.position > Position{}) {
        // What was decided may have been overtaken by a change that was looked at before: whether it is right is seen
        // when it is in the table.
        reply.look->after = reply.position;
        reply.look->due = {};
        reply.look->again = false;
      } else {
        continue;
      }
      dirty_.try_emplace(reply.mac, *reply.look);
      continue;
    }
    const auto found = open_.find(reply.mac);
    if (found == open_.end()) continue;
    found->second.asking = false;
    found->second.looked = reply.position;
    if (reply.failed) found->second.hold = again_at;
  }
}

void ConvergenceReactor::look_at_dirty(Instant now) {
  if (dirty_.empty()) return;
  Position newest{};
  std::size_t looks = 0;
  for (auto at = dirty_.begin(); at != dirty_.end();) {
    newest = std::max(newest, at->second.after);
    if (at->second.due > now || at->second.after > applied_ || at->second.after > followed_ || looks == looks_a_tick ||
        looking_ >= most_looking) {
      ++at;
      continue;
    }
    ++looks;
    const auto mac = at->first;
    const auto dirty = at->second;
    at = dirty_.erase(at);
    look_at(mac, dirty);
    if (!dirty.again) continue;
    auto later = dirty;
    later.again = false;
    later.due = now + second_look;
    dirty_.try_emplace(mac, later);
  }
  if (newest > applied_ && newest > awaited_) {
    awaited_ = newest;
    world_.when_applied(newest, [shared = shared_, newest] {
      const std::lock_guard lock(shared->mutex);
      shared->applied = std::max(shared->applied, newest);
    });
  }
}

void ConvergenceReactor::look_at(const MacAddress& mac, const Dirty& dirty) {
  const auto row = world_.projection.find(mac);
  if (!row) return;
  const auto& served = row->activity.last_etag;
  const auto open = open_.find(mac);
  // Also of a phone that never fetched: that it would be sent nothing is counted by this look.
  const auto etag = world_.etag(row->definition);
  if (open == open_.end() && served.empty()) return;
  if (!etag) return;  // it is sent none: what makes it servable is an event again
  if (open == open_.end() ? *etag == served : *etag == open->second.state.etag) return;
  ++looking_;
  world_.devices.ask(
      mac.text(), actors::WantConfig{*etag, served, dirty.reason, dirty.cause},
      {{"system", dirty.correlation, dirty.causation}, {}, {}},
      [shared = shared_, mac, dirty](const Result<actors::Outcome>& outcome) {
        const std::lock_guard lock(shared->mutex);
        const bool decided = outcome && !outcome->events.empty();
        shared->answered.push_back({mac, decided ? outcome->position : Position{}, !outcome.has_value(), dirty});
      });
}

// A round over all devices: finds what a crash kept from being looked at.
void ConvergenceReactor::go_round(Instant now) {
  if (!round_) {
    if (now < next_round_) return;
    round_ = true;
    round_at_.reset();
  }
  if (!dirty_.empty() || looking_ > 0) return;
  const auto rows = world_.projection.list(round_at_, looks_a_tick);
  for (const auto& row : rows) look_at(row.definition->mac, {});
  if (rows.size() == looks_a_tick) {
    round_at_ = rows.back().definition->mac;
  } else {
    round_ = false;
    next_round_ = now + policy_.round_every;
  }
}

void ConvergenceReactor::ask(const MacAddress& mac, Open& open, Device::Command command) {
  ask(mac, open, std::move(command), {"system", open.state.correlation, open.state.event});
}

// Causation: the fetch. Correlation: that of what the phone was told, also where the fetch was its own idea.
void ConvergenceReactor::say_fetched(const MacAddress& mac, Open& open) {
  ask(mac, open, actors::ReportFetched{open.state.etag},
      {"phone:" + mac.text(), open.state.correlation, open.fetched ? open.fetched->event : open.state.event});
}

void ConvergenceReactor::ask(const MacAddress& mac, Open& open, Device::Command command, Cause cause) {
  open.asking = true;
  world_.devices.ask(mac.text(), std::move(command), {std::move(cause), {}, {}},
                     [shared = shared_, mac](const Result<actors::Outcome>& outcome) {
                       const std::lock_guard lock(shared->mutex);
                       shared->answered.push_back({mac, outcome ? outcome->position : Position{},
                                                   !outcome || outcome->events.empty(), std::nullopt});
                     });
}

}  // namespace strowger::convergence
