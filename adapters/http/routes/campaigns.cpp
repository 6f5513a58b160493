// /api/provisioning/campaigns: rebooting sets of devices at a pace. The events of a campaign and of all that it leads
// to carry its id as correlation id, so /api/events/stream?correlation=<id> follows it.
#include "adapters/http/routes/campaigns.hpp"

#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/phone_settings.hpp"
#include "events/controls.hpp"
#include "events/quiet_hours.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view start_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "description": "Which devices: those that fit all that is given of all, extensions, devices, vendor, model, site and stale.",
  "properties": {
    "name": {"type": "string", "description": "For people."},
    "all": {"type": "boolean"},
    "extensions": {"type": "array", "items": {"type": "string"}},
    "devices": {"type": "array", "items": {"type": "string"}, "description": "MAC addresses, told in this order."},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "site": {"type": "string"},
    "stale": {"type": "boolean", "description": "Only who was last served another configuration than it would be sent now; looked at again when its turn comes."},
    "verb": {"enum": ["reboot", "resync"]},
    "max_in_flight": {"type": "integer", "minimum": 0, "description": "0: no limit. Without it, as provisioning.reboots says; the next three too."},
    "max_per_second": {"type": "integer", "minimum": 0},
    "per_site": {"type": "integer", "minimum": 0},
    "quiet_hours": {"type": "string", "description": "08:00-18:00, several with commas, by the server's clock."},
    "abort_percent": {"type": "integer", "minimum": 0, "maximum": 100, "description": "It stops where more of the devices failed; 0: never. Default 20."}
  }
})";
constexpr std::string_view campaign_view_schema = R"({
  "type": "object",
  "required": ["id", "name", "selection", "verb", "only_stale", "state", "reason", "pace", "counts", "progress", "by",
               "started_at", "ended_at"],
  "properties": {
    "id": {"type": "string", "format": "uuid", "description": "Also the correlation id of all its events."},
    "name": {"type": "string"},
    "selection": {"type": "string"},
    "verb": {"enum": ["reboot", "resync"]},
    "only_stale": {"type": "boolean"},
    "state": {"enum": ["running", "paused", "completed", "cancelled", "aborted"]},
    "reason": {"type": ["string", "null"], "description": "Why it was aborted."},
    "quiet": {"type": "boolean", "description": "It waits for the end of its quiet hours."},
    "pace": {"type": "object", "properties": {
      "max_in_flight": {"type": "integer"}, "max_per_second": {"type": "integer"}, "per_site": {"type": "integer"},
      "quiet_hours": {"type": "string"}, "abort_percent": {"type": "integer"}}},
    "counts": {"type": "object", "description": "Devices by how far they are.", "properties": {
      "total": {"type": "integer"}, "waiting": {"type": "integer"}, "told": {"type": "integer"},
      "converged": {"type": "integer"}, "failed": {"type": "integer"}, "skipped": {"type": "integer"}}},
    "progress": {"type": "number", "description": "Of the devices, who is done; 0 to 1."},
    "by": {"type": "string"},
    "started_at": {"type": "string", "format": "date-time"},
    "ended_at": {"type": ["string", "null"], "format": "date-time"},
    "devices": {"type": "array", "description": "Only where one campaign is read.", "items": {"type": "object", "properties": {
      "mac_address": {"type": "string"}, "extension_number": {"type": ["string", "null"]},
      "stage": {"enum": ["waiting", "told", "converged", "failed", "skipped"]},
      "at": {"type": "string", "format": "date-time"}, "detail": {"type": ["string", "null"]}}}}
  }
})";

constexpr std::size_t campaigns_a_page = 100;
constexpr std::size_t campaign_devices_a_page = 1'000;
constexpr std::uint32_t default_abort_percent = 20;

Error missing(const Uuid& id) {
  return not_found("campaign_not_found", "Campaign " + id.text() +
                                             " does not exist. GET /api/provisioning/campaigns "
                                             "lists them.");
}

bj::object campaign_view(const Services& services, const CampaignRow& row) {
  const auto& pace = row.pace;
  const auto& counts = row.counts;
  const auto quiet = QuietHours::parse(pace.quiet_hours);
  const double progress = counts.total == 0 ? 0 : static_cast<double>(counts.finished()) / counts.total;
  return {{"id", text(row.id.text())},
          {"name", text(row.name)},
          {"selection", text(row.selection)},
          {"verb", text(json::word(row.verb))},
          {"only_stale", row.only_stale},
          {"state", text(json::word(row.state))},
          {"reason", row.reason.empty() ? bj::value(nullptr) : bj::value(text(row.reason))},
          {"quiet", !row.over() && quiet && quiet->contains(services.clock())},
          {"pace", bj::object{{"max_in_flight", pace.max_in_flight},
                              {"max_per_second", pace.max_per_second},
                              {"per_site", pace.per_site},
                              {"quiet_hours", text(pace.quiet_hours)},
                              {"abort_percent", pace.abort_percent}}},
          {"counts", bj::object{{"total", counts.total},
                                {"waiting", counts.waiting},
                                {"told", counts.told},
                                {"converged", counts.converged},
                                {"failed", counts.failed},
                                {"skipped", counts.skipped}}},
          {"progress", progress},
          {"by", text(row.by)},
          {"started_at", iso(row.started_at)},
          {"ended_at", time_or_null(row.ended_at)}};
}

bj::object campaign_view(const Services& services, const CampaignDevice& device) {
  const auto row = services.device_rows.find(device.mac);
  return {{"mac_address", text(device.mac.text())},
          {"extension_number", row ? bj::value(text(row->definition->extension.text())) : bj::value(nullptr)},
          {"stage", text(json::word(device.stage))},
          {"at", iso(device.at)},
          {"detail", device.detail.empty() ? bj::value(nullptr) : bj::value(text(device.detail))}};
}

// What a request selects, as it was said and as it is looked up.
struct Selection {
  bool all = false;
  bool stale = false;
  std::optional<std::vector<std::string>> extensions;
  std::optional<std::vector<std::string>> devices;
  std::optional<std::string> vendor;
  std::optional<std::string> model;
  std::optional<std::string> site;

  bool empty() const { return !all && !stale && !extensions && !devices && !vendor && !model && !site; }
  std::string words() const {
    std::string out;
    const auto say = [&](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
    if (devices) say(std::to_string(devices->size()) + " devices");
    if (extensions) say(std::to_string(extensions->size()) + " extensions");
    if (vendor) say("vendor " + *vendor);
    if (model) say("model " + *model);
    if (site) say("site " + *site);
    if (stale) say("stale");
    return out.empty() ? "all" : out;
  }
};

// O(devices), renders each that is left where it selects by staleness.
Result<std::vector<MacAddress>> devices_of(const Services& services, const Selection& selection,
                                           const std::stop_token& stop) {
  std::set<ExtensionNumber> extensions;
  for (const auto& word : selection.extensions.value_or(std::vector<std::string>{})) {
    const auto extension = ExtensionNumber::parse(word);
    if (!extension) return extension.error();
    extensions.insert(*extension);
  }
  std::string vendor;
  if (selection.vendor) {
    const auto known = services.vendors.vendor(*selection.vendor);
    if (!known) return known.error();
    vendor = (*known)->vendor;
  }
  const auto site = site_name(selection.site.value_or("any"));
  if (!site) return site.error();
  std::vector<MacAddress> candidates;
  if (selection.devices) {
    for (const auto& word : *selection.devices) {
      const auto mac = MacAddress::parse(word);
      if (!mac) return mac.error();
      if (!services.device_rows.find(*mac))
        return unacceptable("device_not_found", "Device " + mac->text() + " is not registered.")
            .with("field", "devices");
      if (std::find(candidates.begin(), candidates.end(), *mac) == candidates.end()) candidates.push_back(*mac);
    }
  } else {
    candidates = services.device_rows.macs();
  }
  std::vector<MacAddress> chosen;
  for (const auto& mac : candidates) {
    if (stop.stop_requested()) return stopped();
    const auto row = services.device_rows.find(mac);
    if (!row) continue;
    const auto& device = *row->definition;
    if (selection.extensions && !extensions.contains(device.extension)) continue;
    if (selection.vendor && device.vendor != vendor) continue;
    if (selection.model && provisioning::squeezed(device.model) != provisioning::squeezed(*selection.model)) continue;
    if (selection.site && device.site != *site) continue;
    if (selection.stale) {
      const auto etag = services.current_etag(row->definition);
      if (!etag || row->activity.last_etag.empty() || row->activity.last_etag == *etag) continue;
    }
    chosen.push_back(mac);
  }
  return chosen;
}

Awaitable<Result<Response>> start(Context& context, const Request& request) {
  const auto body = JsonBody::parse(request.body.empty() ? std::string_view("{}") : request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  Selection selection;
  selection.all = fields.boolean("all").value_or(false);
  selection.stale = fields.boolean("stale").value_or(false);
  selection.extensions = fields.texts("extensions");
  selection.devices = fields.texts("devices");
  selection.vendor = fields.text("vendor");
  selection.model = fields.text("model");
  selection.site = fields.text("site");
  actors::StartCampaign command;
  command.name = fields.text("name").value_or("");
  const auto verb = fields.text("verb").value_or("reboot");
  const auto pace = [&](std::string_view key, std::uint32_t& to, std::int64_t most) {
    if (const auto value = fields.integer(key, 0, most)) to = static_cast<std::uint32_t>(*value);
  };
  command.pace = default_pace(context.services);
  pace("max_in_flight", command.pace.max_in_flight, 100'000);
  pace("max_per_second", command.pace.max_per_second, 10'000);
  pace("per_site", command.pace.per_site, 100'000);
  pace("abort_percent", command.pace.abort_percent, 100);
  if (auto hours = fields.text("quiet_hours")) command.pace.quiet_hours = *hours;
  if (auto fault = fields.fault()) co_return std::move(*fault);
  if (const auto fault = control_fault(command.name); !fault.empty())
    co_return unacceptable("bad_name", "name: " + fault + ".").with("field", "name");
  if (verb != "reboot" && verb != "resync")
    co_return unacceptable("unknown_verb", "verb is reboot or resync, not '" + verb + "'.").with("field", "verb");
  command.verb = verb == "resync" ? RebootVerb::resync : RebootVerb::reboot;
  if (const auto hours = QuietHours::parse(command.pace.quiet_hours); !hours)
    co_return unacceptable(hours.error().code, "quiet_hours: " + hours.error().message).with("field", "quiet_hours");
  if (selection.empty())
    co_return unacceptable("no_selection",
                           "Say which devices: extensions, devices, vendor, model, site, stale, or \"all\": true.");
  // May render every device's file.
  auto& services = context.services;
  const auto look = [&services, selection](std::stop_token stop) { return devices_of(services, selection, stop); };
  auto devices = co_await offloaded(request, context.lanes.scans, look);
  if (!devices) co_return devices.error();
  if (devices->empty())
    co_return unacceptable("no_devices", "No device fits the selection (" + selection.words() + ").");
  command.devices = std::move(*devices);
  command.selection = selection.words();
  command.only_stale = selection.stale;
  const auto id = co_await start_campaign(context, request, std::move(command));
  if (!id) co_return id.error();
  const auto row = services.campaign_rows->find(*id);
  if (!row) co_return missing(*id);
  auto response = json_response(campaign_view(services, *row), 201);
  response.set("Location", "/api/provisioning/campaigns/" + id->text());
  co_return response;
}

Result<Uuid> id_parameter(const Request& request) {
  const auto id = Uuid::parse(request.parameter(0));
  if (!id)
    return malformed("bad_campaign_id", "A campaign's id is a UUID, as POST /api/provisioning/campaigns gave it.");
  return id;
}

Result<Response> list_campaigns(const Context& context, const Request& request) {
  const auto page = page_of(request, campaigns_a_page);
  if (!page) return page.error();
  bj::array items;
  for (const auto& row : context.services.campaign_rows->newest(page->limit))
    items.push_back(campaign_view(context.services, row));
  return json_response(items);
}

Result<Response> read_campaign(const Context& context, const Request& request) {
  const auto id = id_parameter(request);
  if (!id) return id.error();
  const auto page = page_of(request, campaign_devices_a_page);
  if (!page) return page.error();
  std::optional<CampaignStage> stage;
  const auto query = request.query();
  if (const auto wanted = query.find("stage")) {
    CampaignStage known{};
    if (!json::from_word(std::string(*wanted), known))
      return malformed("bad_stage", "stage is waiting, told, converged, failed or skipped.");
    stage = known;
  }
  const auto& rows = *context.services.campaign_rows;
  const auto row = rows.find(*id);
  if (!row) return missing(*id);
  auto view = campaign_view(context.services, *row);
  bj::array devices;
  for (const auto& device : rows.devices(*id, stage, page->limit))
    devices.push_back(campaign_view(context.services, device));
  view["devices"] = std::move(devices);
  return json_response(view);
}

Awaitable<Result<Response>> command(Context& context, const Request& request, actors::Campaign::Command what) {
  const auto id = id_parameter(request);
  if (!id) co_return id.error();
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  meta->cause.correlation = *id;
  auto& services = context.services;
  const auto outcome =
      co_await decide(context, request, *services.campaigns, id->text(), std::move(what), std::move(*meta));
  if (!outcome) co_return outcome.error();
  const auto row = services.campaign_rows->find(*id);
  if (!row) co_return missing(*id);
  co_return json_response(campaign_view(services, *row));
}

Parameter id_path_parameter() {
  return {.name = "id", .description = "The campaign's id.", .in = Parameter::In::path};
}

}  // namespace

CampaignPace default_pace(const Services& services) {
  const auto settings = services.settings();
  const auto& reboots = settings->provisioning.reboots;
  return {reboots.max_in_flight, reboots.max_per_second, reboots.per_site, reboots.quiet_hours, default_abort_percent};
}

Awaitable<Result<Uuid>> start_campaign(Context& context, const Request& request, actors::StartCampaign command) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  meta->if_match.reset();
  auto& services = context.services;
  auto id = id_of_new(services, *meta);
  const auto start = [&] {
    command.campaign = id;
    meta->cause.correlation = id;
    actors::Campaign::Command what = command;
    return decide(context, request, *services.campaigns, id.text(), std::move(what), *meta);
  };
  auto outcome = co_await start();
  if (!outcome && outcome.error().code == "campaign_exists") {  // by a key that was forgotten since
    id = services.ids.next();
    outcome = co_await start();
  }
  if (!outcome) co_return outcome.error();
  co_return id;
}

void add_campaigns(Router& router, const ContextPtr& context) {
  if (context->services.campaigns == nullptr) return;
  router.add_schema("Campaign", std::string(campaign_view_schema));
  router.add_schema("CampaignStart", std::string(start_schema));
  const std::string base = "/api/provisioning/campaigns";
  router.add(
      {.method = Method::post,
       .pattern = base,
       .id = "startCampaign",
       .tag = "campaigns",
       .summary = "Reboot a set of devices at a pace",
       .description = "Phones are told one after the other; a phone in a call waits until that has ended.",
       .role = Role::operator_,
       .parameters = {idempotency_parameter()},
       .body_schema = "#CampaignStart",
       .replies = {{.status = 201, .description = "It has begun", .schema = "#Campaign", .headers = {"Location"}}},
       .errors = {422},
       .handler = AsyncHandler([context](const Request& request) { return start(*context, request); })});
  router.add({.method = Method::get,
              .pattern = base,
              .id = "listCampaigns",
              .tag = "campaigns",
              .summary = "List the campaigns",
              .parameters = {limit_parameter()},
              .replies = {{.status = 200,
                           .description = "Newest first",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Campaign"}})"}},
              .errors = {400},
              .handler = Handler([context](const Request& request) { return list_campaigns(*context, request); })});
  router.add({.method = Method::get,
              .pattern = base + "/{id}",
              .id = "getCampaign",
              .tag = "campaigns",
              .summary = "Read a campaign and how far its devices are",
              .parameters = {id_path_parameter(),
                             {.name = "stage", .description = "Only devices in this stage."},
                             limit_parameter()},
              .replies = {{.status = 200, .description = "The campaign", .schema = "#Campaign"}},
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return read_campaign(*context, request); })});
  struct Verb {
    const char* name;
    const char* id;
    const char* summary;
    actors::Campaign::Command command;
  };
  for (const auto& verb :
       {Verb{"pause", "pauseCampaign", "Tell nobody else until it is resumed", actors::PauseCampaign{}},
        Verb{"resume", "resumeCampaign", "Go on with a paused campaign", actors::ResumeCampaign{}},
        Verb{"cancel", "cancelCampaign", "End it: nobody else is told", actors::CancelCampaign{}}})
    router.add({.method = Method::post,
                .pattern = base + "/{id}/" + verb.name,
                .id = verb.id,
                .tag = "campaigns",
                .summary = verb.summary,
                .role = Role::operator_,
                .parameters = {id_path_parameter(), idempotency_parameter()},
                .replies = {{.status = 200, .description = "The campaign as it is now", .schema = "#Campaign"}},
                .errors = {400, 404, 409},
                .handler = AsyncHandler([context, what = verb.command](const Request& request) {
                  return command(*context, request, what);
                })});
}

}  // namespace strowger::http::routes
