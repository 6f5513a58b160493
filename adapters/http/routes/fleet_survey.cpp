#include "adapters/http/routes/fleet_survey.hpp"

#include "actors/provisioning/phone_settings.hpp"
#include "adapters/http/routes/device_view.hpp"

namespace strowger::http::routes {

DeviceFirmware firmware_of(const Services& services, const DeviceRow& row) {
  DeviceFirmware out;
  const auto layers = services.phone_settings_rows.layers(*row.definition);
  if (const auto* wanted = provisioning::effective_setting(layers, "firmware_version")) out.wanted = wanted->value;
  if (const auto* url = provisioning::effective_setting(layers, "firmware_url")) out.url = url->value;
  auto seen = seen_firmware(services, row);
  out.running = std::move(seen.first);
  out.seen = seen.second;
  out.state = provisioning::compare_firmware(out.running, out.wanted);
  return out;
}

Result<FleetSurveyPtr> FleetSurveys::make(const std::stop_token& stop) const {
  constexpr std::size_t at_once = 1000;
  auto survey = std::make_shared<FleetSurvey>();
  survey->at = services_.clock();
  std::optional<MacAddress> after;
  for (bool more = true; more;) {
    const auto rows = services_.device_rows.list(after, at_once);
    for (const auto& row : rows) {
      if (stop.stop_requested()) return stopped();
      const auto firmware = firmware_of(services_, row);
      auto& model = survey->models[{row.definition->vendor, row.definition->model}];
      ++model.devices;
      if (!firmware.wanted.empty()) model.wanted.insert(firmware.wanted);
      if (firmware.running.empty())
        ++model.silent;
      else
        ++model.running[firmware.running];
      ++model.states[firmware.state];
      ++survey->states[firmware.state];
      if (is_contradicted(services_, row)) ++survey->contradicted;
      ++survey->devices;
    }
    more = rows.size() == at_once;
    if (more) after = rows.back().definition->mac;
  }
  return FleetSurveyPtr(std::move(survey));
}

FleetSurveyPtr FleetSurveys::kept_if_fresh() const {
  const std::lock_guard lock(mutex_);
  const bool fresh = kept_ && std::chrono::steady_clock::now() - made_at_ < fresh_for;
  return fresh ? kept_ : nullptr;
}

Result<FleetSurveyPtr> FleetSurveys::fresh(std::stop_token stop) {
  if (services_.device_rows.size() <= small_fleet) return make(stop);
  if (auto kept = kept_if_fresh()) return kept;
  const std::lock_guard making(making_);
  if (auto kept = kept_if_fresh()) return kept;
  auto made = make(stop);
  if (!made) return made;
  const std::lock_guard lock(mutex_);
  kept_ = *made;
  made_at_ = std::chrono::steady_clock::now();
  return made;
}

FleetSurveyPtr FleetSurveys::last(Offload& scans) {
  if (services_.device_rows.size() <= small_fleet) {
    const auto made = make({});
    return made ? *made : nullptr;
  }
  if (auto kept = kept_if_fresh()) return kept;
  if (!asked_for_.exchange(true)) {
    Offload::Job job;
    job.run = [this, stop = job.stop.get_token()] {
      static_cast<void>(fresh(stop));
      asked_for_ = false;
    };
    job.drop = [this] { asked_for_ = false; };
    if (!scans.post(std::move(job))) asked_for_ = false;
  }
  const std::lock_guard lock(mutex_);
  return kept_;
}

}  // namespace strowger::http::routes
