#include "tests/faults/simulation/checker.hpp"

#include <algorithm>

namespace strowger::test::simulation {
namespace {

using Contacts = std::map<ExtensionNumber, std::set<std::string>>;

std::string text(const Contacts& all) {
  std::string out;
  for (const auto& [extension, contacts] : all)
    for (const auto& contact : contacts) out += (out.empty() ? "" : ", ") + extension.text() + " at " + contact;
  return out.empty() ? "(none)" : out;
}

// No thread is slower than this, nor is the disk as often full.
constexpr auto surely_seen = std::chrono::seconds(90);

constexpr auto longest_registration = std::chrono::seconds(3'600);  // that phones ask for

using Rows = std::map<std::string, std::string>;

Rows rows_of(const Projection& projection) {
  RowBatch all;
  projection.dump(all);
  Rows rows;
  for (const auto& row : all.rows()) rows[row.key] = row.value.value();
  return rows;
}

}  // namespace

void Checker::violated(std::string what) const {
  if (!violation_) violation_ = std::move(what);
}

void Checker::records() {
  const auto fresh = disk_.log.read_all(Position{seen_}, static_cast<std::size_t>(-1)).value();
  for (const auto& record : fresh) look_at(record);
}

void Checker::look_at(const Record& record) {
  if (number(record.position) != ++seen_) violated("positions have a gap before " + std::to_string(seen_));
  if (number(record.version) != ++versions_[record.stream.text()])
    violated("versions of " + record.stream.text() + " have a gap before " + std::to_string(number(record.version)));
  if (!ids_.insert(record.id).second) violated("event id " + record.id.text() + " is there twice");
  const auto envelope = decode(record).value();
  if (envelope.by == "admin:sim") {
    if (++by_admin_[envelope.correlation][record.type] > 1) violated("one command led to " + record.type + " twice");
  }
  std::visit(Overloaded{
                 [&](const RebootRequested& e) {
                   if (const auto last = last_reboot_.find(e.mac); last != last_reboot_.end()) {
                     auto& before = reboots_.at(last->second);
                     if (e.reason == RebootReason::manual && before.answers == 0 && !before.overtaken)
                       violated("device " + e.mac.text() + " is asked to reboot while it is being told to");
                     before.overtaken = true;
                   }
                   reboots_[e.reboot] = {e.mac};
                   last_reboot_[e.mac] = e.reboot;
                   ++may_tell_[e.mac];
                 },
                 [&](const RebootAccepted& e) {
                   answer(envelope, e.reboot);
                   if (++accepted_in_log_[e.mac] > accepted_by_phone_[e.mac])
                     violated("the log says that " + e.mac.text() + " accepted a reboot, which it did not");
                 },
                 [&](const RebootRefused& e) { answer(envelope, e.reboot); },
                 [&](const RebootUnanswered& e) { answer(envelope, e.reboot); },
                 [&](const DeviceUnregistered& e) {
                   if (const auto last = last_reboot_.find(e.mac); last != last_reboot_.end())
                     reboots_.at(last->second).overtaken = true;
                 },
                 [&](const PhoneRegistered& e) {
                   if (!contacts_[e.extension].emplace(e.contact, e.instance).second)
                     violated("contact " + e.contact + " registered though it was");
                 },
                 [&](const PhoneMoved& e) {
                   auto& contacts = contacts_[e.extension];
                   if (std::erase_if(contacts, [&](const auto& c) { return c.second == e.instance; }) != 1)
                     violated("phone " + e.instance + " moved though it was not there");
                   contacts[e.contact] = e.instance;
                 },
                 [&](const PhoneUnregistered& e) {
                   if (contacts_[e.extension].erase(e.contact) == 0)
                     violated("contact " + e.contact + " unregistered though it was not there");
                 },
                 [&](const RegistrationExpired& e) {
                   const auto granted = granted_.find(e.extension.text() + "|" + e.contact);
                   if (granted != granted_.end() && granted->second > time_.instant())
                     violated("contact " + e.contact + " expired before its time");
                   if (contacts_[e.extension].erase(e.contact) == 0)
                     violated("contact " + e.contact + " expired though it was not there");
                 },
                 [&](const ExtensionCreated& e) {
                   if (!passwords_.emplace(e.number, e.password).second)
                     violated("extension " + e.number.text() + " was created though it existed");
                 },
                 [&](const ExtensionPasswordChanged& e) { passwords_[e.number] = e.password; },
                 [&](const ExtensionDeleted& e) {
                   if (passwords_.erase(e.number) == 0)
                     violated("extension " + e.number.text() + " was deleted though it did not exist");
                   deleted_.push_back(e.password);
                   evicted_.try_emplace(record.id);
                 },
                 [](const auto&) {},
             },
             envelope.event);
  follow(envelope);
}

// Why phones are told: for each reason once, and once more for each time that the schedule says so.
void Checker::follow(const Envelope& envelope) {
  const auto came = [&](const std::string& instance) {
    constexpr std::string_view urn = "urn:mac:";
    const auto mac = MacAddress::parse(instance.substr(std::min(urn.size(), instance.size())));
    if (!mac) return;
    came_[*mac] = time_.shown(envelope.time).last;
    came_dates_[*mac] = envelope.time;
  };
  std::visit(
      Overloaded{
          [&](const DeviceRegistered& e) {
            landed(e.mac);
            fetches_[e.mac] = {};
          },
          [&](const DeviceUnregistered& e) {
            landed(e.mac);
            fetches_[e.mac] = {};
            sites_.erase(e.mac);
          },
          [&](const DeviceSiteChanged& e) { sites_[e.mac] = e.site; },
          [&](const ConfigWanted& e) {
            auto& fetch = fetches_[e.mac];
            if (e.etag == e.served || e.etag == fetch.etag)
              violated("device " + e.mac.text() + " is to fetch " + e.etag + ", which it is to already, or has");
            fetch.etag = e.etag;
            fetch.fetched.reset();
            if (fetch.told) return;  // what it is told already will bring this
            fetch.attempt = std::uint16_t{1};
            fetch.not_before = {};
            fetch.told_at = time_.shown(envelope.time).first;
            fetch.told_date = envelope.time;
            fetch.failed.clear();
          },
          [&](const RebootRequested& e) {
            if (!e.etag.empty()) told_for(envelope, e);
          },
          [&](const RebootRetryScheduled& e) {
            auto& fetch = fetches_[e.mac];
            if (!fetch.told || fetch.reboot != e.reboot)
              violated("device " + e.mac.text() + " is to be told again of what it was not told");
            fetch.told = false;
            fetch.attempt = static_cast<std::uint16_t>(e.attempt + 1);
            fetch.not_before = time_.shown(envelope.time).first + (e.not_before - envelope.time);
            fetch.not_before_date = e.not_before;
            landed(e.mac);
          },
          [&](const RebootFailed& e) {
            auto& fetch = fetches_[e.mac];
            fetch.told = false;
            fetch.attempt.reset();
            fetch.failed = e.code;
            landed(e.mac);
            if (e.code != "no_phone" && e.attempts != policy().retries + 1)
              violated("device " + e.mac.text() + " is given up after " + std::to_string(e.attempts) + " attempts");
          },
          [&](const DeviceConverged& e) {
            landed(e.mac);
            fetches_[e.mac] = {};
          },
          [&](const ConfigServed& e) {
            auto& fetch = fetches_[e.mac];
            if (e.etag == fetch.etag && !fetch.fetched) fetch.fetched = time_.instant();
          },
          [&](const CampaignStarted& e) { campaigns_[e.campaign].pace = e.pace; },
          [&](const PhoneRegistered& e) { came(e.instance); },
          [&](const PhoneMoved& e) { came(e.instance); },
          [](const auto&) {},
      },
      envelope.event);
}

// A person, each campaign once, a change, the schedule, or its phone, which had not answered and came back: nothing
// else is a reason to tell it, least of all a start of the server.
void Checker::told_for(const Envelope& envelope, const RebootRequested& request) {
  auto& fetch = fetches_[request.mac];
  const auto& mac = request.mac.text();
  const auto shown = time_.shown(envelope.time);
  const bool by_person = envelope.by == "admin:sim";
  const bool by_campaign = request.reason == RebootReason::campaign && !request.campaign.is_nil() &&
                           request.attempt == 1 && campaigns_[request.campaign].told.insert(request.mac).second;
  const auto eviction = evicted_.find(envelope.causation);
  const bool by_eviction = request.reason == RebootReason::extension_changed && eviction != evicted_.end() &&
                           request.attempt == 1 && eviction->second.insert(request.mac).second;
  if (!by_person && !by_campaign && !by_eviction) {
    const bool asked_for = fetch.attempt ? *fetch.attempt == request.attempt && shown.last >= fetch.not_before
                                         : request.attempt == 1 && came_back(request.mac, fetch);
    if (!asked_for)
      violated("device " + mac + " is told as attempt " + std::to_string(request.attempt) +
               ", which nothing has asked for");
    if (fetch.fetched && shown.first > *fetch.fetched + surely_seen)
      violated("device " + mac + " is told again, though it fetched what it was told for");
    if (request.etag != fetch.etag)
      violated("device " + mac + " is told for " + request.etag + " and is to fetch " + fetch.etag);
  }
  fetch = {};
  fetch.etag = request.etag;
  fetch.told = true;
  fetch.reboot = request.reboot;
  fetch.told_at = shown.first;
  fetch.told_date = envelope.time;
  in_flight(request);
}

bool Checker::came_back(const MacAddress& mac, const Fetch& fetch) const {
  if (fetch.failed == "no_phone") return true;  // it was not told, and who is told is there
  const auto came = came_.find(mac);
  return fetch.failed == "unanswered" && came != came_.end() &&
         (came->second >= fetch.told_at || (by_dates_ && came_dates_.at(mac) >= fetch.told_date));
}

void Checker::in_flight(const RebootRequested& request) {
  for (auto& [id, campaign] : campaigns_)
    if (id != request.campaign) campaign.in_flight.erase(request.mac);
  if (request.campaign.is_nil()) return;
  auto& campaign = campaigns_[request.campaign];
  if (!campaign.in_flight.insert(request.mac).second) return;
  const auto& pace = campaign.pace;
  const auto say = [&](std::size_t count, const std::string& where) {
    violated("campaign " + request.campaign.text() + " has " + std::to_string(count) + " in flight" + where +
             " when it tells " + request.mac.text());
  };
  if (pace.max_in_flight > 0 && campaign.in_flight.size() > pace.max_in_flight) say(campaign.in_flight.size(), "");
  const auto site = sites_.find(request.mac);
  if (pace.per_site == 0 || site == sites_.end()) return;
  const auto there = static_cast<std::size_t>(
      std::count_if(campaign.in_flight.begin(), campaign.in_flight.end(), [&](const MacAddress& mac) {
        const auto found = sites_.find(mac);
        return found != sites_.end() && found->second == site->second;
      }));
  if (there > pace.per_site) say(there, " at " + site->second);
}

void Checker::landed(const MacAddress& mac) {
  for (auto& [id, campaign] : campaigns_) campaign.in_flight.erase(mac);
}

bool Checker::campaigns_at_rest(const Server& server) const {
  for (const auto& row : server.campaign_rows.under_way())
    if (row.state != CampaignState::paused) return false;
  return true;
}

// Every device runs what it should, or has been given up for a reason, or was never served anything.
void Checker::converged(const Server& server) const {
  for (const auto& row : server.device_rows.list({}, static_cast<std::size_t>(-1))) {
    const auto& mac = row.definition->mac;
    const auto& state = row.activity.convergence;
    const auto etag = server.etag(*row.definition);
    if (state && state->open()) {
      if (state->stage != ConvergenceStage::failed)
        violated("device " + mac.text() + " has not converged and waits for nothing");
      if (etag && *etag != state->etag)
        violated("device " + mac.text() + " was given up with " + state->etag + ", and nobody brings it to " + *etag);
      const auto contacts = contacts_.find(row.definition->extension);
      const bool there = contacts != contacts_.end() &&
                         std::any_of(contacts->second.begin(), contacts->second.end(),
                                     [&](const auto& c) { return c.second == "urn:mac:" + mac.text(); });
      if (etag && state->code == "no_phone" && there)
        violated("device " + mac.text() + " was given up as its phone was not there, which it is");
      continue;
    }
    if (!etag || row.activity.last_etag.empty()) continue;
    if (row.activity.last_etag != *etag)
      violated("device " + mac.text() + " runs " + row.activity.last_etag + " instead of " + *etag +
               " and nobody brings it to");
  }
}

void Checker::runs(const Server& server, const MacAddress& mac, const std::string& etag) const {
  const auto row = server.device_rows.find(mac);
  if (!row || row->activity.last_etag.empty()) return;
  const auto& state = row->activity.convergence;
  const auto file = server.etag(*row->definition);
  if (!file || (state && state->open()) || etag == *file) return;
  violated("phone " + mac.text() + " runs " + etag + ", and the log says that it runs " + *file);
}

void Checker::answer(const Envelope& envelope, const Uuid& reboot) {
  const auto found = reboots_.find(reboot);
  if (found == reboots_.end())
    return violated("an answer to a reboot that nobody asked for, on " + envelope.stream.text());
  if (++found->second.answers > 1) violated("a reboot of " + envelope.stream.text() + " has two answers");
}

void Checker::acknowledged(const std::string& command, const Uuid& correlation, std::size_t events, bool repeated) {
  records();
  std::size_t present = 0;
  for (const auto& [type, count] : by_admin_[correlation]) present += count;
  if (repeated ? present == 0 : present != events)
    violated("'" + command + "' was acknowledged with " + std::to_string(events) + " events" +
             (repeated ? " (repeated)" : "") + ", the log has " + std::to_string(present));
  promised_[correlation] = present;
}

void Checker::refused(const std::string& command, const Uuid& correlation, const Error& error) {
  records();
  if (!by_admin_[correlation].empty()) violated("'" + command + "' was refused (" + error.code + ") but is in the log");
}

void Checker::registered(const ExtensionNumber& extension, const registrar::RegisterAnswer& answer) {
  records();  // what expired in passing did so under what was promised before
  std::set<std::string> told;
  for (const auto& binding : answer.bindings) {
    told.insert(registrar::state_key(*binding));
    granted_[registrar::state_key(*binding)] = binding->expires;  // the world's instants outlive the server
  }
  std::set<std::string> stored;
  disk_.log
      .scan_state(registrar::kBindingsTable, extension.text() + "|",
                  [&](std::string_view key, std::string_view) { stored.emplace(key); })
      .value();
  if (told != stored)
    violated("a phone of " + extension.text() + " was told of " + std::to_string(told.size()) +
             " bindings, stored are " + std::to_string(stored.size()));
}

void Checker::killed() {
  records();
  by_dates_ = time_.has_stepped();
  for (auto& [mac, fetch] : fetches_)
    if (fetch.attempt && by_dates_ && fetch.not_before != Instant{})
      fetch.not_before = std::min(fetch.not_before, time_.instant() + (fetch.not_before_date - time_.date()));
  disk_.log
      .scan_state(
          registrar::kBindingsTable, "",
          [&](std::string_view key, std::string_view value) {
            const auto binding = json::from_string<registrar::Binding>(value).value();
            const auto granted = granted_.find(std::string(key));
            if (granted != granted_.end() && binding.expires_at - time_.date() < granted->second - time_.instant())
              granted_.erase(granted);
          })
      .value();
}

std::size_t Checker::open_reboots(const MacAddress& mac) const {
  const auto last = last_reboot_.find(mac);
  if (last == last_reboot_.end()) return 0;
  const auto& reboot = reboots_.at(last->second);
  return reboot.answers == 0 && !reboot.overtaken ? 1 : 0;
}

void Checker::started() {
  records();
  told_.clear();
  may_tell_.clear();
  for (const auto& [mac, reboot] : last_reboot_) may_tell_[mac] = open_reboots(mac);
}

void Checker::told(const MacAddress& mac, const std::string& contact, bool in_call) {
  records();
  if (in_call) violated("phone " + mac.text() + " is told to reboot while it is in a call");
  if (++told_[{mac, contact}] > may_tell_[mac])
    violated("phone " + mac.text() + " is told to reboot " + std::to_string(told_[{mac, contact}]) +
             " times since the start, for " + std::to_string(may_tell_[mac]) + " reasons");
}

void Checker::projections(const Server& server) const {
  const auto compare = [&](const Projection& live) {
    Position applied{};
    for (const auto& status : server.runner->status().projections)
      if (status.name == live.name()) applied = status.position;
    const auto fold = live.blank();
    for (const auto& record : disk_.log.read_all(Position{0}, number(applied)).value())
      fold->apply(decode(record).value());
    if (rows_of(*fold) != rows_of(live))
      violated("projection " + std::string(live.name()) + " is not the fold of the first " +
               std::to_string(number(applied)) + " events");
  };
  compare(server.extension_rows);
  compare(server.device_rows);
  compare(server.campaign_rows);
}

void Checker::at_rest(const Server& server) {
  records();
  projections(server);
  converged(server);
  for (const auto& [correlation, events] : promised_) {
    std::size_t present = 0;
    for (const auto& [type, count] : by_admin_[correlation]) present += count;
    if (present != events) violated("an acknowledged command has lost or gained events");
  }
  for (const auto& [id, reboot] : reboots_)
    if (reboot.answers == 0 && !reboot.overtaken)
      violated("reboot " + id.text() + " of " + reboot.mac.text() + " has no answer and never will");
  for (const auto& secret : deleted_)
    if (disk_.vault.open(secret)) violated("a deleted extension's data key was not shredded");
  for (const auto& [extension, password] : passwords_)
    if (!disk_.vault.open(password)) violated("the data key of living extension " + extension.text() + " is gone");

  Contacts stored, alive, served;
  disk_.log
      .scan_state(registrar::kBindingsTable, "",
                  [&](std::string_view, std::string_view value) {
                    const auto binding = json::from_string<registrar::Binding>(value).value();
                    stored[binding.extension].insert(binding.contact);
                    if (binding.expires_at > server.time.date()) alive[binding.extension].insert(binding.contact);
                  })
      .value();
  for (const auto& binding : server.bindings.all()) {
    served[binding->extension].insert(binding->contact);
    if (binding->expires > time_.instant() + longest_registration)
      violated("contact " + binding->contact + " is registered for longer than it asked for");
  }
  Contacts said;
  for (const auto& [extension, contacts] : contacts_)
    for (const auto& [contact, instance] : contacts) said[extension].insert(contact);
  if (stored != said) violated("stored are the bindings " + text(stored) + ", the events say " + text(said));
  if (served != alive) violated("in memory are the bindings " + text(served) + ", stored are " + text(alive));
  for (const auto& [extension, contacts] : stored)
    if (!passwords_.contains(extension))
      violated("extension " + extension.text() + " is deleted and has a binding still");
}

}  // namespace strowger::test::simulation
