#include "actors/convergence/convergence_reactor.hpp"

#include "actors/reboot/correlation.hpp"

#include <algorithm>

namespace strowger::convergence {
namespace {

// The longest rest: settings and steps of the clock are seen by then.
constexpr auto longest_rest = std::chrono::seconds(1);
// While somebody waits for a turn.
constexpr auto turns_every = std::chrono::milliseconds(100);
constexpr auto policy_every = std::chrono::milliseconds(250);
constexpr std::size_t steps_at_once = 1'024;
constexpr std::size_t looks_at_once = 256;  // renders
// Of the first round in one call; later rounds are spread over their time.
constexpr std::size_t round_page = 100;
// Commands under way. People ask the same entities.
constexpr std::size_t most_asks = 5'000;
// A follower is this far behind at most.
constexpr auto most_lag = std::chrono::seconds(60);

ModelKey model_of(const DeviceDefinition& definition) {
  return definition.vendor + "_" + definition.model;
}

}  // namespace

// Replies come from actors' threads, and may come after the reactor is gone.
struct ConvergenceReactor::Shared {
  std::mutex mutex;
  std::vector<std::pair<MacAddress, Answered>> answered;
  std::optional<Position> applied;  // that was waited for
  Position looked{};
  std::function<void()> wake;

  template <class Change>
  void hand_over(Change change) {
    std::function<void()> call;
    {
      const std::lock_guard lock(mutex);
      change(*this);
      call = wake;
    }
    if (call) call();
  }
};

ConvergenceReactor::ConvergenceReactor(World world, Position from, Drive drive)
    : world_(std::move(world)),
      policy_(world_.policy()),
      shared_(std::make_shared<Shared>()),
      sweeps_([&rows = world_.projection](const std::optional<ModelKey>& model, const std::optional<MacAddress>& after,
                                          std::size_t max) {
        if (!model) return rows.macs(after, max);
        const auto vendor = std::min(model->find('_'), model->size());
        const std::string_view all = *model;
        return rows.of_model(all.substr(0, vendor), all.substr(std::min(vendor + 1, all.size())), after, max);
      }),
      now_(world_.clock.now()),
      followed_(from),
      applied_(from),
      known_(from) {
  load();
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
  handlers.rest = [this] { return rest(); };
  handlers.trouble = world_.trouble;
  follower_ = std::make_unique<actors::LogFollower>(world_.log, from, std::move(handlers), longest_rest, drive);
  const std::lock_guard lock(shared_->mutex);
  shared_->wake = follower_->waker();
}

ConvergenceReactor::~ConvergenceReactor() {
  follower_.reset();
}

Step ConvergenceReactor::step(std::size_t max) {
  const auto done = follower_->step(max);
  return done == Step::idle && more_ ? Step::more : done;
}

bool ConvergenceReactor::at_rest() const {
  return sweeps_.empty() && !first_round_ &&
         std::all_of(waves_.begin(), waves_.end(), [](const auto& item) { return is_at_rest(item.second.wave); });
}

std::function<bool(Position)> ConvergenceReactor::looked() const {
  return [shared = shared_](Position position) {
    const std::lock_guard lock(shared->mutex);
    return shared->looked >= position;
  };
}

// --- Following.

void ConvergenceReactor::load() {
  std::optional<MacAddress> after;
  for (;;) {
    const auto rows = world_.projection.list(after, round_page);
    for (const auto& row : rows) {
      auto wave = restored(row, now_, policy_);
      if (is_blank(wave)) continue;
      const auto& mac = row.definition->mac;
      auto& entry = waves_[mac];
      entry.wave = std::move(wave);
      schedule_.index(mac, entry.wave, entry.indexed, context());
    }
    if (rows.size() < round_page) return;
    after = rows.back().definition->mac;
  }
}

// Of a date in an event. While events may be followed that were dated before a step of the clock, what is followed is
// taken for new: a deadline comes too late by what the follower is behind, never too early.
Instant ConvergenceReactor::instant_of(Timestamp date) {
  const auto now = world_.clock.now();
  if (const auto steps = world_.clock.steps(); steps != steps_) {
    steps_ = steps;
    stepped_at_ = now.instant;
  }
  if (stepped_at_ && now.instant - *stepped_at_ < most_lag) return now.instant;
  return begun_at(now, date, most_lag);
}

bool ConvergenceReactor::wanted(const Record& record) const {
  if (record.type == ConfigServed::type) {
    if (sweeps_.any_recent()) return true;
    const auto mac = MacAddress::parse(record.stream.key());
    return mac && waves_.contains(*mac);
  }
  if (record.type == PhoneRegistered::type || record.type == PhoneMoved::type) return schedule_.awaits_any();
  return record.stream.category() == StreamId::device_category || affected_by(record).has_value();
}

void ConvergenceReactor::follow(const Envelope& envelope) {
  now_ = world_.clock.now();
  if (const auto* registered = std::get_if<PhoneRegistered>(&envelope.event))
    return phone_seen(registered->extension, registered->mac, instant_of(envelope.time));
  if (const auto* moved = std::get_if<PhoneMoved>(&envelope.event))
    return phone_seen(moved->extension, moved->mac, instant_of(envelope.time));
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
  const Change* lately = nullptr;
  if (sweeps_.any_recent())
    if (const auto device = world_.projection.runs(mac); device.definition)
      lately = sweeps_.lately(model_of(*device.definition));
  hand(mac, Happened{&envelope, instant_of(envelope.time), lately});
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

void ConvergenceReactor::phone_seen(const ExtensionNumber& extension, const std::optional<MacAddress>& said,
                                    Instant at) {
  if (!said)
    for (const auto& mac : schedule_.awaiting(extension)) hand(mac, PhoneSeen{at});
  else if (waves_.contains(*said))
    hand(*said, PhoneSeen{at});
}

void ConvergenceReactor::mark(const Affected& affected, const Envelope& envelope) {
  const Change change{affected.reason, envelope.position, envelope.correlation, envelope.id};
  const bool twice = affected.reason == RebootReason::settings_changed;
  switch (affected.whose) {
    case Affected::Whose::device:
      if (const auto mac = MacAddress::parse(affected.key)) hand(*mac, FileChanged{change, twice});
      break;
    case Affected::Whose::extension:
      if (const auto extension = ExtensionNumber::parse(affected.key))
        for (const auto& mac : world_.projection.on_extension(*extension)) hand(mac, FileChanged{change});
      break;
    case Affected::Whose::model:
      sweeps_.begin(affected.key, change, context());
      break;
    case Affected::Whose::all:
      sweeps_.begin(std::nullopt, change, context());
      break;
  }
}

// --- What is due.

void ConvergenceReactor::between() {
  now_ = world_.clock.now();
  more_ = false;
  take_answers();
  read_policy();
  learn();
  sweeps_.forget(now_.instant);
  Budget budget{steps_at_once, looks_at_once};
  run_due(budget);
  run_sweeps(budget);
  run_round(budget);
  run_turns(budget);
  await_positions();
  publish_looked();
}

std::chrono::nanoseconds ConvergenceReactor::rest() const {
  if (more_) return {};
  const auto now = world_.clock.instant();
  std::chrono::nanoseconds rest = longest_rest;
  const auto until = [&](std::optional<Instant> at) {
    if (at) rest = std::min<std::chrono::nanoseconds>(rest, std::max<Instant::duration>(*at - now, {}));
  };
  if (may_ask()) {
    until(schedule_.next_due());
    until(sweeps_.due(context()).at);
    until(next_page_);
  }
  if (schedule_.waiting() && !schedule_.quiet()) rest = std::min<std::chrono::nanoseconds>(rest, turns_every);
  return rest;
}

void ConvergenceReactor::take_answers() {
  std::vector<std::pair<MacAddress, Answered>> answered;
  {
    const std::lock_guard lock(shared_->mutex);
    answered.swap(shared_->answered);
    if (shared_->applied) {
      applied_ = std::max(applied_, *shared_->applied);
      shared_->applied.reset();
      awaiting_ = false;
    }
  }
  asks_ -= answered.size();
  for (const auto& [mac, answer] : answered) hand(mac, answer);
}

void ConvergenceReactor::read_policy() {
  if (policy_read_ && now_.instant - *policy_read_ < policy_every) return;
  policy_read_ = now_.instant;
  auto policy = world_.policy();
  if (policy == policy_) return;
  policy_ = std::move(policy);
  // Deadlines may be others now.
  for (auto& [mac, entry] : waves_) schedule_.index(mac, entry.wave, entry.indexed, context());
}

// What was waited for has been followed and is in the tables.
void ConvergenceReactor::learn() {
  known_ = std::max(known_, std::min(followed_, applied_));
  const auto now_known = schedule_.known(known_, steps_at_once);
  for (const auto& mac : now_known) {
    auto& entry = waves_.at(mac);
    schedule_.index(mac, entry.wave, entry.indexed, context());
  }
  more_ = more_ || now_known.size() == steps_at_once;
}

bool ConvergenceReactor::may_ask() const {
  return asks_ < most_asks;
}

void ConvergenceReactor::run_due(Budget& budget) {
  while (const auto mac = schedule_.first_due(now_.instant)) {
    if (!may_ask()) return;
    if (budget.steps == 0 || budget.looks == 0) {
      more_ = true;
      return;
    }
    --budget.steps;
    if (waves_.at(*mac).wave.recheck) --budget.looks;
    hand(*mac, Tick{});
  }
}

void ConvergenceReactor::run_sweeps(Budget& budget) {
  while (may_ask()) {
    if (budget.looks == 0) {
      more_ = true;
      return;
    }
    const auto page = sweeps_.next(context(), budget.looks);
    if (!page) return;
    budget.looks -= std::min(budget.looks, std::max<std::size_t>(page->macs.size(), 1));
    for (const auto& mac : page->macs)
      if (auto looked = look(mac, page->why)) hand(mac, std::move(*looked));
  }
}

// Finds what a crash kept from being looked at.
void ConvergenceReactor::run_round(Budget& budget) {
  if (next_page_ > now_.instant || budget.looks == 0 || !may_ask()) return;
  const auto macs = world_.projection.macs(round_at_, round_page);
  for (const auto& mac : macs)
    if (auto looked = look(mac, {{}, now_.instant})) hand(mac, std::move(*looked));
  const bool end = macs.size() < round_page;
  if (end) {
    round_at_.reset();
    first_round_ = false;
  } else {
    round_at_ = macs.back();
  }
  if (first_round_) {
    more_ = true;
    return;
  }
  const auto pages = std::max<std::size_t>((world_.projection.size() + round_page - 1) / round_page, 1);
  next_page_ = now_.instant + policy_.round_every / static_cast<int>(pages);
}

void ConvergenceReactor::run_turns(Budget& budget) {
  schedule_.refill(policy_.pace, now_);
  while (const auto mac = schedule_.next_turn()) {
    if (!may_ask()) return;
    if (budget.steps == 0) {
      more_ = true;
      return;
    }
    --budget.steps;
    take_turn(*mac);
  }
}

void ConvergenceReactor::await_positions() {
  if (awaiting_) return;
  auto position = schedule_.last_awaited();
  if (const auto swept = sweeps_.due(context()).position) position = std::max(position.value_or(*swept), *swept);
  if (!position || *position <= applied_) return;
  awaiting_ = true;
  world_.when_applied(*position, [shared = shared_, position = *position] {
    shared->hand_over([&](Shared& to) { to.applied = position; });
  });
}

void ConvergenceReactor::publish_looked() {
  auto first = schedule_.first_unlooked();
  if (const auto swept = sweeps_.first_unlooked()) first = std::min(first.value_or(*swept), *swept);
  const auto looked = first ? std::min(followed_, Position{number(*first) - 1}) : followed_;
  const std::lock_guard lock(shared_->mutex);
  shared_->looked = looked;
}

// --- One device.

// Hands a fact to its wave and carries out what follows, until nothing does.
void ConvergenceReactor::hand(const MacAddress& mac, WaveFact fact) {
  const auto [found, fresh] = waves_.try_emplace(mac);
  auto& [wave, indexed] = found->second;
  if (fresh) {
    if (auto device = world_.projection.runs(mac); device.definition) {
      wave.extension = device.definition->extension;
      wave.former = std::move(device.former);
      wave.site = device.definition->site;
    }
  }
  std::optional<WaveFact> next = std::move(fact);
  while (next) {
    auto commands = decide(wave, mac, *next, context());
    next.reset();
    for (auto& command : commands)
      if (auto answer = carry_out(mac, wave, std::move(command))) next = std::move(answer);
  }
  schedule_.index(mac, wave, indexed, context());
  if (is_blank(wave)) waves_.erase(found);
}

std::optional<WaveFact> ConvergenceReactor::carry_out(const MacAddress& mac, DeviceWave& wave, Command command) {
  return std::visit(
      Overloaded{
          [&](Look& c) -> std::optional<WaveFact> {
            if (auto device = world_.projection.runs(mac); device.definition) {
              wave.extension = device.definition->extension;
              wave.former = std::move(device.former);
              wave.site = device.definition->site;
            }
            if (auto looked = look(mac, std::move(c.why))) return WaveFact(std::move(*looked));
            return std::nullopt;
          },
          [&](const FindPhone& c) -> std::optional<WaveFact> { return WaveFact(find_phone(mac, c.after)); },
          [&](AskDevice& c) -> std::optional<WaveFact> {
            ask(mac, std::move(c));
            return std::nullopt;
          },
          [&](const Took& c) -> std::optional<WaveFact> {
            if (world_.counters != nullptr) world_.counters->took(std::chrono::duration<double>(c.time).count());
            return std::nullopt;
          },
      },
      command);
}

// None: there is no such device.
std::optional<Looked> ConvergenceReactor::look(const MacAddress& mac, Recheck why) const {
  auto device = world_.projection.runs(mac);
  if (!device.definition) return std::nullopt;
  // Also of a phone that never fetched: that it would be sent nothing is counted by this look.
  auto etag = world_.etag(device.definition);
  Looked looked{std::move(why), std::nullopt, std::move(device.etag)};
  // Of changes that come together the last is told as the cause, whichever look finds the other file.
  auto& change = looked.why.change;
  const auto is_later = [&](const Change* other) { return other != nullptr && other->cause > change.cause; };
  if (const auto* lately = sweeps_.lately(model_of(*device.definition)); is_later(lately)) change = *lately;
  if (const auto wave = waves_.find(mac); wave != waves_.end())
    if (const auto& own = wave->second.wave.recheck; own && is_later(&own->change)) change = own->change;
  if (etag) looked.etag = std::move(*etag);
  return looked;
}

void ConvergenceReactor::take_turn(const MacAddress& mac) {
  const auto row = world_.projection.find(mac);
  auto& wave = waves_.at(mac).wave;
  if (!row) return hand(mac, Turn{});
  // The file that it is to fetch may be another one already, and the sweep that finds that is still on its way.
  if (auto why = sweeps_.ahead(model_of(*row->definition), mac, context()); why && why->known <= known_) {
    if (auto looked = look(mac, *why)) hand(mac, std::move(*looked));
    if (!waves_.contains(mac) || !wave.attempt) return;
  }
  wave.extension = row->definition->extension;
  wave.former = row->activity.former;
  wave.site = row->definition->site;
  Turn turn{.registered = true, .served = row->activity.last_etag};
  for (const auto& binding : reboot::Phones(world_.bindings, world_.projection).of(*row))
    turn.here = std::max(turn.here.value_or(binding->here), binding->here);
  turn.in_call = world_.busy.in_call(mac, wave.extension);
  turn.verb = world_.verb(row->definition->vendor, wave.attempt->state.reason);
  const bool was = in_flight(wave, known_);
  hand(mac, std::move(turn));
  const auto after = waves_.find(mac);
  if (after != waves_.end() && !was && in_flight(after->second.wave, known_)) schedule_.told();
}

// The registration of its phone that came after the fetch.
Bound ConvergenceReactor::find_phone(const MacAddress& mac, Instant after) const {
  Bound bound;
  const auto row = world_.projection.find(mac);
  if (!row) return bound;
  bound.registered = true;
  for (const auto& binding : reboot::Phones(world_.bindings, world_.projection).of(*row))
    if (binding->registered > after)
      bound.registration = Bound::Registration{binding->contact, binding->ip, binding->last_registered};
  return bound;
}

void ConvergenceReactor::ask(const MacAddress& mac, AskDevice command) {
  ++asks_;
  world_.devices.ask(mac.text(), std::move(command.command), {std::move(command.cause), {}, {}},
                     [shared = shared_, mac](const Result<actors::Outcome>& outcome) {
                       shared->hand_over([&](Shared& to) {
                         Answered answer;
                         if (outcome) answer = {true, !outcome->events.empty(), outcome->position};
                         to.answered.emplace_back(mac, answer);
                       });
                     });
}

}  // namespace strowger::convergence
