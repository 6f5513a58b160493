// Telling phones to reboot or to fetch again: one device at once; the phones of an extension, or all that are
// registered, as a campaign. The answer comes when that is in the log; telling the phones is the reactors', and what
// became of it is on the device.
#include "actors/reboot/correlation.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/campaigns.hpp"

#include <algorithm>
#include <map>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view reboot_campaign_schema = R"({
  "type": "object",
  "required": ["success", "message", "rebooted", "failed", "success_count", "failed_count", "campaign"],
  "properties": {
    "success": {"type": "boolean"},
    "message": {"type": "string"},
    "rebooted": {"type": "array", "items": {"type": "string"}, "description": "Extensions whose phones are being told."},
    "failed": {"type": "array", "items": {"type": "string"}, "description": "Extensions none of whose phones can be told."},
    "success_count": {"type": "integer"},
    "failed_count": {"type": "integer"},
    "campaign": {"type": ["string", "null"], "format": "uuid", "description": "See /api/provisioning/campaigns/{id}; also the correlation id of all its events. Null where there is nobody to tell."},
    "reasons": {"type": "object", "additionalProperties": {"type": "string"}}
  }
})";
constexpr std::string_view selection_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {"extensions": {"type": "array", "items": {"type": "string"}, "description": "Only these."}}
})";
constexpr std::string_view told_schema = R"({
  "type": "object",
  "required": ["success", "message", "mac_address", "correlation_id"],
  "properties": {
    "success": {"type": "boolean"},
    "message": {"type": "string"},
    "mac_address": {"type": "string"},
    "extension_number": {"type": "string"},
    "already_under_way": {"type": "boolean"},
    "correlation_id": {"type": "string", "format": "uuid"}
  }
})";

struct Target {
  MacAddress mac;
  ExtensionNumber extension;
};

struct Plan {
  std::vector<Target> targets;
  std::map<ExtensionNumber, std::string> failed;  // and why
};

// The devices of an extension whose phone is registered; one device a phone.
void plan_extension(const Services& services, const ExtensionNumber& extension, Plan& plan) {
  const auto bindings = services.bindings.of(extension);
  if (bindings.empty()) {
    plan.failed[extension] = "no phone is registered on it";
    return;
  }
  const auto devices = reboot::Phones(services.bindings, services.device_rows).on(extension);
  for (const auto& device : devices) plan.targets.push_back({device.definition->mac, extension});
  if (devices.empty())
    plan.failed[extension] = "its phone is not a device that is provisioned here, so how to tell it is not known";
}

// Begins now, by a person's word, but at the pace that the settings say.
Awaitable<Result<Response>> run(Context& context, const Request& request, Plan plan, std::string selection) {
  bj::value campaign = nullptr;
  std::map<ExtensionNumber, bool> rebooted;
  if (!plan.targets.empty()) {
    actors::StartCampaign command;
    command.selection = std::move(selection);
    command.pace = default_pace(context.services);
    command.pace.quiet_hours.clear();
    for (const auto& target : plan.targets) {
      command.devices.push_back(target.mac);
      rebooted[target.extension] = true;
    }
    const auto id = co_await start_campaign(context, request, std::move(command));
    if (!id) co_return id.error();
    campaign = text(id->text());
  }
  bj::array done;
  for (const auto& item : rebooted) done.push_back(text(item.first.text()));
  bj::array failed;
  bj::object reasons;
  for (const auto& [extension, why] : plan.failed) {
    failed.push_back(text(extension.text()));
    reasons[extension.text()] = text(why);
  }
  const auto done_count = done.size();
  const auto failed_count = failed.size();
  const std::string message = failed_count == 0 ? "Reboot requested for " + std::to_string(done_count) + " extensions"
                                                : "Reboot requested for " + std::to_string(done_count) +
                                                      " extensions, " + std::to_string(failed_count) + " failed";
  bj::object answer{{"success", failed_count == 0},    {"message", text(message)},     {"rebooted", std::move(done)},
                    {"failed", std::move(failed)},     {"success_count", done_count},  {"failed_count", failed_count},
                    {"campaign", std::move(campaign)}, {"reasons", std::move(reasons)}};
  co_return json_response(answer);
}

Awaitable<Result<Response>> reboot_all(Context& context, const Request& request) {
  const auto& services = context.services;
  Plan plan;
  std::optional<std::vector<std::string>> selection;
  if (!request.body.empty()) {
    const auto body = JsonBody::parse(request.body);
    if (!body) co_return body.error();
    Fields fields(body->root());
    selection = fields.texts("extensions");
    if (auto fault = fields.fault()) co_return std::move(*fault);
  }
  std::vector<ExtensionNumber> extensions;
  if (selection) {
    for (const auto& word : *selection) {
      const auto extension = ExtensionNumber::parse(word);
      if (!extension) co_return extension.error();
      if (std::find(extensions.begin(), extensions.end(), *extension) == extensions.end())
        extensions.push_back(*extension);
    }
  } else {
    for (const auto& binding : services.bindings.all())
      if (extensions.empty() || extensions.back() != binding->extension) extensions.push_back(binding->extension);
  }
  for (const auto& extension : extensions) plan_extension(services, extension, plan);
  // By name: GCC 12 destroys the temporaries of a condition within a co_await twice.
  std::string words = "all registered phones";
  if (selection) words = std::to_string(extensions.size()) + " extensions";
  co_return co_await run(context, request, std::move(plan), std::move(words));
}

Awaitable<Result<Response>> reboot_extension(Context& context, const Request& request) {
  const auto extension = extension_parameter(request);
  if (!extension) co_return extension.error();
  if (!context.services.extension_rows.find(*extension))
    co_return not_found("extension_not_found", "Extension " + extension->text() + " does not exist.");
  Plan plan;
  plan_extension(context.services, *extension, plan);
  if (plan.targets.empty())
    co_return conflict("phone_not_registered",
                       "Extension " + extension->text() + " cannot be rebooted: " + plan.failed[*extension] + ".");
  std::string words = "extension " + extension->text();
  co_return co_await run(context, request, std::move(plan), std::move(words));
}

Awaitable<Result<Response>> tell_device(Context& context, const Request& request, RebootVerb verb) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto& services = context.services;
  const auto device = services.device_rows.find(*mac);
  if (!device)
    co_return not_found("device_not_found", "Device " + mac->text() +
                                                " is not registered. Register it with POST /api/provisioning/devices.");
  const auto& extension = device->definition->extension;
  if (reboot::Phones(services.bindings, services.device_rows).of(*device).empty())
    co_return conflict("phone_not_registered", "No phone that can be this device is registered on extension " +
                                                   extension.text() +
                                                   " now, or on one that it had before, so there is "
                                                   "nobody to tell.");
  if (meta->cause.correlation.is_nil()) meta->cause.correlation = services.ids.next();
  const auto correlation = meta->cause.correlation;
  const auto etag = context.files.current_etag(context.files.present(), device->definition);
  actors::Device::Command command =
      actors::RequestReboot{verb, RebootReason::manual, etag ? *etag : std::string(), Uuid{}};
  const auto outcome =
      co_await decide(context, request, context.services.devices, mac->text(), std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  const bool under_way = outcome->events.empty() && !outcome->repeated;
  bj::object answer{{"success", true},
                    {"message", under_way ? "The phone is being told already" : "The phone is being told"},
                    {"mac_address", text(mac->text())},
                    {"extension_number", text(extension.text())},
                    {"already_under_way", under_way},
                    {"correlation_id", text(correlation.text())}};
  co_return json_response(answer);
}

}  // namespace

void add_reboots(Router& router, const ContextPtr& context) {
  router.add_schema("RebootCampaign", std::string(reboot_campaign_schema));
  router.add_schema("RebootSelection", std::string(selection_schema));
  router.add_schema("PhoneTold", std::string(told_schema));
  router.add({.method = Method::post,
              .pattern = "/api/phones/reboot",
              .id = "rebootPhones",
              .tag = "phones",
              .summary = "Reboot the registered phones, all or those of some extensions",
              .role = Role::operator_,
              .parameters = {idempotency_parameter()},
              .body_schema = "#RebootSelection",
              .body_required = false,
              .replies = {{.status = 200, .description = "What was begun", .schema = "#RebootCampaign"}},
              .handler = AsyncHandler([context](const Request& request) { return reboot_all(*context, request); })});
  router.add(
      {.method = Method::post,
       .pattern = "/api/phones/{extension}/reboot",
       .id = "rebootExtension",
       .tag = "phones",
       .summary = "Reboot the phones of an extension",
       .role = Role::operator_,
       .parameters = {idempotency_parameter()},
       .replies = {{.status = 200, .description = "What was begun", .schema = "#RebootCampaign"}},
       .errors = {400, 404, 409},
       .handler = AsyncHandler([context](const Request& request) { return reboot_extension(*context, request); })});
  for (const auto verb : {RebootVerb::reboot, RebootVerb::resync}) {
    const bool reboot = verb == RebootVerb::reboot;
    router.add({.method = Method::post,
                .pattern = reboot ? "/api/provisioning/devices/{mac}/reboot" : "/api/provisioning/devices/{mac}/resync",
                .id = reboot ? "rebootDevice" : "resyncDevice",
                .tag = "devices",
                .summary = reboot ? "Tell a device's phone to reboot"
                                  : "Tell a device's phone to fetch its file and apply what needs no reboot",
                .role = Role::operator_,
                .parameters = {mac_path_parameter(), idempotency_parameter()},
                .replies = {{.status = 200, .description = "It is being told", .schema = "#PhoneTold"}},
                .errors = {400, 404, 409},
                .handler = AsyncHandler(
                    [context, verb](const Request& request) { return tell_device(*context, request, verb); })});
  }
}

}  // namespace strowger::http::routes
