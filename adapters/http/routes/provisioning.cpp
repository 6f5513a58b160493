// /api/provisioning: vendors, templates, the history of requests, and diagnostics.
#include "actors/provisioning/identity.hpp"
#include "actors/provisioning/vendor_catalog.hpp"
#include "adapters/http/routes/device_view.hpp"
#include "adapters/http/routes/phone_settings.hpp"
#include "adapters/http/routes/retention_view.hpp"

#include <algorithm>
#include <set>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view request_schema = R"({
  "type": "object",
  "required": ["timestamp", "mac_address", "normalized_mac", "ip_address", "user_agent", "success", "error", "path",
               "status", "vendor", "model", "extension", "config_size"],
  "properties": {
    "timestamp": {"type": "string", "format": "date-time"},
    "mac_address": {"type": "string", "description": "As it was requested; may be a placeholder."},
    "normalized_mac": {"type": ["string", "null"]},
    "ip_address": {"type": "string"},
    "user_agent": {"type": "string"},
    "success": {"type": "boolean"},
    "error": {"type": ["string", "null"]},
    "code": {"type": ["string", "null"]},
    "path": {"type": "string"},
    "status": {"type": "integer"},
    "vendor": {"type": ["string", "null"]},
    "model": {"type": ["string", "null"]},
    "extension": {"type": ["string", "null"]},
    "config_size": {"type": "integer"},
    "warnings": {"type": "array", "items": {"type": "string"},
                 "description": "Where what the phone says of itself is not what it asks for, or not what is registered."},
    "count": {"type": "integer", "description": "Requests that were alike and are one entry here: the same file from the same address again, within log.repeat_window."},
    "first_seen": {"type": ["string", "null"], "format": "date-time", "description": "Of those, where there are several; timestamp is the last."}
  }
})";
constexpr std::string_view requests_schema = R"({
  "type": "object",
  "required": ["total", "limit", "requests"],
  "properties": {
    "total": {"type": "integer", "description": "Since ever."},
    "limit": {"type": "integer"},
    "requests": {"type": "array", "items": {"$ref": "#/components/schemas/ProvisioningRequest"}}
  }
})";
constexpr std::string_view vendors_schema = R"({
  "type": "object",
  "required": ["vendors", "models"],
  "properties": {
    "vendors": {"type": "array", "items": {"type": "string"}},
    "models": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}
  }
})";
constexpr std::string_view template_schema = R"({
  "type": "object",
  "required": ["vendor", "model", "name", "custom", "size"],
  "properties": {
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "name": {"type": "string"},
    "custom": {"type": "boolean", "description": "An administrator's own, in place of the built-in one."},
    "size": {"type": "integer"}
  }
})";
constexpr std::string_view diagnostics_schema = R"({
  "type": "object",
  "required": ["enabled", "configuration", "statistics", "convergence", "devices", "vendors", "models",
               "recent_requests", "warnings"],
  "properties": {
    "enabled": {"type": "boolean"},
    "configuration": {
      "type": "object",
      "required": ["url_format", "external_ip", "api_port", "sip_host", "sip_port", "custom_templates_dir"],
      "properties": {
        "url_format": {"type": "string"},
        "external_ip": {"type": "string"},
        "api_port": {"type": "integer"},
        "sip_host": {"type": "string"},
        "sip_port": {"type": "integer"},
        "custom_templates_dir": {"type": "string"}
      }
    },
    "statistics": {
      "type": "object",
      "required": ["total_devices", "total_templates", "total_requests", "successful_requests", "failed_requests"],
      "properties": {
        "total_devices": {"type": "integer"},
        "total_templates": {"type": "integer"},
        "total_requests": {"type": "integer"},
        "successful_requests": {"type": "integer"},
        "failed_requests": {"type": "integer"}
      }
    },
    "convergence": {
      "type": "object",
      "description": "How many devices are in each state of convergence. Counted from events; stale and unservable are those whose file was another, or none, when it was last looked at: after each change that may concern them, every 10 minutes, and when somebody reads the device.",
      "required": ["converged", "pending", "stale", "failed", "unreachable", "waiting", "unservable"],
      "additionalProperties": {"type": "integer"}
    },
    "statuses": {
      "type": "object",
      "description": "How many devices have each status.",
      "additionalProperties": {"type": "integer"}
    },
    "not_converged": {
      "type": "array",
      "description": "The first 200 that are neither converged nor waiting for their first boot, with what to do.",
      "items": {"type": "object", "properties": {
        "mac_address": {"type": "string"}, "extension_number": {"type": "string"},
        "state": {"type": "string"}, "next_step": {"type": "string"}, "candidates": {"type": "integer"}}}
    },
    "devices": {"type": "array", "items": {"$ref": "#/components/schemas/Device"}, "description": "By MAC address: as many as limit says, by default all of up to 500, else the first 100. statistics.total_devices says how many there are; /api/provisioning/devices has them all, in pages."},
    "devices_limit": {"type": "integer", "description": "How many devices are listed here at most."},
    "vendors": {"type": "array", "items": {"type": "string"}},
    "models": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    "recent_requests": {"type": "array", "items": {"$ref": "#/components/schemas/ProvisioningRequest"}},
    "streams_out": {
      "type": "array",
      "description": "Copies of the log that are sent elsewhere, such as to Kafka.",
      "items": {
        "type": "object",
        "properties": {
          "name": {"type": "string"},
          "delivered": {"type": "integer", "description": "Every event up to this position is there."},
          "lag": {"type": "integer", "description": "Events that are not there yet."},
          "events": {"type": "integer"},
          "failures": {"type": "integer"},
          "error": {"type": ["string", "null"]},
          "parked": {"type": "integer", "description": "Events that were refused there for what they are, such as their size. A reference is in the place of each: the same CloudEvent, with `dataref` instead of its data."},
          "newest_parked": {
            "type": "array",
            "description": "The newest 20 of them, newest first.",
            "items": {"type": "object", "properties": {
              "position": {"type": "integer"}, "stream": {"type": "string"}, "type": {"type": "string"},
              "reason": {"type": "string"}, "parked_at": {"type": "string", "format": "date-time"}}}
          },
          "folded": {"type": "integer", "description": "Events since the start whose retention time had passed before they were sent. A marker (`history.folded`) is in the place of each."},
          "first_folded": {"type": ["integer", "null"], "description": "Position of the first of them."},
          "last_folded": {"type": ["integer", "null"]}
        }
      }
    },
    "retention": {"$ref": "#/components/schemas/RetentionStatus"},
    "warnings": {"type": "array", "items": {"type": "string"}}
  }
})";

constexpr std::size_t recent_requests = 20;
constexpr std::size_t all_shown_up_to = FleetSurveys::small_fleet;  // devices; of more, by default…
constexpr std::size_t first_shown = 100;
constexpr std::size_t most_shown_devices = 1000;
constexpr std::size_t shown_not_converged = 200;

// As far as they can be told from the request alone: what was registered may be another by now.
bj::array request_warnings(const Services& services, const RequestRow& row) {
  DeviceDefinition device;
  if (row.normalized_mac) device.mac = *row.normalized_mac;
  device.vendor = row.vendor;
  device.model = row.model;
  const bool registered = row.normalized_mac && !row.extension.empty();
  bj::array list;
  for (const auto& one :
       provisioning::contradictions(row.normalized_mac, provisioning::parse_user_agent(row.user_agent),
                                    registered ? &device : nullptr, services.vendors))
    list.push_back(text(one.text));
  return list;
}

bj::object request_view(const Services& services, const RequestRow& row) {
  return {{"timestamp", iso(row.time)},
          {"mac_address", text(row.mac_address)},
          {"normalized_mac", row.normalized_mac ? bj::value(text(row.normalized_mac->text())) : bj::value(nullptr)},
          {"ip_address", text(row.ip)},
          {"user_agent", text(row.user_agent)},
          {"success", row.success},
          {"error", text_or_null(row.error)},
          {"code", text_or_null(row.code)},
          {"path", text(row.path)},
          {"status", row.status},
          {"vendor", text_or_null(row.vendor)},
          {"model", text_or_null(row.model)},
          {"extension", text_or_null(row.extension)},
          {"config_size", row.config_size},
          {"warnings", request_warnings(services, row)},
          {"count", row.count},
          {"first_seen", time_or_null(row.first_seen)}};
}

// The newest, with those that are still being counted and not in the log.
std::vector<RequestRow> newest(const Context& context, std::size_t limit) {
  auto rows = context.sightings.open_rows();
  const auto recorded = context.services.request_rows.newest(limit);
  const auto open = static_cast<std::ptrdiff_t>(rows.size());
  rows.insert(rows.end(), recorded.begin(), recorded.end());
  std::inplace_merge(rows.begin(), rows.begin() + open, rows.end(),
                     [](const RequestRow& a, const RequestRow& b) { return a.time > b.time; });
  if (rows.size() > limit) rows.resize(limit);
  return rows;
}

RequestCounts request_counts(const Context& context) {
  auto all = context.services.request_rows.counts();
  const auto untold = context.sightings.untold();
  all.total += untold.total;
  all.failed += untold.failed;
  const auto repeated = context.files.facts().untold();
  all.total += repeated.total;
  all.successful += repeated.successful;
  return all;
}

bj::array views_of(const Services& services, const std::vector<RequestRow>& rows) {
  bj::array list;
  for (const auto& row : rows) list.push_back(request_view(services, row));
  return list;
}

bj::array vendors_of(const Services& services) {
  bj::array list;
  for (const auto& vendor : services.vendors.vendors()) list.push_back(text(vendor.vendor));
  return list;
}

bj::object models_of(const Services& services) {
  bj::object models;
  for (const auto& vendor : services.vendors.vendors()) {
    std::set<std::string> names;
    for (const auto& model : vendor.models) names.insert(model.model);
    bj::array list;
    for (const auto& name : names) list.push_back(text(name));
    models[vendor.vendor] = std::move(list);
  }
  return models;
}

Result<Response> requests(const Context& context, const Request& request) {
  auto page = page_of(request, recent_requests);
  if (!page) return page.error();
  return json_response(bj::object{{"total", request_counts(context).total},
                                  {"limit", page->limit},
                                  {"requests", views_of(context.services, newest(context, page->limit))}});
}

Result<Response> templates(const Context& context, const Request&) {
  bj::array list;
  for (const auto& info : context.services.renderer()->templates())
    list.push_back(bj::object{{"vendor", text(info.vendor)},
                              {"model", text(info.model)},
                              {"name", text(info.name)},
                              {"custom", info.custom},
                              {"size", info.text.size()}});
  return json_response(list);
}

std::vector<StreamOut> streams_out_of(const Services& services) {
  return services.streams_out ? services.streams_out() : std::vector<StreamOut>{};
}

history::RetentionStatus retention_of(const Services& services) {
  return services.retention ? services.retention() : history::RetentionStatus{};
}

bj::array all_warnings(Context& context, const provision::Present& present, const DeviceCounts& counts) {
  const auto& services = context.services;
  const auto& settings = *present.settings;
  bj::array warnings;
  const auto warn = [&](const std::string& warning) { warnings.push_back(text(warning)); };
  const auto count = [&](DeviceStatus status) { return counts.of(status); };
  const auto survey = context.surveys.last(context.lanes.scans);
  if (!settings.provisioning.enabled) warn("Provisioning is switched off (provisioning.enabled): phones get no files.");
  if (config::is_loopback(present.external_ip))
    warn("Phones are told to use " + present.external_ip +
         ", which is only this machine. Set server.external_ip to an address that phones reach.");
  for (const auto& warning : unreachable_by_settings(services)) warn(warning);
  if (config::is_loopback(settings.server.sip_host) && !config::is_loopback(present.external_ip))
    warn("SIP listens on " + settings.server.sip_host + ", which is only this machine, but phones are told " +
         present.external_ip + ". Set server.sip_host to 0.0.0.0 or an address that phones reach.");
  if (settings.server.sip_digest == "sha-256")
    warn("server.sip_digest is sha-256: phones that know only MD5, which are most, cannot register. Set it to md5.");
  for (const auto& source : context.files.access().blocked())
    warn("Source " + source.source + " is blocked until " + to_iso8601(source.until) + ": it asked for " +
         std::to_string(source.unknown_macs) +
         " different MAC addresses that nobody registered. If they are your phones, register them, and lift the block "
         "with DELETE /api/provisioning/access/blocked/" +
         source.source + ".");
  std::set<std::string> misled;
  for (const auto& row : newest(context, recent_requests))
    if (row.code == to_string(provisioning::access::Rule::secret_over_tftp) || row.code == "wrong_path")
      if (const auto who = row.normalized_mac ? row.normalized_mac->colons() : row.ip; misled.insert(who).second)
        warn(who + ": " + row.error);
  if (settings.provisioning.https.legacy)
    warn("provisioning.https.legacy is on: TLS 1.0 and 1.1 can be listened to and forged.");
  if (settings.provisioning.url_format.find("{mac}") == std::string::npos)
    warn("provisioning.url_format has no {mac}: every device gets the same URL.");
  if (services.extension_rows.size() == 0) warn("There are no extensions yet. Create one with POST /api/extensions.");
  if (services.device_rows.size() == 0)
    warn("No devices are registered yet. Register one with POST /api/provisioning/devices.");
  if (const auto n = count(DeviceStatus::unservable); n > 0)
    warn(std::to_string(n) + " devices would be sent no file: their extension or their template is not there.");
  if (const auto n = count(DeviceStatus::stale); n > 0)
    warn(std::to_string(n) + " devices run an older configuration than they would be sent now; reboot or resync them.");
  if (const auto n = count(DeviceStatus::reboot_failed); n > 0)
    warn(std::to_string(n) + " devices refused their reboot or did not answer.");
  if (survey && survey->contradicted > 0)
    warn(std::to_string(survey->contradicted) +
         " devices are not what their phones say they are; see `contradictions` in /api/provisioning/devices.");
  if (const auto n = survey ? survey->of(provisioning::FirmwareState::behind) : 0; n > 0)
    warn(std::to_string(n) +
         " devices run an older firmware than firmware_version says; see "
         "/api/provisioning/firmware/devices?state=behind "
         "for the next step of each.");
  for (const auto& warning : event_warnings(services)) warn(warning);
  if (const auto fault = services.log.fault()) warn("Nothing can be written: " + fault->message);
  if (const auto lost = context.files.facts().dropped() + context.files.facts().failed(); lost > 0)
    warn(std::to_string(lost) + " requests of phones are missing in the history: the log did not take them.");
  for (const auto& out : streams_out_of(services)) {
    if (!out.error.empty())
      warn(std::to_string(out.lag) + " events wait to be sent to " + out.name + ": " + out.error + ".");
    if (out.parked > 0)
      warn(std::to_string(out.parked) + " events were refused by " + out.name +
           ", a reference is in the place of each; see `streams_out` in /api/provisioning/diagnostics.");
    if (out.folded > 0)
      warn(std::to_string(out.folded) + " events from position " + std::to_string(number(out.first_folded)) + " to " +
           std::to_string(number(out.last_folded)) + " were sent to " + out.name +
           " as markers (history.folded): their retention time had passed before. Their sums are in "
           "history.day_summarized.");
  }
  for (const auto& warning : retention_warnings(retention_of(services), services.clock())) warn(warning);
  return warnings;
}

std::size_t devices_shown(const Services& services, const std::optional<std::size_t>& limit) {
  if (limit) return *limit;
  return services.device_rows.size() <= all_shown_up_to ? all_shown_up_to : first_shown;
}

// O(limit): renders what it lists where that is not in the cache, and counts nothing one by one. On a lane.
Result<Response> diagnose(Context& context, const std::optional<std::size_t>& limit, const std::stop_token& stop) {
  const auto& services = context.services;
  const auto present = context.files.present();
  const auto& settings = *present->settings;
  const auto shown = devices_shown(services, limit);
  bj::array devices;
  for (const auto& row : services.device_rows.list({}, shown)) {
    if (stop.stop_requested()) return stopped();
    devices.push_back(view_of(context, present, row));
  }
  bj::array not_converged;
  for (const auto& row : services.device_rows.unsettled(shown_not_converged)) {
    if (stop.stop_requested()) return stopped();
    const auto etag = context.files.current_etag(present, row.definition);
    if (!standing_of(row.activity, look_of(etag)).unsettled()) continue;
    const auto view = convergence_view(context, row, etag);
    not_converged.push_back(bj::object{{"mac_address", text(row.definition->mac.text())},
                                       {"extension_number", text(row.definition->extension.text())},
                                       {"state", view.at("state")},
                                       {"next_step", view.at("next_step")},
                                       {"candidates", view.at("candidates")}});
  }
  const auto counts = services.device_rows.counts();  // after the looks above, so that of a small fleet it is exact
  const auto counted = [](const auto& numbers, auto first) {
    bj::object by_name;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto name = to_text(static_cast<decltype(first)>(i));
      by_name[boost::json::string_view(name.data(), name.size())] = numbers[i];
    }
    return by_name;
  };
  const auto requests = request_counts(context);
  bj::array streams_out;
  for (const auto& out : streams_out_of(services)) {
    bj::array newest_parked;
    for (const auto& one : out.newest_parked)
      newest_parked.push_back(bj::object{{"position", number(one.position)},
                                         {"stream", text(one.stream)},
                                         {"type", text(one.type)},
                                         {"reason", text(one.reason)},
                                         {"parked_at", to_iso8601(one.at)}});
    streams_out.push_back(bj::object{{"name", text(out.name)},
                                     {"delivered", number(out.delivered)},
                                     {"lag", out.lag},
                                     {"events", out.events},
                                     {"failures", out.failures},
                                     {"error", text_or_null(out.error)},
                                     {"parked", out.parked},
                                     {"newest_parked", std::move(newest_parked)},
                                     {"folded", out.folded},
                                     {"first_folded", out.folded > 0 ? bj::value(number(out.first_folded)) : nullptr},
                                     {"last_folded", out.folded > 0 ? bj::value(number(out.last_folded)) : nullptr}});
  }
  return json_response(bj::object{
      {"enabled", settings.provisioning.enabled},
      {"configuration", bj::object{{"url_format", text(settings.provisioning.url_format)},
                                   {"external_ip", text(present->external_ip)},
                                   {"api_port", present->api_port},
                                   {"sip_host", text(settings.server.sip_host)},
                                   {"sip_port", present->server.sip_port},
                                   {"custom_templates_dir", text(settings.provisioning.custom_templates_dir)}}},
      {"statistics", bj::object{{"total_devices", services.device_rows.size()},
                                {"total_templates", present->renderer->templates().size()},
                                {"total_requests", requests.total},
                                {"successful_requests", requests.successful},
                                {"failed_requests", requests.failed}}},
      {"convergence", counted(counts.by_state, ConvergenceState{})},
      {"statuses", counted(counts.by_status, DeviceStatus{})},
      {"not_converged", std::move(not_converged)},
      {"devices", std::move(devices)},
      {"devices_limit", shown},
      {"vendors", vendors_of(services)},
      {"models", models_of(services)},
      {"recent_requests", views_of(services, newest(context, recent_requests))},
      {"streams_out", std::move(streams_out)},
      {"retention", retention_view(retention_of(services))},
      {"warnings", all_warnings(context, *present, counts)}});
}

Awaitable<Result<Response>> diagnostics(Context& context, const Request& request) {
  const auto page = page_of(request, 0);
  if (!page) co_return page.error();
  if (page->limit > most_shown_devices)
    co_return malformed("bad_limit",
                        "limit must be a whole number from 1 to " + std::to_string(most_shown_devices) + ".");
  std::optional<std::size_t> limit;
  if (page->limit > 0) limit = page->limit;
  // The lane ends before the context it belongs to does.
  const auto work = [&context, limit](std::stop_token stop) { return diagnose(context, limit, stop); };
  co_return co_await offloaded(request, context.lanes.reads, work);
}

}  // namespace

void add_provisioning(Router& router, const ContextPtr& context) {
  router.add_schema("ProvisioningRequest", std::string(request_schema));
  router.add_schema("RetentionStatus", std::string(retention_schema()));
  router.add_schema("ProvisioningRequests", std::string(requests_schema));
  router.add_schema("Vendors", std::string(vendors_schema));
  router.add_schema("Template", std::string(template_schema));
  router.add_schema("Diagnostics", std::string(diagnostics_schema));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/vendors",
              .id = "listVendors",
              .tag = "provisioning",
              .summary = "List the vendors and models that can be provisioned",
              .replies = {{.status = 200, .description = "Sorted", .schema = "#Vendors"}},
              .handler = Handler([context](const Request&) -> Result<Response> {
                return json_response(
                    bj::object{{"vendors", vendors_of(context->services)}, {"models", models_of(context->services)}});
              })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/templates",
              .id = "listTemplates",
              .tag = "provisioning",
              .summary = "List the templates in force",
              .replies = {{.status = 200,
                           .description = "By vendor and model",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Template"}})"}},
              .handler = Handler([context](const Request& request) { return templates(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/requests",
              .id = "listProvisioningRequests",
              .tag = "provisioning",
              .summary = "List the newest requests for phone files",
              .description =
                  "Placeholders and refusals included; at most the newest 1000 are kept here, all of them in "
                  "the event log.",
              .parameters = {limit_parameter()},
              .replies = {{.status = 200, .description = "Newest first", .schema = "#ProvisioningRequests"}},
              .errors = {400},
              .handler = Handler([context](const Request& request) { return requests(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/diagnostics",
              .id = "getDiagnostics",
              .tag = "provisioning",
              .summary = "What provisioning does, and what keeps phones from their configuration",
              .parameters = {{.name = "limit",
                              .description = "How many devices are listed at most.",
                              .schema = R"({"type":"integer","minimum":1,"maximum":1000})"}},
              .replies = {{.status = 200, .description = "As of now", .schema = "#Diagnostics"}},
              .errors = {400},
              .handler = AsyncHandler([context](const Request& request) { return diagnostics(*context, request); })});
}

}  // namespace strowger::http::routes
