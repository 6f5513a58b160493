#include "actors/convergence/affected.hpp"

#include "events/event.hpp"
#include "events/projections/phone_settings.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace strowger::convergence {
namespace {

// What happens around a device and leaves its file as it is.
bool is_no_definition(std::string_view type) {
  constexpr std::array<std::string_view, 12> around{
      ConfigServed::type,   RebootRequested::type,  RebootAccepted::type,       RebootRefused::type,
      ConfigWanted::type,   RebootUnanswered::type, RebootRetryScheduled::type, RebootFailed::type,
      RebootDeferred::type, DeviceConverged::type,  DeviceReturned::type,       DeviceEnrolled::type};
  return std::find(around.begin(), around.end(), type) != around.end() || type == SecretsShown::type ||
         type == DeviceUnregistered::type;
}

std::optional<std::string> key_after(const std::string& key, std::string_view level) {
  if (!key.starts_with(level)) return std::nullopt;
  return key.substr(level.size());
}

}  // namespace

std::optional<Affected> affected_by(const Record& record) {
  using enum Affected::Whose;
  const std::string_view type = record.type;
  const auto category = record.stream.category();
  const std::string key(record.stream.key());
  if (category == StreamId::device_category) {
    if (is_no_definition(type)) return std::nullopt;
    return Affected{device, key,
                    type == DeviceRegistered::type ? RebootReason::device_registered : RebootReason::device_changed};
  }
  if (category == "extension") {
    if (type.starts_with("phone.") || type == ExtensionDeleted::type) return std::nullopt;
    return Affected{extension, key,
                    type == "extension.name_synced"  ? RebootReason::name_synced
                    : type == ExtensionChanged::type ? RebootReason::extension_changed
                                                     : RebootReason::config_changed};
  }
  // A device's file is made from its own model's text: whatever else that is made of, it is published for each model.
  if (category == "template")
    return Affected{key.find('_') == std::string::npos ? all : model, key, RebootReason::template_changed};
  if (category == phone_settings_category) {
    if (const auto name = key_after(key, "device_")) return Affected{device, *name, RebootReason::settings_changed};
    if (const auto name = key_after(key, "model_")) return Affected{model, *name, RebootReason::settings_changed};
  }
  if (type.find("settings") != std::string_view::npos || category == "settings")
    return Affected{all, {}, RebootReason::settings_changed};
  return std::nullopt;
}

}  // namespace strowger::convergence
