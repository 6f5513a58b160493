// Of ConvergenceReactor: who is told now, whose fetch is overdue, and who came back.
#include "actors/convergence/convergence_reactor.hpp"
#include "actors/reboot/correlation.hpp"
#include "actors/reboot/phone_notifier.hpp"

#include <algorithm>
#include <charconv>

namespace strowger::convergence {
namespace {

// The status that a refusal begins with; 0: none.
unsigned status_of_refusal(const std::string& detail) {
  unsigned status = 0;
  std::from_chars(detail.data(), detail.data() + detail.size(), status);
  return status;
}

constexpr auto returns_every = std::chrono::seconds(1);

std::chrono::seconds backoff(const Policy& policy, std::uint16_t attempt) {
  auto wait = policy.first_backoff;
  for (std::uint16_t i = 1; i < attempt && wait < policy.longest_backoff; ++i) wait *= 2;
  return std::min(wait, policy.longest_backoff);
}

std::string places_of(const DeviceRow& device) {
  std::string text = " on extension " + device.definition->extension.text();
  for (const auto& former : device.activity.former) text += " or " + former.text() + ", which it had";
  return text;
}

}  // namespace

void ConvergenceReactor::find_overdue(Instant now) {
  using enum ConvergenceStage;
  for (auto& [mac, open] : open_) {
    if (open.asking || open.looked > followed_ || open.hold > now) continue;
    const auto& state = open.state;
    // That it fetched could not be recorded when it did.
    if (open.fetched) {
      say_fetched(mac, open);
      continue;
    }
    switch (state.stage) {
      case accepted:
        if (open.early && now >= *open.early)
          overdue(mac, open, "not_fetched",
                  "the phone was told while its configuration changed, and fetched the older one");
        else if (now >= open.changed + policy_.fetch_deadline)
          overdue(
              mac, open, "not_fetched",
              "the phone agreed to fetch its configuration and did not do so: check the provisioning URL that is set "
              "in the phone, and that it reaches this server");
        break;
      case refused:
        overdue(mac, open, "refused",
                "the phone refused with " + state.detail +
                    ": check that it allows remote reboots (check-sync), or restart it by hand");
        break;
      case unanswered:
        overdue(mac, open, state.detail.starts_with("no phone") ? "no_phone" : "unanswered",
                state.detail.starts_with("no phone")
                    ? state.detail + "; it fetches its configuration when it is switched on"
                    : "the phone is registered but did not answer (" + state.detail +
                          "): check that it is switched on and in the network; it fetches its configuration when it "
                          "starts");
        break;
      default:
        break;
    }
  }
}

void ConvergenceReactor::overdue(const MacAddress& mac, Open& open, std::string code, std::string reason) {
  actors::ReportOverdue command{open.state.reboot, std::move(code), std::move(reason), std::nullopt};
  const bool nobody = command.code == "no_phone";  // trying again finds nobody again; its registration is waited for
  // A phone that does not know the method or the event will not know it next time.
  const bool for_good = command.code == "refused" && reboot::refused_for_good(status_of_refusal(open.state.detail));
  if (!nobody && !for_good && open.state.attempts <= policy_.retries) {
    auto wait = backoff(policy_, open.state.attempts);
    if (const auto asked = reboot::retry_after_of(open.state.detail)) wait = std::max(wait, *asked);
    command.retry_in = wait;
  }
  ask(mac, open, std::move(command));
}

void ConvergenceReactor::run_wave(const Now& now) {
  using enum ConvergenceStage;
  gate_.begin(policy_.pace, now);
  // What it is to fetch may be another file already.
  const auto to_be_looked_at = [&](const MacAddress& mac) {
    const auto dirty = dirty_.find(mac);
    return dirty != dirty_.end() && dirty->second.due <= now.instant;
  };
  std::vector<Opens::iterator> due;
  for (auto at = open_.begin(); at != open_.end(); ++at) {
    auto& open = at->second;
    const auto& state = open.state;
    // What a campaign has begun counts for the campaign.
    if (state.told() && !state.deferred && state.campaign.is_nil()) gate_.in_flight(open.site);
    if (open.asking || open.looked > followed_ || open.hold > now.instant) continue;
    if (state.stage == wanted || (state.stage == retrying && open.retry <= now.instant) ||
        (state.stage == failed && open.rearm && *open.rearm <= now.instant)) {
      if (!to_be_looked_at(at->first)) due.push_back(at);
    }
  }
  if (due.empty() || gate_.closed(policy_.pace)) return;
  std::sort(due.begin(), due.end(), [](const auto& a, const auto& b) { return a->second.since < b->second.since; });
  for (const auto& at : due) {
    if (gate_.closed(policy_.pace)) break;
    if (!gate_.closed(policy_.pace, at->second.site)) tell(at->first, at->second);
  }
}

void ConvergenceReactor::tell(const MacAddress& mac, Open& open) {
  const auto row = world_.projection.find(mac);
  if (!row) return;
  const auto& state = open.state;
  if (state.stage == ConvergenceStage::failed && !came_back(*row, open)) {
    // The log knows of a registration a moment before the bindings do. Else it was another phone of the extension.
    const auto now = world_.clock.instant();
    open.rearm.reset();
    if (now - open.heard < policy_.return_within) open.rearm = now + policy_.registration_grace;
    return;
  }
  // It fetched before what it was to fetch was said to be wanted.
  if (state.reboot.is_nil() && row->activity.last_etag == state.etag) return say_fetched(mac, open);
  open.extension = row->definition->extension;
  open.former = row->activity.former;
  if (reboot::Phones(world_.bindings, world_.projection).of(*row).empty()) {
    open.rearm.reset();
    if (state.stage == ConvergenceStage::failed) return;
    return ask(
        mac, open,
        actors::ReportUnreachable{state.etag, "no phone that could be this device is registered" + places_of(*row) +
                                                  "; it fetches its configuration when it is switched on"});
  }
  // Its turn comes when the call has ended: were it asked now and told then, all who were in a call could be told at
  // once.
  if (world_.busy.in_call(mac, open.extension)) return;
  if (!gate_.pass(policy_.pace, open.site)) return;
  const auto attempt = static_cast<std::uint16_t>(state.stage == ConvergenceStage::failed ? 1 : state.attempts + 1);
  // What a person asked for stays that; else, who did not follow the gentle word is told the other one.
  const bool chosen = state.reason == RebootReason::manual || state.reason == RebootReason::campaign;
  const auto verb =
      attempt > 1 ? chosen ? state.verb : RebootVerb::reboot : world_.verb(row->definition->vendor, state.reason);
  ask(mac, open, actors::TellPhone{state.etag, verb, attempt});
}

void ConvergenceReactor::find_returned(Instant now) {
  if (returning_.empty() || now < next_returns_) return;
  next_returns_ = now + returns_every;
  for (auto at = returning_.begin(); at != returning_.end();) {
    const auto& [mac, returning] = *at;
    const auto row = world_.projection.find(mac);
    registrar::BindingPtr back;
    if (row)
      for (const auto& binding : reboot::bindings_of(*row, world_.bindings.of(row->definition->extension)))
        if (binding->registered > returning.fetched) back = binding;
    if (back)
      world_.devices.ask(mac.text(),
                         actors::ReportReturned{returning.reboot, back->contact, back->ip, back->last_registered},
                         {{"phone:" + mac.text(), returning.correlation, returning.causation}, {}, {}},
                         [](const Result<actors::Outcome>&) {});
    // Once it is recorded, its event takes it from here.
    const bool given_up = !row || now - returning.fetched > policy_.return_within;
    at = given_up ? returning_.erase(at) : std::next(at);
  }
}

}  // namespace strowger::convergence
