#include "events/projections/devices.hpp"

#include "events/overloaded.hpp"

#include <algorithm>
#include <mutex>

namespace strowger {

void fold(std::optional<Convergence>& convergence, const Envelope& envelope) {
  using enum ConvergenceStage;
  const auto moves_to = [&](ConvergenceStage stage) {
    convergence->stage = stage;
    convergence->changed_at = envelope.time;
  };
  const auto answered = [&](const Uuid& reboot, ConvergenceStage stage, std::string detail) {
    if (!convergence || convergence->reboot != reboot || !convergence->told()) return;
    moves_to(stage);
    convergence->deferred = false;
    convergence->detail = std::move(detail);
  };
  std::visit(Overloaded{
                 [&](const DeviceRegistered&) { convergence.reset(); },
                 [&](const DeviceUnregistered&) { convergence.reset(); },
                 [&](const ConfigWanted& e) {
                   if (!convergence || !convergence->told()) {
                     // A campaign that it was to be told again for still waits for it.
                     const bool waits = convergence && convergence->open() && convergence->stage != failed;
                     const auto campaign = waits ? convergence->campaign : Uuid{};
                     convergence.emplace();
                     convergence->campaign = campaign;
                     convergence->since = envelope.time;
                     convergence->event = envelope.id;
                     convergence->correlation = envelope.correlation;
                     moves_to(wanted);
                   }
                   convergence->etag = e.etag;
                   convergence->reason = e.reason;
                   convergence->cause = e.cause;
                 },
                 [&](const RebootRequested& e) {
                   if (e.etag.empty()) return;
                   if (!convergence || !convergence->open() || convergence->etag != e.etag) {
                     convergence.emplace();
                     convergence->since = envelope.time;
                   }
                   moves_to(asked);
                   convergence->etag = e.etag;
                   convergence->reason = e.reason;
                   convergence->attempts = e.attempt;
                   convergence->reboot = e.reboot;
                   convergence->campaign = e.campaign;
                   convergence->event = envelope.id;
                   convergence->correlation = envelope.correlation;
                 },
                 [&](const RebootAccepted& e) { answered(e.reboot, accepted, {}); },
                 [&](const RebootRefused& e) {
                   answered(e.reboot, refused, std::to_string(e.status) + (e.phrase.empty() ? "" : " " + e.phrase));
                 },
                 [&](const RebootUnanswered& e) { answered(e.reboot, unanswered, e.reason); },
                 [&](const RebootDeferred& e) {
                   if (convergence && convergence->reboot == e.reboot) convergence->deferred = true;
                 },
                 [&](const RebootRetryScheduled& e) {
                   if (!convergence || convergence->reboot != e.reboot) return;
                   moves_to(retrying);
                   convergence->not_before = e.not_before;
                   convergence->code = e.code;
                   convergence->detail = e.reason;
                 },
                 [&](const RebootFailed& e) {
                   if (!convergence || !convergence->open()) return;
                   moves_to(failed);
                   convergence->code = e.code;
                   convergence->detail = e.reason;
                 },
                 [&](const DeviceConverged& e) {
                   if (!convergence) return;
                   moves_to(converged);
                   convergence->etag = e.etag;
                   convergence->code.clear();
                   convergence->detail.clear();
                 },
                 [&](const DeviceReturned& e) {
                   if (convergence && convergence->reboot == e.reboot) convergence->returned_at = e.registered_at;
                 },
                 [](const auto&) {},
             },
             envelope.event);
}

void extension_changes(DeviceActivity& activity, const ExtensionNumber& from, const ExtensionNumber& to) {
  constexpr std::size_t most = 4;
  auto& former = activity.former;
  if (from == to) return;
  std::erase_if(former, [&](const auto& one) { return one == from || one == to; });
  former.push_back(from);
  if (former.size() > most) former.erase(former.begin());
}

std::optional<DeviceRow> DevicesProjection::find(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  if (row == nullptr) return std::nullopt;
  return *row;
}

std::vector<DeviceRow> DevicesProjection::list(const std::optional<MacAddress>& after, std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<DeviceRow> out;
  const auto& rows = rows_.in_order();
  auto at = after ? rows.upper_bound(*after) : rows.begin();
  out.reserve(std::min(max, rows_.size()));
  for (; at != rows.end() && out.size() < max; ++at) out.push_back(at->value);
  return out;
}

std::vector<DeviceRow> DevicesProjection::all_that(const std::function<bool(const DeviceRow&)>& fits) const {
  const std::shared_lock lock(mutex_);
  std::vector<DeviceRow> out;
  for (const auto& row : rows_.in_order())
    if (fits(row.value)) out.push_back(row.value);
  return out;
}

std::vector<MacAddress> DevicesProjection::on_extension(const ExtensionNumber& extension) const {
  const std::shared_lock lock(mutex_);
  std::vector<MacAddress> out;
  for (auto at = by_extension_.lower_bound({extension, MacAddress{}});
       at != by_extension_.end() && at->first == extension; ++at)
    out.push_back(at->second);
  return out;
}

std::vector<MacAddress> DevicesProjection::formerly_on(const ExtensionNumber& extension) const {
  const std::shared_lock lock(mutex_);
  std::vector<MacAddress> out;
  for (auto at = by_former_.lower_bound({extension, MacAddress{}}); at != by_former_.end() && at->first == extension;
       ++at)
    out.push_back(at->second);
  return out;
}

std::vector<MacAddress> DevicesProjection::macs() const {
  const std::shared_lock lock(mutex_);
  std::vector<MacAddress> out;
  out.reserve(rows_.size());
  for (const auto& row : rows_.in_order()) out.push_back(row.key);
  return out;
}

std::vector<MacAddress> DevicesProjection::macs(const std::optional<MacAddress>& after, std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<MacAddress> out;
  const auto& rows = rows_.in_order();
  for (auto at = after ? rows.upper_bound(*after) : rows.begin(); at != rows.end() && out.size() < max; ++at)
    out.push_back(at->key);
  return out;
}

std::vector<MacAddress> DevicesProjection::of_model(std::string_view vendor, std::string_view model,
                                                    const std::optional<MacAddress>& after, std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<MacAddress> out;
  const auto found = by_model_.find(std::pair(std::string(vendor), std::string(model)));
  if (found == by_model_.end()) return out;
  const auto& macs = found->second;
  for (auto at = after ? macs.upper_bound(*after) : macs.begin(); at != macs.end() && out.size() < max; ++at)
    out.push_back(*at);
  return out;
}

DevicesProjection::Runs DevicesProjection::runs(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  if (row == nullptr) return {};
  return {row->definition, row->activity.last_etag, row->activity.former};
}

std::size_t DevicesProjection::size() const {
  const std::shared_lock lock(mutex_);
  return rows_.size();
}

DevicesProjection::Serving DevicesProjection::find_for_serving(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  if (row == nullptr) return {};
  const auto& reboot = row->activity.reboot;
  if (reboot && !reboot->fetched_at) return {row->definition, reboot->correlation, reboot->request};
  const auto& convergence = row->activity.convergence;
  if (convergence && convergence->open()) return {row->definition, convergence->correlation, convergence->event};
  return {row->definition, {}, {}};
}

std::optional<Timestamp> DevicesProjection::open_enrolment(const MacAddress& mac) const {
  const std::shared_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  if (row == nullptr || !row->enrolment.ip.empty()) return std::nullopt;
  return row->enrolment.opened_at;
}

std::optional<MacAddress> DevicesProjection::with_username(const std::string& username) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_username_.find(username);
  return found == by_username_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<MacAddress> DevicesProjection::with_token(const std::string& sha256) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_token_.find(sha256);
  return found == by_token_.end() ? std::nullopt : std::optional(found->second);
}

CredentialsPtr DevicesProjection::any_with_password() const {
  const std::shared_lock lock(mutex_);
  if (by_username_.empty()) return nullptr;
  const auto* row = rows_.find(by_username_.begin()->second);
  return row == nullptr ? nullptr : row->credentials;
}

void DevicesProjection::index(const DeviceDefinition& definition) {
  by_model_[{definition.vendor, definition.model}].insert(definition.mac);
  by_extension_.emplace(definition.extension, definition.mac);
  for (const auto& line : definition.lines)
    if (line.line != 1) by_extension_.emplace(line.extension, definition.mac);
}

void DevicesProjection::forget(const DeviceDefinition& definition) {
  if (const auto of_model = by_model_.find(std::pair(definition.vendor, definition.model));
      of_model != by_model_.end()) {
    of_model->second.erase(definition.mac);
    if (of_model->second.empty()) by_model_.erase(of_model);
  }
  by_extension_.erase({definition.extension, definition.mac});
  for (const auto& line : definition.lines) by_extension_.erase({line.extension, definition.mac});
}

// With by_former_ kept.
template <class Change>
void DevicesProjection::change_former(const MacAddress& mac, Change change) {
  auto* row = rows_.change(mac);
  if (row == nullptr) return;
  for (const auto& extension : row->activity.former) by_former_.erase({extension, mac});
  change(row->activity);
  for (const auto& extension : row->activity.former) by_former_.emplace(extension, mac);
}

// It fetched the file of this extension, or registered on it.
void DevicesProjection::phone_is_at(const MacAddress& mac, const ExtensionNumber& extension) {
  const auto* row = rows_.find(mac);
  if (row == nullptr || extension.text().empty()) return;
  const auto& present = row->definition->extension;
  if (extension == present ? row->activity.former.empty() : !row->activity.former.empty()) return;
  change_former(mac, [&](DeviceActivity& activity) {
    if (extension == present)
      activity.former.clear();
    else
      extension_changes(activity, extension, present);
  });
}

void DevicesProjection::define(DeviceDefinition definition) {
  if (const auto* known = rows_.find(definition.mac); known != nullptr && known->definition)
    if (const auto from = known->definition->extension; from != definition.extension)
      change_former(definition.mac,
                    [&](DeviceActivity& activity) { extension_changes(activity, from, definition.extension); });
  auto& row = rows_.put(definition.mac);
  if (row.definition) forget(*row.definition);
  row.definition = std::make_shared<const DeviceDefinition>(std::move(definition));
  index(*row.definition);
}

template <class Change>
void DevicesProjection::redefine(const MacAddress& mac, const Envelope& envelope, Change change) {
  const auto* row = rows_.find(mac);
  if (row == nullptr) return;
  auto definition = *row->definition;
  change(definition);
  definition.updated_at = envelope.time;
  definition.version = envelope.version;
  define(std::move(definition));
}

void DevicesProjection::set_token(const MacAddress& mac, const SealedSecret& token, Timestamp time) {
  auto* row = rows_.change(mac);
  if (row == nullptr) return;
  auto fresh = std::make_shared<DeviceDefinition>(*row->definition);
  fresh->token = token;
  fresh->updated_at = time;
  row->definition = std::move(fresh);
}

void DevicesProjection::index(const MacAddress& mac, const DeviceCredentials& credentials) {
  if (!credentials.username.empty()) by_username_.insert_or_assign(credentials.username, mac);
  if (!credentials.token_sha256.empty()) by_token_.insert_or_assign(credentials.token_sha256, mac);
  if (!credentials.previous_sha256.empty()) by_token_.insert_or_assign(credentials.previous_sha256, mac);
}

void DevicesProjection::unindex(const DeviceCredentials& credentials) {
  by_username_.erase(credentials.username);
  by_token_.erase(credentials.token_sha256);
  by_token_.erase(credentials.previous_sha256);
}

void DevicesProjection::change_credentials(const MacAddress& mac,
                                           const std::function<void(DeviceCredentials&)>& change) {
  auto* row = rows_.change(mac);
  if (row == nullptr) return;
  auto fresh = row->credentials ? *row->credentials : DeviceCredentials{};
  unindex(fresh);
  change(fresh);
  index(mac, fresh);
  const bool none = fresh.username.empty() && fresh.token_sha256.empty();
  row->credentials = none ? nullptr : std::make_shared<const DeviceCredentials>(std::move(fresh));
}

void DevicesProjection::enroll(const MacAddress& mac, Timestamp now) {
  if (auto* row = rows_.change(mac)) row->enrolment = {now, std::nullopt, {}, false};
}

// The first one of an opening. One of an earlier opening comes too late.
void DevicesProjection::enrolled(const DeviceEnrolled& event) {
  const auto* known = rows_.find(event.mac);
  if (known == nullptr || known->enrolment.recorded || known->enrolment.opened_at != event.opened_at) return;
  auto& enrolment = rows_.change(event.mac)->enrolment;
  enrolment.ip = event.ip;
  enrolment.recorded = true;
}

// The phone is the device that SIP named by its MAC, else the only one of the extension.
void DevicesProjection::phone_registered(const PhoneRegistered& event, Timestamp time) {
  auto mac = event.mac;
  if (mac) {
    if (const auto* row = rows_.find(*mac); row != nullptr && row->definition->extension == event.extension)
      phone_is_at(*mac, event.extension);
  } else {
    const auto first = by_extension_.lower_bound({event.extension, MacAddress{}});
    if (first == by_extension_.end() || first->first != event.extension) return;
    const auto next = std::next(first);
    if (next != by_extension_.end() && next->first == event.extension) return;
    mac = first->second;
  }
  const auto* known = rows_.find(*mac);
  if (known == nullptr || known->enrolment.registered_at) return;
  auto& enrolment = rows_.change(*mac)->enrolment;
  enrolment.registered_at = time;
  if (enrolment.ip.empty()) enrolment.ip = event.ip;
}

void DevicesProjection::answered(const MacAddress& mac, const Uuid& reboot, RebootStage stage, std::uint16_t status,
                                 const std::string& detail) {
  auto* row = rows_.change(mac);
  if (row == nullptr || !row->activity.reboot || row->activity.reboot->reboot != reboot) return;
  auto& progress = *row->activity.reboot;
  progress.stage = stage;
  progress.status = status;
  progress.detail = detail;
}

// Of the streams of the device; fold() in device_counting.cpp counts what it changes.
void DevicesProjection::fold_device(const Envelope& envelope, const MacAddress& stream_mac) {
  // Not among the changes: files are served as before.
  if (const auto* enrolment = std::get_if<DeviceEnrolled>(&envelope.event)) return enrolled(*enrolment);
  std::visit(Overloaded{
                 [&](const DeviceRegistered& e) {
                   DeviceDefinition fresh{e.mac,         e.extension,   e.vendor,        e.model,
                                          envelope.time, envelope.time, envelope.version};
                   // Registered anew it stays where it is, on the lines that it has.
                   if (const auto* row = rows_.find(e.mac)) {
                     fresh.site = row->definition->site;
                     fresh.lines = row->definition->lines;
                     fresh.token = row->definition->token;
                   }
                   define(std::move(fresh));
                   enroll(e.mac, envelope.time);
                 },
                 [&](const DeviceChanged& e) {
                   redefine(e.mac, envelope, [&](DeviceDefinition& device) {
                     device.extension = e.extension;
                     device.vendor = e.vendor;
                     device.model = e.model;
                   });
                 },
                 [&](const DeviceLinesChanged& e) {
                   redefine(e.mac, envelope, [&](DeviceDefinition& device) { device.lines = e.lines; });
                 },
                 [&](const DeviceSiteChanged& e) {
                   redefine(e.mac, envelope, [&](DeviceDefinition& device) { device.site = e.site; });
                 },
                 [&](const DeviceUnregistered& e) {
                   const auto* row = rows_.find(e.mac);
                   if (row == nullptr) return;
                   if (row->credentials) unindex(*row->credentials);
                   for (const auto& extension : row->activity.former) by_former_.erase({extension, e.mac});
                   forget(*row->definition);
                   rows_.erase(e.mac);
                 },
                 [&](const DeviceCredentialsSet& e) {
                   change_credentials(e.mac, [&](DeviceCredentials& c) {
                     c.username = e.username;
                     c.password = e.password;
                     c.password_version = number(envelope.position);
                     c.password_set_at = envelope.time;
                   });
                 },
                 [&](const DeviceCredentialsRemoved& e) {
                   change_credentials(e.mac, [](DeviceCredentials& c) {
                     c.username.clear();
                     c.password = {};
                     c.password_version = 0;
                   });
                 },
                 [&](const DeviceTokenIssued& e) {
                   change_credentials(e.mac, [&](DeviceCredentials& c) {
                     c.previous_sha256 = e.previous_until ? c.token_sha256 : std::string();
                     c.previous_until = e.previous_until;
                     c.token_sha256 = e.sha256;
                     c.token_issued_at = envelope.time;
                   });
                   set_token(e.mac, e.token, envelope.time);
                 },
                 [&](const DeviceTokenRevoked& e) {
                   change_credentials(e.mac, [](DeviceCredentials& c) {
                     c.token_sha256.clear();
                     c.previous_sha256.clear();
                     c.previous_until.reset();
                   });
                   set_token(e.mac, {}, envelope.time);
                 },
                 [&](const DeviceEnrolmentOpened& e) { enroll(e.mac, envelope.time); },
                 [&](const RebootRequested& e) {
                   if (auto* row = rows_.change(e.mac))
                     row->activity.reboot =
                         RebootProgress{e.reboot,      e.verb,       e.reason,    RebootStage::requested, 0, {},
                                        envelope.time, std::nullopt, envelope.id, envelope.correlation};
                 },
                 [&](const RebootAccepted& e) { answered(e.mac, e.reboot, RebootStage::accepted, e.status, {}); },
                 [&](const RebootRefused& e) { answered(e.mac, e.reboot, RebootStage::refused, e.status, e.phrase); },
                 [&](const RebootUnanswered& e) { answered(e.mac, e.reboot, RebootStage::unanswered, 0, e.reason); },
                 [&](const ConfigServed& e) {
                   auto* row = rows_.change(e.mac);
                   if (row == nullptr) return;
                   auto& activity = row->activity;
                   activity.last_provisioned = envelope.time;
                   activity.last_etag = e.etag;
                   activity.last_ip = e.ip;
                   activity.last_user_agent = e.user_agent;
                   ++activity.fetches;
                   phone_is_at(e.mac, e.extension);
                   if (!activity.reboot || activity.reboot->fetched_at) return;
                   activity.reboot->fetched_at = envelope.time;
                   changes_.fetch_add(1, std::memory_order_release);
                 },
                 // Nobody waited for them, and they may be older than what is known.
                 [&](const ConfigServedRepeated& e) {
                   auto* row = rows_.change(e.mac);
                   if (row == nullptr) return;
                   auto& activity = row->activity;
                   activity.fetches += e.count;
                   if (activity.last_provisioned && *activity.last_provisioned > e.last_seen) return;
                   activity.last_provisioned = e.last_seen;
                   activity.last_etag = e.etag;
                   activity.last_ip = e.ip;
                   activity.last_user_agent = e.user_agent;
                 },
                 // A fetch of long ago: the last one of each device is never folded.
                 [&](const Folded& e) {
                   auto* row = is_served(e.was) ? rows_.change(stream_mac) : nullptr;
                   if (row == nullptr) return;
                   auto& activity = row->activity;
                   activity.fetches += std::max<std::uint64_t>(1, e.requests);
                   if (e.was != ConfigServed::type) return;
                   activity.last_provisioned = envelope.time;
                   if (activity.reboot && !activity.reboot->fetched_at) activity.reboot->fetched_at = envelope.time;
                 },
                 [](const auto&) {},
             },
             envelope.event);
  if (std::holds_alternative<ConfigServed>(envelope.event) ||
      std::holds_alternative<ConfigServedRepeated>(envelope.event))
    return;
  changes_.fetch_add(1, std::memory_order_release);
  if (auto* row = rows_.change(stream_mac)) strowger::fold(row->activity.convergence, envelope);
}

std::string DevicesProjection::stored(const DeviceRow& row) {
  return json::to_string(Stored{*row.definition, row.activity,
                                row.credentials ? std::optional(*row.credentials) : std::nullopt, row.enrolment});
}

void DevicesProjection::flush(RowBatch& batch) {
  rows_.flush([&](const MacAddress& mac, const DeviceRow* row) {
    if (row == nullptr)
      batch.erase(mac.text());
    else
      batch.put(mac.text(), stored(*row));
  });
}

Result<void> DevicesProjection::load(std::string_view, std::string_view row) {
  auto loaded = json::from_string<Stored>(row);
  if (!loaded) return loaded.error();
  const std::unique_lock lock(mutex_);
  auto definition = std::make_shared<const DeviceDefinition>(std::move(loaded->definition));
  index(*definition);
  for (const auto& extension : loaded->activity.former) by_former_.emplace(extension, definition->mac);
  CredentialsPtr credentials;
  if (loaded->credentials) {
    index(definition->mac, *loaded->credentials);
    credentials = std::make_shared<const DeviceCredentials>(std::move(*loaded->credentials));
  }
  rows_.load(definition->mac) =
      DeviceRow{definition, std::move(loaded->activity), std::move(credentials), std::move(loaded->enrolment)};
  recount(definition->mac, {});
  return {};
}

void DevicesProjection::adopt(Projection& rebuilt) {
  auto& other = dynamic_cast<DevicesProjection&>(rebuilt);
  const std::unique_lock lock(mutex_);
  std::swap(rows_, other.rows_);
  std::swap(by_extension_, other.by_extension_);
  std::swap(by_model_, other.by_model_);
  std::swap(by_former_, other.by_former_);
  std::swap(by_username_, other.by_username_);
  std::swap(by_token_, other.by_token_);
  std::swap(by_ip_, other.by_ip_);
  std::swap(counts_, other.counts_);
  std::swap(unsettled_, other.unsettled_);
  std::swap(looks_, other.looks_);
  changes_.fetch_add(1, std::memory_order_release);
}

void DevicesProjection::dump(RowBatch& all) const {
  for (const auto& row : rows_.in_order()) all.put(row.key.text(), stored(row.value));
}

}  // namespace strowger
