#include "actors/convergence/wave.hpp"

#include "actors/convergence/overdue.hpp"
#include "events/overloaded.hpp"

#include <algorithm>

namespace strowger::convergence {
namespace {

using About = Talk::About;
using Commands = std::vector<Command>;

// What is asked again where it could not be decided.
constexpr auto retry_command = std::chrono::seconds(1);
// A phone that fetched something older may be about to fetch again.
constexpr auto after_old_file = std::chrono::seconds(10);
// A phone in a call is looked at again.
constexpr auto call_lasts = std::chrono::seconds(1);
// A registration after a fetch is looked for this often at first; later at an eighth of the time that has passed.
constexpr auto first_find = std::chrono::seconds(1);
constexpr auto any_age = std::chrono::days(3'650);

bool may_come_back(const std::string& code) {
  return code == "no_phone" || code == "unanswered";
}

// What ends the stage by itself.
struct Ending {
  enum class Kind : std::uint8_t { none, fetched, turn, overdue };
  Kind kind = Kind::none;
  Instant at{};
};

Ending ending_of(const Attempt& attempt, const Policy& policy) {
  using enum ConvergenceStage;
  using enum Ending::Kind;
  if (attempt.fetched) return {fetched, {}};
  switch (attempt.state.stage) {
    case wanted:
    case retrying:
      return {turn, attempt.at.value_or(Instant{})};
    case failed:
      return attempt.at ? Ending{turn, *attempt.at} : Ending{};
    case accepted:
      return {overdue, std::min(attempt.changed + policy.fetch_deadline, attempt.at.value_or(Instant::max()))};
    case refused:
    case unanswered:
      return {overdue, {}};
    case asked:
    case converged:
      break;
  }
  return {};
}

std::string places_of(const DeviceWave& wave) {
  std::string text = " on extension " + wave.extension.text();
  for (const auto& former : wave.former) text += " or " + former.text() + ", which it had";
  return text;
}

bool comes_first(const std::optional<Recheck>& recheck, Instant now) {
  return recheck && recheck->at <= now;
}

// 0 is none.
Position earlier(Position one, Position other) {
  return one == Position{} || other == Position{} ? std::max(one, other) : std::min(one, other);
}

Instant retry_of(const Attempt& attempt, const Policy& policy) {
  // Both dates were read from the clock as it was then.
  return attempt.changed + std::clamp<Timestamp::duration>(attempt.state.not_before - attempt.state.changed_at,
                                                           Timestamp::duration(0), policy.longest_backoff);
}

class Decision {
 public:
  Decision(DeviceWave& wave, const MacAddress& mac, const Context& context)
      : wave_(wave), mac_(mac), context_(context) {}

  Commands commands;

  void operator()(const Tick&) {
    const auto now = context_.now;
    if (wave_.recent && wave_.recent->until <= now) wave_.recent.reset();
    if (wave_.talk.asking) return;
    if (comes_first(wave_.recheck, now)) {
      if (wave_.recheck->known <= context_.known) look();
      return;
    }
    if (wave_.attempt && wave_.talk.after <= context_.known && wave_.talk.not_before <= now) end_stage();
    if (wave_.returns && wave_.returns->look <= now && !wave_.talk.asking) find_phone();
  }

  void operator()(const FileChanged& fact) { file_changed(fact.change, fact.twice); }

  void operator()(const PhoneSeen& fact) {
    if (!awaits_phone(wave_)) return;
    auto& attempt = *wave_.attempt;
    attempt.at = fact.at + context_.policy.registration_grace;
    attempt.heard = context_.now;
    attempt.queued = false;
  }

  void operator()(const Happened& fact) {
    if (const auto* served = std::get_if<ConfigServed>(&fact.envelope->event)) return on_served(fact, *served);
    const auto& envelope = *fact.envelope;
    std::optional<Convergence> state;
    if (wave_.attempt) state = wave_.attempt->state;
    fold(state, envelope);
    if (const auto* changed = std::get_if<DeviceChanged>(&envelope.event)) moves_to(wave_, changed->extension);
    if (std::holds_alternative<DeviceReturned>(envelope.event)) wave_.returns.reset();
    if (!state || !state->open()) return closed(fact);
    open(std::move(*state), fact.at);
    if (const auto* requested = std::get_if<RebootRequested>(&envelope.event)) {
      moves_to(wave_, requested->extension);
      wave_.attempt->told_at = fact.at;
      wave_.returns.reset();
      look_again(fact, wave_.attempt->state.reason);
    }
  }

  void operator()(const Looked& fact) {
    if (wave_.talk.asking) {  // found by looking at many devices: once more when there is an answer
      if (!wave_.recheck) wave_.recheck = fact.why;
      return;
    }
    const auto& attempt = wave_.attempt;
    if (!attempt && fact.served.empty()) return;  // it has no phone yet: that fetches when it boots
    if (!fact.etag) return;                       // what makes it servable is an event again
    if (*fact.etag == (attempt ? attempt->state.etag : fact.served)) return;
    const auto& change = fact.why.change;
    wave_.talk.file = fact.why;
    ask(About::file, actors::WantConfig{*fact.etag, fact.served, change.reason, change.cause},
        {"system", change.correlation, change.causation});
  }

  void operator()(const Turn& fact) {
    using enum ConvergenceStage;
    if (!wave_.attempt) return;
    auto& attempt = *wave_.attempt;
    attempt.queued = false;
    const auto& state = attempt.state;
    if (wave_.talk.asking || ending_of(attempt, context_.policy).kind != Ending::Kind::turn ||
        comes_first(wave_.recheck, context_.now))
      return;
    if (!fact.registered) {
      attempt.at = context_.now + retry_command;
      return;
    }
    if (state.stage == failed && !came_back(attempt, fact)) {
      // The log knows of a registration a moment before the bindings do. Else it was another phone of the extension.
      attempt.at.reset();
      if (attempt.heard && context_.now - *attempt.heard < context_.policy.return_within)
        attempt.at = context_.now + context_.policy.registration_grace;
      return;
    }
    // It fetched before what it was to fetch was said to be wanted.
    if (state.reboot.is_nil() && fact.served == state.etag) return report_fetched();
    if (!fact.here)
      return ask(
          About::report,
          actors::ReportUnreachable{state.etag, "no phone that could be this device is registered" + places_of(wave_) +
                                                    "; it fetches its configuration when it is switched on"},
          from_attempt());
    // Its turn comes when the call has ended: were it asked now and told then, all who were in a call could be told at
    // once.
    if (fact.in_call) {
      attempt.at = context_.now + call_lasts;
      return;
    }
    const auto number = static_cast<std::uint16_t>(state.stage == failed ? 1 : state.attempts + 1);
    // What a person asked for stays that; else, who did not follow the gentle word is told the other one.
    const bool chosen = state.reason == RebootReason::manual || state.reason == RebootReason::campaign;
    const auto verb = number == 1 ? fact.verb : chosen ? state.verb : RebootVerb::reboot;
    ask(About::turn, actors::TellPhone{state.etag, verb, number}, from_attempt());
  }

  void operator()(const Bound& fact) {
    if (!wave_.returns) return;
    auto& returns = *wave_.returns;
    const auto passed = context_.now - returns.fetched;
    if (fact.registration && !wave_.talk.asking)
      ask(About::report,
          actors::ReportReturned{returns.reboot, fact.registration->contact, fact.registration->ip,
                                 fact.registration->registered_at},
          {"phone:" + mac_.text(), returns.correlation, returns.causation});
    // Once it is recorded, its event ends the search.
    if (!fact.registered || passed > context_.policy.return_within)
      wave_.returns.reset();
    else
      returns.look = context_.now + std::max<Instant::duration>(first_find, passed / 8);
  }

  void operator()(const Answered& fact) {
    auto& talk = wave_.talk;
    talk.asking = false;
    if (talk.about != About::file) {
      talk.after = fact.position;
      if (!fact.carried_out || !fact.decided) talk.not_before = context_.now + retry_command;
      return;
    }
    auto again = std::move(*talk.file);
    talk.file.reset();
    if (!fact.carried_out) {
      again.at = context_.now + retry_command;
    } else if (fact.decided) {
      // It may have been overtaken by a change that was looked at before: whether it is right is seen when it is in the
      // tables.
      again.at = context_.now;
      again.known = fact.position;
      again.twice = false;
    } else {
      return;
    }
    if (wave_.recheck) {
      wave_.recheck->known = std::max(wave_.recheck->known, again.known);
      wave_.recheck->first = earlier(wave_.recheck->first, again.first);
    } else {
      wave_.recheck = std::move(again);
    }
  }

 private:
  void ask(About about, actors::Device::Command command, Cause cause) {
    wave_.talk.about = about;
    wave_.talk.asking = true;
    commands.emplace_back(AskDevice{std::move(command), std::move(cause)});
  }
  Cause from_attempt() const {
    const auto& state = wave_.attempt->state;
    return {"system", state.correlation, state.event};
  }

  void look() {
    const auto why = *wave_.recheck;
    if (why.twice) {
      wave_.recheck->twice = false;
      wave_.recheck->at = context_.now + second_look;
    } else {
      wave_.recheck.reset();
    }
    commands.emplace_back(Look{why});
  }

  void end_stage() {
    auto& attempt = *wave_.attempt;
    const auto ending = ending_of(attempt, context_.policy);
    if (ending.kind == Ending::Kind::none || ending.at > context_.now) return;
    if (ending.kind == Ending::Kind::turn)
      attempt.queued = true;
    else if (ending.kind == Ending::Kind::fetched)
      report_fetched();
    else
      ask(About::report, overdue(attempt.state, attempt.at.has_value(), context_.policy), from_attempt());
  }

  // Causation: the fetch. Correlation: that of what the phone was told, also where the fetch was its own idea.
  void report_fetched() {
    const auto& attempt = *wave_.attempt;
    ask(About::report, actors::ReportFetched{attempt.state.etag},
        {"phone:" + mac_.text(), attempt.state.correlation,
         attempt.fetched ? attempt.fetched->event : attempt.state.event});
  }

  void find_phone() { commands.emplace_back(FindPhone{wave_.returns->fetched}); }

  // Its phone came since it was last told, or to another address. (A start of the server alone is no reason to tell it
  // again.)
  static bool came_back(const Attempt& attempt, const Turn& turn) {
    if (attempt.state.code == "no_phone") return turn.here.has_value();
    return turn.here && *turn.here > attempt.told_at;
  }

  void file_changed(const Change& change, bool twice) {
    const auto at = context_.now + context_.policy.settle;
    wave_.recent = {change, at + unseen_for};
    if (!wave_.recheck) {
      wave_.recheck = {change, at, change.cause, change.cause, twice};
      return;
    }
    auto& recheck = *wave_.recheck;  // a stream of changes does not put it off
    recheck.change = change;
    recheck.known = change.cause;
    recheck.first = earlier(recheck.first, change.cause);
    recheck.twice = recheck.twice || twice;
  }

  // What was just recorded may have been made before the last change, which was looked at already.
  void look_again(const Happened& fact, RebootReason reason) {
    const auto position = fact.envelope->position;
    if (wave_.recheck) {
      wave_.recheck->known = position;
      return;
    }
    Change change{reason, position, fact.envelope->correlation, fact.envelope->id};
    const auto* latest = fact.lately;
    if (wave_.recent && (latest == nullptr || wave_.recent->change.cause > latest->cause))
      latest = &wave_.recent->change;
    if (latest != nullptr) change = *latest;
    wave_.recheck = {change, context_.now + context_.policy.settle, position, position, false};
  }

  void on_served(const Happened& fact, const ConfigServed& served) {
    if (!wave_.attempt) {
      if (wave_.recent || fact.lately != nullptr) look_again(fact, RebootReason::config_changed);
      return;
    }
    auto& attempt = *wave_.attempt;
    if (served.etag == attempt.state.etag) {
      attempt.fetched = {fact.at, fact.envelope->id};
      attempt.queued = false;
      return;
    }
    if (attempt.state.stage == ConvergenceStage::accepted) attempt.at = context_.now + after_old_file;
    // Older than what is wanted; or newer, where it was told while its file changed.
    file_changed({attempt.state.reason, fact.envelope->position, fact.envelope->correlation, fact.envelope->id}, false);
  }

  void open(Convergence state, Instant at) {
    const bool fresh = !wave_.attempt;
    if (fresh) {
      wave_.attempt.emplace();
      wave_.attempt->told_at = at;
    }
    auto& attempt = *wave_.attempt;
    const auto before = std::exchange(attempt.state, std::move(state));
    if (fresh || before.since != attempt.state.since) attempt.since = at;
    if (before.etag != attempt.state.etag) attempt.fetched.reset();
    if (!fresh && before.stage == attempt.state.stage && before.reboot == attempt.state.reboot) return;
    attempt.changed = at;
    attempt.at.reset();
    attempt.heard.reset();
    attempt.queued = false;
    if (attempt.state.stage == ConvergenceStage::retrying) attempt.at = retry_of(attempt, context_.policy);
    // Its phone may have come while it was given up, and a mere refresh of its registration, under way to the disk when
    // it lapsed, is no event: it is looked for once more.
    if (awaits_phone(wave_)) attempt.at = context_.now + context_.policy.registration_grace;
  }

  void closed(const Happened& fact) {
    const auto* converged = std::get_if<DeviceConverged>(&fact.envelope->event);
    auto fetched = fact.at;
    if (wave_.attempt) {
      if (wave_.attempt->fetched) fetched = wave_.attempt->fetched->at;
      if (converged != nullptr) commands.emplace_back(Took{fetched - wave_.attempt->since});
      wave_.attempt.reset();
    }
    if (converged != nullptr && !converged->reboot.is_nil())
      wave_.returns = {converged->reboot, fetched, context_.now, fact.envelope->correlation, fact.envelope->id};
  }

  DeviceWave& wave_;
  const MacAddress& mac_;
  const Context& context_;
};

}  // namespace

std::vector<Command> decide(DeviceWave& wave, const MacAddress& mac, const WaveFact& fact, const Context& context) {
  Decision decision(wave, mac, context);
  std::visit(decision, fact);
  return std::move(decision.commands);
}

Due due(const DeviceWave& wave, const Context& context) {
  Due out;
  const auto add = [&](Instant at, Position known) {
    if (known > context.known)
      out.position = std::min(out.position.value_or(known), known);
    else
      out.at = std::min(out.at.value_or(Instant::max()), std::max(at, context.now));
  };
  if (wave.recent) add(wave.recent->until, {});
  if (wave.talk.asking) return out;
  if (wave.recheck) add(wave.recheck->at, wave.recheck->known);
  if (comes_first(wave.recheck, context.now)) return out;
  if (wave.attempt && !wave.attempt->queued) {
    const auto ending = ending_of(*wave.attempt, context.policy);
    if (ending.kind != Ending::Kind::none) add(std::max(ending.at, wave.talk.not_before), wave.talk.after);
  }
  if (wave.returns) add(wave.returns->look, {});
  return out;
}

DeviceWave restored(const DeviceRow& row, const Now& now, const Policy& policy) {
  DeviceWave wave;
  wave.extension = row.definition->extension;
  wave.former = row.activity.former;
  wave.site = row.definition->site;
  const auto& state = row.activity.convergence;
  if (!state) return wave;
  const auto instant_of = [&](Timestamp date) { return begun_at(now, date, any_age); };
  if (!state->open()) {
    if (state->reboot.is_nil() || state->returned_at) return wave;
    const auto fetched = instant_of(state->changed_at);
    if (now.instant - fetched < policy.return_within)
      wave.returns = {state->reboot, fetched, now.instant, state->correlation, state->event};
    return wave;
  }
  const auto& asked = row.activity.reboot;
  const bool told = asked && asked->reboot == state->reboot;
  const auto told_at = told ? asked->requested_at : state->since;
  auto& attempt = wave.attempt.emplace();
  attempt.state = *state;
  attempt.since = instant_of(state->since);
  attempt.changed = instant_of(state->changed_at);
  attempt.told_at = instant_of(told_at);
  if (state->stage == ConvergenceStage::retrying) attempt.at = retry_of(attempt, policy);
  if (awaits_phone(wave)) attempt.at = now.instant + policy.registration_grace;
  // It fetched, and the process ended before that was decided upon. The log's order tells, where it can: the clock may
  // have been set in between.
  const auto at = row.activity.last_provisioned;
  if (at && (told ? asked->fetched_at.has_value() : *at >= told_at) && row.activity.last_etag == state->etag)
    attempt.fetched = {instant_of(*at), state->event};
  return wave;
}

bool is_blank(const DeviceWave& wave) {
  return !wave.recheck && !wave.attempt && !wave.recent && !wave.returns && !wave.talk.asking;
}

bool is_at_rest(const DeviceWave& wave) {
  if (wave.recheck || wave.talk.asking) return false;
  if (!wave.attempt) return true;
  return wave.attempt->state.stage == ConvergenceStage::failed && !wave.attempt->at && !wave.attempt->fetched;
}

bool in_flight(const DeviceWave& wave, Position known) {
  if (!wave.attempt || !wave.attempt->state.campaign.is_nil()) return false;
  if (wave.attempt->state.told()) return !wave.attempt->state.deferred;
  return wave.talk.about == About::turn && (wave.talk.asking || wave.talk.after > known);
}

void moves_to(DeviceWave& wave, const ExtensionNumber& extension) {
  if (wave.extension == extension) return;
  if (!wave.extension.text().empty()) wave.former.push_back(wave.extension);
  wave.extension = extension;
}

bool awaits_phone(const DeviceWave& wave) {
  return wave.attempt && wave.attempt->state.stage == ConvergenceStage::failed &&
         may_come_back(wave.attempt->state.code);
}

Position unlooked(const DeviceWave& wave) {
  const auto of = [](const std::optional<Recheck>& recheck) { return recheck ? recheck->first : Position{}; };
  return earlier(of(wave.recheck), of(wave.talk.file));
}

}  // namespace strowger::convergence
