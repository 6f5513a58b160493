#include "actors/convergence/affected.hpp"

#include "events/event.hpp"

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
  if (category == "template") {
    // <vendor>_<model>; a model's file may be made of its vendor's other templates too.
    return Affected{vendor, key.substr(0, key.find('_')), RebootReason::template_changed};
  }
  if (type.find("settings") != std::string_view::npos || category == "settings")
    return Affected{all, {}, RebootReason::settings_changed};
  return std::nullopt;
}

}  // namespace strowger::convergence
