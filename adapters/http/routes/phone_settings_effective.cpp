// /api/provisioning/devices/{mac}/settings/effective: what a device ends up with, and where each value comes from.
#include "actors/provisioning/vendor_values.hpp"
#include "adapters/http/routes/history_view.hpp"
#include "adapters/http/routes/phone_settings.hpp"

#include <map>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

bj::object event_view(const SettingOrigin& origin) {
  return {{"position", number(origin.position)},
          {"time", iso(origin.time)},
          {"by", text(origin.by)},
          {"event_id", text(origin.event.text())},
          {"correlation_id", text(origin.correlation.text())}};
}

bj::object effective_view(bj::value value, const provisioning::EffectiveSetting* setting) {
  return {{"value", std::move(value)},
          {"level", text(setting != nullptr ? json::word(setting->level) : std::string_view("default"))},
          {"event", setting != nullptr ? bj::value(event_view(setting->stored->origin)) : bj::value(nullptr)}};
}

// Without a template nothing is known of what it writes.
bool is_left_out(const provisioning::Renderer::Covered& covered, std::string_view item) {
  return covered.coverage != nullptr && !covered.coverage->reaches(item);
}

bj::object settings_of(const provisioning::EffectiveSettings& settings, const provisioning::VendorValues& vendor,
                       const std::string& vendor_name, const provisioning::Renderer::Covered& covered) {
  bj::object out;
  for (const auto& type : provisioning::setting_types()) {
    const auto found = settings.find(type.name);
    const auto* setting = found == settings.end() ? nullptr : &found->second;
    const auto value = setting != nullptr ? setting->stored->value : vendor.fallback(type.name);
    if (setting == nullptr && value.empty()) continue;
    auto view = effective_view(setting_value(type, value), setting);
    if (type.kind == provisioning::SettingKind::choice && vendor.written(type.name, value).empty())
      view["ignored"] = text("Phones of " + vendor_name + " have no word for it.");
    if (type.kind == provisioning::SettingKind::url && value == provisioning::own_phonebook && !vendor.phonebook())
      view["ignored"] = text("Phones of " + vendor_name + " read no phone book of this server.");
    if (provisioning::is_for_files(type.name) && is_left_out(covered, type.name))
      view["ignored"] = safe_text(provisioning::not_written(covered.template_name));
    out[type.name] = std::move(view);
  }
  return out;
}

bj::object keys_of(const provisioning::EffectiveSettings& settings, const SettingsTarget& target,
                   const DeviceDefinition& device, const provisioning::Renderer::Covered& covered) {
  std::map<std::uint16_t, bj::object> by_number;
  if (target.model == nullptr) return {};
  const auto& model = *target.model;
  const auto limit = provisioning::line_limit({target.vendor->values, model.lines, model.keys});
  const auto line_key = [&](std::uint16_t line) {
    if (line <= limit) by_number[line] = effective_view(key_view({"line", {}, {}, line, {}}), nullptr);
  };
  line_key(1);
  for (const auto& line : device.lines) line_key(line.line);
  for (const auto& [name, setting] : settings) {
    const auto key = provisioning::key_number(name);
    if (!key || !setting.stored->key) continue;
    auto view = effective_view(key_view(*setting.stored->key), &setting);
    if (model.keys && *key > *model.keys)
      view["ignored"] = text("The " + model.name + " has " + std::to_string(*model.keys) + " keys.");
    else if (target.vendor->values->key_code(setting.stored->key->type) == nullptr)
      view["ignored"] = text("Phones of " + target.vendor->name + " have no such key.");
    else if (is_left_out(covered, "keys"))
      view["ignored"] = safe_text(provisioning::not_written(covered.template_name));
    by_number.insert_or_assign(*key, std::move(view));
  }
  bj::object out;
  for (auto& [key, view] : by_number) out[std::to_string(key)] = std::move(view);
  return out;
}

// What a level says and the file does not: keys as keys.5. Defaults that nobody set are not among them.
void add_ignored(const bj::object& views, std::string_view prefix, bj::array& to) {
  for (const auto& [name, view] : views) {
    const auto* reason = view.as_object().if_contains("ignored");
    if (reason == nullptr || view.at("level") == "default") continue;
    to.push_back(bj::object{{"setting", text(std::string(prefix) + std::string(name))}, {"reason", *reason}});
  }
}

}  // namespace

Result<Response> effective_settings(const Services& services, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) return mac.error();
  const auto target = settings_target(services, *mac);
  if (!target) return target.error();
  const auto row = services.device_rows.find(target->mac);
  if (!row) return not_found("device_not_found", "Device " + target->mac.text() + " is not registered.");
  const auto& device = *row->definition;
  const auto layers = services.phone_settings_rows.layers(device);
  const auto settings = provisioning::effective(layers);
  const auto& vendor = target->vendor != nullptr ? *target->vendor->values : *provisioning::VendorValues::none();
  const auto renderer = services.renderer();
  const auto covered = renderer->coverage(device.vendor, device.model);
  auto set = settings_of(settings, vendor, device.vendor, covered);
  auto keys = keys_of(settings, *target, device, covered);
  bj::array ignored;
  add_ignored(set, "", ignored);
  add_ignored(keys, provisioning::key_prefix, ignored);
  return json_response(bj::object{{"mac_address", text(device.mac.text())},
                                  {"vendor", text(device.vendor)},
                                  {"model", text(device.model)},
                                  {"site", device.site.empty() ? bj::value(nullptr) : bj::value(text(device.site))},
                                  {"settings", std::move(set)},
                                  {"keys", std::move(keys)},
                                  {"ignored", std::move(ignored)}});
}

}  // namespace strowger::http::routes
