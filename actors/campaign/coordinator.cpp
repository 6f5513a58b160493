#include "actors/campaign/coordinator.hpp"

#include "actors/reboot/correlation.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace strowger::campaign {
namespace {

constexpr auto tick = std::chrono::milliseconds(200);
constexpr std::size_t looks_a_round = 500;
// What a campaign's row says and the device's does not, or the other way round, is so for a moment.
constexpr auto stray_after = std::chrono::seconds(5);
constexpr auto ask_again_after = std::chrono::seconds(1);
constexpr std::uint32_t too_few_to_abort = 10;
constexpr std::size_t longest_reason = 256;

convergence::Pace pace_of(const CampaignPace& pace) {
  const auto quiet = QuietHours::parse(pace.quiet_hours);
  return {pace.max_in_flight, pace.max_per_second, pace.per_site, quiet ? *quiet : QuietHours{}};
}

}  // namespace

// Replies come from actors' threads, and may come after the coordinator is gone.
struct Coordinator::Shared {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::set<Key> asked;        // until the projection shows what came of it; a nil MAC: the campaign itself
  std::vector<Key> declined;  // another reboot is under way, or nothing could be written: asked again later

  bool begin(const Key& key) {
    const std::lock_guard lock(mutex);
    return asked.insert(key).second;
  }
  void decline(const Key& key) {
    const std::lock_guard lock(mutex);
    declined.push_back(key);
  }
  void forget(const Key& key) {
    const std::lock_guard lock(mutex);
    asked.erase(key);
  }
  std::vector<MacAddress> of(const Uuid& campaign) {
    const std::lock_guard lock(mutex);
    std::vector<MacAddress> macs;
    for (auto at = asked.upper_bound({campaign, {}}); at != asked.end() && at->first == campaign; ++at)
      macs.push_back(at->second);
    return macs;
  }
  bool is_asked(const Key& key) {
    const std::lock_guard lock(mutex);
    return asked.contains(key);
  }
};

Coordinator::Coordinator(World world, Drive drive) : world_(std::move(world)), shared_(std::make_shared<Shared>()) {
  if (drive == Drive::own_thread) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Coordinator::~Coordinator() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Coordinator::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    step();
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, stop, tick, [] { return false; });
  }
}

Step Coordinator::step() {
  const auto now = world_.clock.now();
  const auto under_way = world_.projection.under_way();
  bool more = false;
  take_declined(now.instant);
  for (const auto& campaign : under_way) more = round(campaign, now) || more;
  const auto is_over = [&](const Uuid& id) {
    return std::none_of(under_way.begin(), under_way.end(), [&](const auto& campaign) { return campaign.id == id; });
  };
  std::erase_if(gates_, [&](const auto& item) { return is_over(item.first); });
  std::erase_if(strayed_, [&](const auto& item) { return is_over(item.first.first); });
  const std::lock_guard lock(shared_->mutex);
  std::erase_if(shared_->asked, [&](const Key& key) { return is_over(key.first); });
  return more ? Step::more : Step::idle;
}

void Coordinator::take_declined(Instant now) {
  std::erase_if(again_, [&](const auto& item) { return item.second <= now; });
  const std::lock_guard lock(shared_->mutex);
  for (const auto& key : std::exchange(shared_->declined, {})) {
    shared_->asked.erase(key);
    again_[key] = now + ask_again_after;
  }
}

// Whether it may be asked now; then it is.
bool Coordinator::begin(const Key& key) {
  return !again_.contains(key) && shared_->begin(key);
}

bool Coordinator::round(const CampaignRow& campaign, const Now& now) {
  if (end_if_due(campaign)) return true;
  const bool more = tell_next(campaign, now);
  say_skipped(campaign);
  return more;
}

bool Coordinator::end_if_due(const CampaignRow& campaign) {
  const auto& counts = campaign.counts;
  const auto judged = counts.converged + counts.failed;
  if (campaign.pace.abort_percent > 0 && judged >= std::min(too_few_to_abort, counts.total) &&
      counts.failed * 100 > campaign.pace.abort_percent * judged) {
    if (!begin({campaign.id, {}})) return false;
    ask_campaign(campaign, {MacAddress{}},
                 actors::AbortCampaign{counts.failed, judged,
                                       std::to_string(counts.failed) + " of " + std::to_string(judged) +
                                           " devices failed, more than " + std::to_string(campaign.pace.abort_percent) +
                                           " %; look at one of them, then start a campaign for those that are left"});
    return true;
  }
  // Also a paused one ends when there is nothing left of it.
  if (counts.waiting > 0 || counts.told > 0 || counts.total == 0 || !begin({campaign.id, {}})) return false;
  ask_campaign(campaign, {MacAddress{}}, actors::CompleteCampaign{counts.converged, counts.failed, counts.skipped});
  return true;
}

bool Coordinator::tell_next(const CampaignRow& campaign, const Now& now) {
  const auto pace = pace_of(campaign.pace);
  auto& gate = gates_[campaign.id];
  gate.begin(pace, now);
  count_in_flight(campaign, gate, now.instant);
  if (campaign.state == CampaignState::paused) return false;
  bool more = false;
  for (const auto& device : world_.projection.devices(campaign.id, CampaignStage::waiting, looks_a_round)) {
    if (gate.closed(pace)) break;
    if (shared_->is_asked({campaign.id, device.mac})) continue;
    more = tell(campaign, device) || more;
  }
  return more;
}

void Coordinator::count_in_flight(const CampaignRow& campaign, convergence::Gate& gate, Instant now) {
  for (const auto& mac : shared_->of(campaign.id)) {
    if (world_.projection.stage(campaign.id, mac) != CampaignStage::waiting)
      shared_->forget({campaign.id, mac});  // what was asked is shown
    else if (const auto row = world_.device_rows.find(mac))
      gate.in_flight(row->definition->site);
  }
  std::set<Key> strayed;
  for (const auto& device : world_.projection.devices(campaign.id, CampaignStage::told, static_cast<std::size_t>(-1))) {
    const auto row = world_.device_rows.find(device.mac);
    const auto& state = row ? row->activity.convergence : std::optional<Convergence>{};
    if (row) gate.in_flight(row->definition->site);
    if (state && state->campaign == campaign.id) continue;
    const Key key{campaign.id, device.mac};
    strayed.insert(key);
    const auto since = strayed_.try_emplace(key, now).first->second;
    if (now - since >= stray_after)
      skip(campaign, device.mac, row ? "overtaken" : "unregistered",
           row ? "it was registered anew, or told for another campaign, meanwhile"
               : "the device was unregistered meanwhile");
  }
  std::erase_if(strayed_,
                [&](const auto& item) { return item.first.first == campaign.id && !strayed.contains(item.first); });
}

bool Coordinator::tell(const CampaignRow& campaign, const CampaignDevice& device) {
  const auto row = world_.device_rows.find(device.mac);
  if (!row) return skip(campaign, device.mac, "unregistered", "the device is not registered");
  const auto& state = row->activity.convergence;
  if (state && state->told()) return false;  // it is told already; later
  const auto etag = world_.etag(row->definition);
  if (!etag) return skip(campaign, device.mac, "unservable", "it would be sent no file: " + etag.error().message);
  if (campaign.only_stale && row->activity.last_etag == *etag)
    return skip(campaign, device.mac, "converged", "it runs the present configuration");
  const auto& extension = row->definition->extension;
  if (reboot::Phones(world_.bindings, world_.device_rows).of(*row).empty())
    return skip(campaign, device.mac, "no_phone",
                "no phone that could be this device is registered on extension " + extension.text());
  if (world_.busy.in_call(device.mac, extension)) return false;  // its turn comes when that has ended
  const Key key{campaign.id, device.mac};
  if (again_.contains(key)) return false;
  const auto site = row->definition->site;
  if (!gates_[campaign.id].pass(pace_of(campaign.pace), site) || !shared_->begin(key)) return false;
  world_.devices.ask(
      device.mac.text(), actors::RequestReboot{campaign.verb, RebootReason::campaign, *etag, campaign.id},
      {{"system", campaign.id, campaign.event}, {}, "campaign/" + campaign.id.text() + "/" + device.mac.text()},
      [shared = shared_, key](const Result<actors::Outcome>& outcome) {
        const bool told = outcome && (outcome->repeated || !outcome->events.empty());
        if (!told) shared->decline(key);
      });
  return true;
}

bool Coordinator::skip(const CampaignRow& campaign, const MacAddress& mac, std::string code, std::string reason) {
  if (!begin({campaign.id, mac})) return false;
  skipped_.push_back({mac, std::move(code), utf8::clip(reason, longest_reason)});
  return true;
}

// All of a round in one command: a campaign of a fleet that is switched off is not a write for each device.
void Coordinator::say_skipped(const CampaignRow& campaign) {
  if (skipped_.empty()) return;
  std::vector<MacAddress> of;
  for (const auto& device : skipped_) of.push_back(device.mac);
  ask_campaign(campaign, std::move(of), actors::SkipDevices{std::exchange(skipped_, {})});
}

void Coordinator::ask_campaign(const CampaignRow& campaign, std::vector<MacAddress> of,
                               actors::Campaign::Command command) {
  world_.campaigns.ask(
      campaign.id.text(), std::move(command), {{"system", campaign.id, campaign.event}, {}, {}},
      [shared = shared_, id = campaign.id, of = std::move(of)](const Result<actors::Outcome>& outcome) {
        if (outcome) return;
        for (const auto& mac : of) shared->decline({id, mac});
      });
}

}  // namespace strowger::campaign
