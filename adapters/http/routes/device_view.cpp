#include "adapters/http/routes/device_view.hpp"

#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/identity.hpp"
#include "actors/provisioning/taken_apart.hpp"

#include <boost/describe.hpp>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

bj::array lines_view(const DeviceDefinition& device) {
  const auto view = [](std::uint16_t line, const ExtensionNumber& extension, const std::string& label) {
    return bj::object{{"line", line},
                      {"extension", text(extension.text())},
                      {"label", label.empty() ? bj::value(nullptr) : bj::value(text(label))}};
  };
  bj::array out;
  const bool labelled = !device.lines.empty() && device.lines.front().line == 1;
  out.push_back(view(1, device.extension, labelled ? device.lines.front().label : std::string()));
  for (const auto& line : device.lines)
    if (line.line != 1) out.push_back(view(line.line, line.extension, line.label));
  return out;
}

bj::value reboot_view(const std::optional<RebootProgress>& reboot) {
  if (!reboot) return nullptr;
  return bj::object{{"id", text(reboot->reboot.text())},
                    {"verb", boost::describe::enum_to_string(reboot->verb, "?")},
                    {"reason", boost::describe::enum_to_string(reboot->reason, "?")},
                    {"stage", boost::describe::enum_to_string(reboot->stage, "?")},
                    {"sip_status", reboot->status},
                    {"detail", text(reboot->detail)},
                    {"requested_at", iso(reboot->requested_at)},
                    {"fetched_at", time_or_null(reboot->fetched_at)},
                    {"correlation_id", text(reboot->correlation.text())}};
}

// What the phone last said of itself, by HTTP or, where that told no firmware, by SIP under its own MAC address.
struct Seen {
  provisioning::UserAgent by_http;
  std::string firmware;
  std::optional<Timestamp> at;
};

Seen seen_of(const Services& services, const DeviceRow& row) {
  Seen seen{provisioning::parse_user_agent(row.activity.last_user_agent), {}, row.activity.last_provisioned};
  seen.firmware = seen.by_http.firmware;
  for (const auto& binding : services.bindings.of(row.definition->extension)) {
    if (binding->mac != row.definition->mac) continue;
    if (!seen.at || *seen.at < binding->last_registered) seen.at = binding->last_registered;
    if (seen.firmware.empty()) seen.firmware = provisioning::parse_sip_user_agent(binding->user_agent).firmware;
  }
  return seen;
}

bj::array texts_of(const std::vector<provisioning::Contradiction>& contradictions) {
  bj::array list;
  for (const auto& one : contradictions) list.push_back(text(one.text));
  return list;
}

}  // namespace

bool is_contradicted(const Services& services, const DeviceRow& row) {
  const auto says = provisioning::parse_user_agent(row.activity.last_user_agent);
  return !provisioning::contradictions(std::nullopt, says, row.definition.get(), services.vendors).empty();
}

std::pair<std::string, std::optional<Timestamp>> seen_firmware(const Services& services, const DeviceRow& row) {
  auto seen = seen_of(services, row);
  return {std::move(seen.firmware), seen.at};
}

std::string_view to_text(DeviceStatus status) {
  switch (status) {
    case DeviceStatus::registered:
      return "registered";
    case DeviceStatus::rebooting:
      return "rebooting";
    case DeviceStatus::reboot_failed:
      return "reboot_failed";
    case DeviceStatus::stale:
      return "stale";
    case DeviceStatus::provisioned:
      return "provisioned";
    case DeviceStatus::unservable:
      break;
  }
  return "unservable";
}

DeviceStatus status_of(const DeviceRow& row, const Result<std::string>& etag) {
  return standing_of(row.activity, look_of(etag)).status;
}

std::string config_url_of(const Services& services, const provision::Present& present, const DeviceDefinition& device) {
  if (device.token.empty()) return present.config_url(device.mac.text());
  const auto token = services.vault.open(device.token);
  if (!token) return masked_config_url(present, device);
  return provisioning::with_token(present.config_url(device.mac.text()), *token);
}

std::string masked_config_url(const provision::Present& present, const DeviceDefinition& device) {
  return provisioning::with_token(present.config_url(device.mac.text()),
                                  device.token.empty() ? std::string_view() : provisioning::mask);
}

bj::object view_of(Context& context, const provision::PresentPtr& present, const DeviceRow& row, bool with_token) {
  return view_of(context, present, row, context.files.current_etag(present, row.definition), with_token);
}

bj::object view_of(Context& context, const provision::PresentPtr& present, const DeviceRow& row,
                   const Result<std::string>& etag, bool with_token) {
  const auto& device = *row.definition;
  const auto& activity = row.activity;
  const auto seen = seen_of(context.services, row);
  // With the fetches that are only counted yet.
  const auto counted = context.files.facts().untold(device.mac);
  auto last_provisioned = activity.last_provisioned;
  if (counted.count > 0 && (!last_provisioned || *last_provisioned < counted.last_seen))
    last_provisioned = counted.last_seen;
  return {{"mac_address", text(device.mac.text())},
          {"extension_number", text(device.extension.text())},
          {"vendor", text(device.vendor)},
          {"model", text(device.model)},
          {"config_url",
           text(with_token ? config_url_of(context.services, *present, device) : masked_config_url(*present, device))},
          {"site", device.site.empty() ? bj::value(nullptr) : bj::value(text(device.site))},
          {"lines", lines_view(device)},
          {"created_at", iso(device.created_at)},
          {"updated_at", iso(device.updated_at)},
          {"last_provisioned", time_or_null(last_provisioned)},
          {"status", text(to_text(status_of(row, etag)))},
          {"last_ip", text(activity.last_ip)},
          {"last_user_agent", text(activity.last_user_agent)},
          {"last_seen", time_or_null(seen.at)},
          {"firmware", text_or_null(seen.firmware)},
          {"seen_vendor", text_or_null(seen.by_http.vendor)},
          {"seen_model", text_or_null(seen.by_http.model)},
          {"contradictions",
           texts_of(provisioning::contradictions(std::nullopt, seen.by_http, &device, context.services.vendors))},
          {"fetches", activity.fetches + counted.count},
          {"reboot", reboot_view(activity.reboot)},
          {"convergence", convergence_view(context, row, etag)},
          {"version", number(device.version)}};
}

std::string_view device_schema() {
  return R"({
  "type": "object",
  "required": ["mac_address", "extension_number", "vendor", "model", "site", "lines", "config_url", "created_at",
               "updated_at", "last_provisioned", "status"],
  "properties": {
    "mac_address": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
    "extension_number": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "config_url": {"type": "string", "description": "Where its phone finds its file, by the present settings. A token in it shows to operators and administrators who ask for the device, and is masked elsewhere."},
    "site": {"type": ["string", "null"], "description": "Whose settings it inherits."},
    "lines": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["line", "extension", "label"],
        "properties": {
          "line": {"type": "integer"},
          "extension": {"type": "string"},
          "label": {"type": ["string", "null"]}
        }
      }
    },
    "created_at": {"type": "string", "format": "date-time"},
    "updated_at": {"type": "string", "format": "date-time"},
    "last_provisioned": {"type": ["string", "null"], "format": "date-time"},
    "status": {"enum": ["registered", "rebooting", "reboot_failed", "stale", "provisioned", "unservable"],
               "description": "registered: never fetched. rebooting: told, not back yet. reboot_failed: refused or unanswered. stale: runs another configuration than it would be sent now. provisioned: runs the present one. unservable: would be sent none."},
    "last_ip": {"type": "string"},
    "last_user_agent": {"type": "string"},
    "last_seen": {"type": ["string", "null"], "format": "date-time",
                  "description": "When it last fetched its file, or registered under its own MAC address."},
    "firmware": {"type": ["string", "null"], "description": "As the phone said last."},
    "seen_vendor": {"type": ["string", "null"], "description": "What the phone says it is."},
    "seen_model": {"type": ["string", "null"]},
    "contradictions": {"type": "array", "items": {"type": "string"},
                       "description": "Where that is not what is registered."},
    "fetches": {"type": "integer"},
    "reboot": {
      "type": ["object", "null"],
      "properties": {
        "id": {"type": "string", "format": "uuid"},
        "verb": {"enum": ["reboot", "resync"]},
        "reason": {"type": "string"},
        "stage": {"enum": ["requested", "accepted", "refused", "unanswered"]},
        "sip_status": {"type": "integer"},
        "detail": {"type": "string"},
        "requested_at": {"type": "string", "format": "date-time"},
        "fetched_at": {"type": ["string", "null"], "format": "date-time"},
        "correlation_id": {"type": "string", "format": "uuid"}
      }
    },
    "convergence": {"$ref": "#/components/schemas/Convergence"},
    "version": {"type": "integer"}
  }
})";
}

}  // namespace strowger::http::routes
