// Of DevicesProjection: how many devices stand how, and what finds them without a look at each.
#include "events/projections/devices.hpp"

#include <algorithm>
#include <mutex>

namespace strowger {

DeviceStanding standing_of(const DeviceActivity& activity, const DeviceLook& look) {
  using enum DeviceLook::Found;
  const bool served = !activity.last_etag.empty();
  const bool current = look.found != file || activity.last_etag == look.etag;
  const auto& convergence = activity.convergence;
  DeviceStanding out;

  if (look.found == nothing) {
    out.state = ConvergenceState::unservable;
  } else if (convergence && convergence->open()) {
    const bool nobody = convergence->code == "no_phone" || convergence->code == "unanswered";
    if (convergence->stage != ConvergenceStage::failed)
      out.state = ConvergenceState::pending;
    else
      out.state = nobody ? ConvergenceState::unreachable : ConvergenceState::failed;
    out.deferred = out.state == ConvergenceState::pending && convergence->deferred;
  } else if (!served) {
    out.state = ConvergenceState::waiting;
  } else {
    out.state = current ? ConvergenceState::converged : ConvergenceState::stale;
  }

  if (look.found == nothing) {
    out.status = DeviceStatus::unservable;
  } else if (activity.reboot && !activity.reboot->fetched_at) {
    const auto stage = activity.reboot->stage;
    const bool failed = stage == RebootStage::refused || stage == RebootStage::unanswered;
    out.status = failed ? DeviceStatus::reboot_failed : DeviceStatus::rebooting;
  } else if (convergence && convergence->stage == ConvergenceStage::failed) {
    out.status = DeviceStatus::reboot_failed;
  } else if (!activity.last_provisioned) {
    out.status = DeviceStatus::registered;
  } else {
    out.status = current ? DeviceStatus::provisioned : DeviceStatus::stale;
  }
  return out;
}

const DeviceLook& DevicesProjection::look_at(const MacAddress& mac, const DeviceRow& row) const {
  static const DeviceLook unknown{};
  const auto found = looks_.find(mac);
  return found == looks_.end() || found->second.first != row.definition ? unknown : found->second.second;
}

DevicesProjection::Counted DevicesProjection::counted(const MacAddress& mac) const {
  const auto* row = rows_.find(mac);
  if (row == nullptr) return {};
  return {standing_of(row->activity, look_at(mac, *row)), row->activity.last_ip};
}

void DevicesProjection::recount(const MacAddress& mac, const Counted& before) const {
  const auto after = counted(mac);
  if (after.standing != before.standing) {
    if (before.standing) counts_.remove(*before.standing);
    if (after.standing) counts_.add(*after.standing);
    const bool was_unsettled = before.standing && before.standing->unsettled();
    const bool is_unsettled = after.standing && after.standing->unsettled();
    if (was_unsettled && !is_unsettled) unsettled_.erase(mac);
    if (!was_unsettled && is_unsettled) unsettled_.insert(mac);
  }
  if (after.ip == before.ip) return;
  if (!before.ip.empty()) by_ip_.erase({before.ip, mac});
  if (!after.ip.empty()) by_ip_.emplace(after.ip, mac);
}

void DevicesProjection::fold(const Envelope& envelope) {
  if (const auto* registered = std::get_if<PhoneRegistered>(&envelope.event))
    return phone_registered(*registered, envelope.time);
  const auto mac = envelope.stream.device();
  if (!mac) return;
  const auto before = counted(*mac);
  fold_device(envelope, *mac);
  // What was served is what it would be sent then; another definition makes another file.
  const auto* row = rows_.find(*mac);
  const auto look = looks_.find(*mac);
  if (look != looks_.end() &&
      (row == nullptr || row->definition != look->second.first || std::holds_alternative<ConfigServed>(envelope.event)))
    looks_.erase(look);
  recount(*mac, before);
}

void DevicesProjection::looked(const DefinitionPtr& device, const Result<std::string>& etag) const {
  const auto& mac = device->mac;
  // What is thought of a device without a look need not be kept: most of them.
  const auto look_of = [&](const DeviceRow& row) -> std::optional<DeviceLook> {
    if (!etag) return DeviceLook{DeviceLook::Found::nothing, {}};
    const auto& convergence = row.activity.convergence;
    const bool open = convergence && convergence->open();
    if (open || row.activity.last_etag.empty() || row.activity.last_etag == *etag) return std::nullopt;
    return DeviceLook{DeviceLook::Found::file, *etag};
  };
  const auto kept_is = [&](const std::optional<DeviceLook>& look) {
    const auto kept = looks_.find(mac);
    if (kept == looks_.end()) return !look.has_value();
    return look && kept->second.first == device && kept->second.second == *look;
  };
  {
    const std::shared_lock lock(mutex_);
    const auto* row = rows_.find(mac);
    if (row == nullptr || row->definition != device || kept_is(look_of(*row))) return;
  }
  const std::unique_lock lock(mutex_);
  const auto* row = rows_.find(mac);
  if (row == nullptr || row->definition != device) return;
  const auto before = counted(mac);
  if (auto look = look_of(*row))
    looks_.insert_or_assign(mac, std::pair(device, std::move(*look)));
  else
    looks_.erase(mac);
  recount(mac, before);
}

DeviceCounts DevicesProjection::counts() const {
  const std::shared_lock lock(mutex_);
  return counts_;
}

std::vector<DeviceRow> DevicesProjection::unsettled(std::size_t max) const {
  const std::shared_lock lock(mutex_);
  std::vector<DeviceRow> out;
  for (auto at = unsettled_.begin(); at != unsettled_.end() && out.size() < max; ++at)
    if (const auto* row = rows_.find(*at)) out.push_back(*row);
  return out;
}

std::optional<DeviceRow> DevicesProjection::served_at(const std::string& ip) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_ip_.lower_bound({ip, MacAddress{}});
  if (found == by_ip_.end() || found->first != ip) return std::nullopt;
  const auto* row = rows_.find(found->second);
  return row == nullptr ? std::nullopt : std::optional(*row);
}

std::vector<MacAddress> DevicesProjection::around(const MacAddress& mac, std::size_t most) const {
  const std::shared_lock lock(mutex_);
  const auto& rows = rows_.in_order();
  std::vector<MacAddress> out;
  out.reserve(std::min(most, rows_.size()));
  auto above = rows.lower_bound(mac);
  auto below = above;
  while (out.size() < most && (above != rows.end() || below != rows.begin())) {
    if (above != rows.end()) out.push_back((above++)->key);
    if (out.size() < most && below != rows.begin()) out.push_back((--below)->key);
  }
  return out;
}

}  // namespace strowger
