// /api/provisioning/devices: which phone serves which extension.
#include "actors/reboot/correlation.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/device_checks.hpp"
#include "adapters/http/routes/device_view.hpp"
#include "adapters/http/routes/discovery.hpp"
#include "adapters/http/routes/listed.hpp"

#include <algorithm>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view create_device_schema = R"({
  "type": "object",
  "required": ["mac_address", "extension_number", "vendor", "model"],
  "additionalProperties": false,
  "properties": {
    "mac_address": {"type": "string", "description": "In any form."},
    "extension_number": {"type": ["string", "integer"]},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "site": {"type": ["string", "null"], "description": "Whose settings it inherits."},
    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/DeviceLineInput"}}
  }
})";
constexpr std::string_view change_device_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "mac_address": {"type": "string", "description": "Must be the one of the path."},
    "extension_number": {"type": ["string", "integer"]},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "site": {"type": ["string", "null"], "description": "Whose settings it inherits; null: no site's."},
    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/DeviceLineInput"},
              "description": "All of them; line 1 is that of extension_number and may be left out."}
  }
})";
constexpr std::string_view line_schema = R"({
  "type": "object",
  "required": ["line"],
  "additionalProperties": false,
  "properties": {
    "line": {"type": "integer", "minimum": 1, "maximum": 64},
    "extension": {"type": ["string", "integer"], "description": "Needed but for line 1."},
    "label": {"type": "string", "maxLength": 64, "description": "What the phone shows; by default the extension's name."}
  }
})";
constexpr std::string_view discovered_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "extension_number": {"type": ["string", "integer"], "description": "By default the one that it registered as by SIP."},
    "vendor": {"type": "string", "description": "By default what was seen, as is the model."},
    "model": {"type": "string"},
    "site": {"type": ["string", "null"], "description": "Whose settings it inherits."},
    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/DeviceLineInput"}}
  }
})";
constexpr std::string_view registered_schema = R"({
  "type": "object",
  "required": ["success", "device", "reboot_triggered", "message"],
  "properties": {
    "success": {"type": "boolean"},
    "device": {"$ref": "#/components/schemas/Device"},
    "reboot_triggered": {"type": "boolean", "description": "Its phone is registered and is being told to reboot."},
    "message": {"type": "string"},
    "warnings": {"type": "array", "items": {"type": "string"}},
    "correlation_id": {"type": "string", "format": "uuid"}
  }
})";

constexpr std::string_view changed_schema = R"({
  "allOf": [
    {"$ref": "#/components/schemas/Device"},
    {"type": "object", "required": ["reboot_triggered"], "properties": {"reboot_triggered": {
      "type": "boolean",
      "description": "It has another extension, and its phone, which is registered, is being told to reboot. Else a phone whose file changed is told at the pace of provisioning.reboots."}}}
  ]
})";

Error missing_device(const MacAddress& mac) {
  return not_found("device_not_found",
                   "Device " + mac.text() + " is not registered. Register it with POST /api/provisioning/devices.");
}

Result<std::optional<std::string>> site_of(Fields& fields) {
  auto site = fields.text("site");
  if (fields.is_null("site")) site = "";
  if (!site) return site;
  auto name = site_or_none(*site);
  if (!name) return name.error();
  return std::optional(std::move(*name));
}

// What a body says of where a device belongs and of its lines, checked as far as that can be without the device.
struct Placing {
  std::optional<std::string> site;
  LinesGiven lines;
};
Result<Placing> placing_of(const Services& services, Fields& fields) {
  auto site = site_of(fields);
  if (!site) return site.error();
  const auto given = lines_given(fields);
  if (!given) return given.error();
  auto lines = lines_of(services, *given);
  if (!lines) return lines.error();
  return Placing{std::move(*site), std::move(*lines)};
}

// The device as it would be when it is registered so.
DeviceRow prospect(const Services& services, const MacAddress& mac, const ExtensionNumber& extension, const Kind& kind,
                   const std::optional<std::string>& site, const LinesGiven& lines) {
  DeviceRow device;
  if (auto known = services.device_rows.find(mac)) device = *known;
  auto definition =
      device.definition ? std::make_shared<DeviceDefinition>(*device.definition) : std::make_shared<DeviceDefinition>();
  if (device.definition) extension_changes(device.activity, device.definition->extension, extension);
  definition->mac = mac;
  definition->extension = extension;
  definition->vendor = kind.vendor->vendor;
  definition->model = kind.model->model;
  if (site) definition->site = *site;
  if (lines) definition->lines = *lines;
  device.definition = std::move(definition);
  return device;
}

// What the first carrying out of a repeated request decided: its last events of the stream.
Result<std::vector<Event>> decided_before(EventLog& log, const StreamId& stream, StreamVersion version) {
  constexpr std::uint64_t most = 4;  // a registration with its site, lines and reboot
  const auto from = number(version) > most ? number(version) - most : 0;
  const auto records = log.read_stream(stream, StreamVersion{from}, number(version) - from);
  if (!records) return records.error();
  std::vector<Event> events;
  for (const auto& record : *records) {
    if (record.correlation != records->back().correlation) continue;  // another request's
    events.push_back(decode_or_quarantine(record).event);
  }
  return events;
}

// What a request says of a device that is to be registered.
struct Registration {
  std::string mac;
  std::string extension;
  std::string vendor;
  std::string model;
  std::optional<std::string> site;
  LinesGiven lines;
};

Awaitable<Result<Response>> enter(Context& context, const Request& request, actors::AskMeta meta, Registration wanted) {
  auto& services = context.services;
  const auto mac = MacAddress::parse(wanted.mac);
  if (!mac) co_return mac.error();
  const auto extension = existing_extension(services, wanted.extension);
  if (!extension) co_return extension.error();
  const auto kind = kind_of(services, wanted.vendor, wanted.model);
  if (!kind) co_return kind.error();

  const auto known = services.device_rows.find(*mac);
  if (auto settled = fitting_lines(wanted.lines, known, *extension, *kind); !settled) co_return settled.error();
  const auto device = prospect(services, *mac, *extension, *kind, wanted.site, wanted.lines);
  const bool phone_present = !reboot::Phones(services.bindings, services.device_rows).of(device).empty();
  const auto etag = context.files.current_etag(context.files.present(), device.definition);
  actors::Device::Command command = actors::RegisterDevice{*mac,
                                                           *extension,
                                                           kind->vendor->vendor,
                                                           kind->model->model,
                                                           phone_present,
                                                           etag ? *etag : std::string(),
                                                           wanted.site,
                                                           std::move(wanted.lines)};
  const auto outcome =
      co_await decide(context, request, services.devices, mac->text(), std::move(command), std::move(meta));
  if (!outcome) co_return outcome.error();
  auto events = outcome->events;
  if (outcome->repeated) {
    const auto look = [&log = services.log, stream = StreamId::of(*mac), version = outcome->version] {
      return decided_before(log, stream, version);
    };
    auto before = co_await offloaded(request, context.lanes.reads, look);
    if (!before) co_return before.error();
    events = std::move(*before);
  }
  bool replaced = false;
  bool reboot = false;
  for (const auto& event : events) {
    if (const auto* registered = std::get_if<DeviceRegistered>(&event)) replaced = registered->replaced;
    if (std::holds_alternative<RebootRequested>(event)) reboot = true;
  }
  const auto row = services.device_rows.find(*mac);
  if (!row) co_return missing_device(*mac);
  bj::object answer{{"success", true},
                    {"device", view_of(context, context.files.present(), *row, request.who.may(Role::operator_))},
                    {"reboot_triggered", reboot},
                    {"message", reboot ? "Device registered and phone reboot triggered automatically"
                                       : "Device registered. Phone will fetch config on next boot."},
                    {"warnings", warnings_of(services, *mac, *kind->vendor)},
                    {"correlation_id", text(outcome->correlation.text())}};
  auto response = json_response(answer, replaced ? 200 : 201);
  response.set("ETag", etag_of(row->definition->version));
  response.set("Location", "/api/provisioning/devices/" + mac->text());
  co_return response;
}

Awaitable<Result<Response>> create_device(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto body = JsonBody::parse(request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  Registration wanted;
  wanted.mac = fields.required_text("mac_address");
  wanted.extension = fields.required_text_or_number("extension_number");
  wanted.vendor = fields.required_text("vendor");
  wanted.model = fields.required_text("model");
  auto placing = placing_of(context.services, fields);
  if (!placing) co_return placing.error();
  wanted.site = std::move(placing->site);
  wanted.lines = std::move(placing->lines);
  if (auto fault = fields.fault()) co_return std::move(*fault);
  co_return co_await enter(context, request, std::move(*meta), std::move(wanted));
}

// A phone that was seen: what is known of it need not be said.
Awaitable<Result<Response>> create_discovered(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto body = JsonBody::parse(request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  const auto extension = fields.text_or_number("extension_number");
  const auto vendor = fields.text("vendor");
  const auto model = fields.text("model");
  auto placing = placing_of(context.services, fields);
  if (!placing) co_return placing.error();
  if (auto fault = fields.fault()) co_return std::move(*fault);
  Registration wanted{mac->text(),        extension.value_or(""),   vendor.value_or(""),
                      model.value_or(""), std::move(placing->site), std::move(placing->lines)};
  const auto fill = [](std::string& to, const std::string& seen) {
    if (to.empty()) to = seen;
  };
  if (const auto known = context.services.device_rows.find(*mac); known && !meta->idempotency_key.empty()) {
    // The same request may have done that; the entity knows.
    fill(wanted.extension, known->definition->extension.text());
    fill(wanted.vendor, known->definition->vendor);
    fill(wanted.model, known->definition->model);
  } else {
    const auto phone = discovered(context.services, *mac);
    if (!phone) co_return phone.error();
    const auto seen = seen_kind(context.services, *phone);
    fill(wanted.extension, phone->extension.text());
    fill(wanted.vendor, seen.vendor);
    fill(wanted.model, seen.model);
  }
  const std::pair<const char*, const std::string*> needed[] = {
      {"extension_number", &wanted.extension}, {"vendor", &wanted.vendor}, {"model", &wanted.model}};
  for (const auto& [name, value] : needed)
    if (value->empty())
      co_return malformed("missing_field", "Field '" + std::string(name) +
                                               "' is required: what was seen of this phone does not tell it.")
          .with("field", bj::value(name));
  co_return co_await enter(context, request, std::move(*meta), std::move(wanted));
}

// O(limit), renders what is not in the cache.
Result<ListedPage> device_page(Context& context, const std::optional<MacAddress>& after, std::size_t limit,
                               bool with_token, const std::stop_token& stop) {
  const auto found = context.services.device_rows.list(after, limit + 1);
  const auto present = context.files.present();
  bj::array items;
  for (std::size_t i = 0; i < std::min(found.size(), limit); ++i) {
    if (stop.stop_requested()) return stopped();
    items.push_back(view_of(context, present, found[i], with_token));
  }
  return ListedPage{bj::serialize(items),
                    found.size() > limit ? found[limit - 1].definition->mac.text() : std::string(), items.size()};
}

Awaitable<Result<Response>> list_devices(Context& context, const Request& request) {
  // The lane ends before the context it belongs to does.
  const auto read = [&context, with_token = request.who.may(Role::operator_)](const auto& after, std::size_t limit,
                                                                              const std::stop_token& stop) {
    return device_page(context, after, limit, with_token, stop);
  };
  auto found = co_await list_page<MacAddress>(context, request, read);
  if (!found) co_return found.error();
  co_return page_response(request, std::move(found->page.body), context.services.device_rows.size(), found->page.next);
}

Response shown(Context& context, const DeviceRow& row, const Principal& who) {
  auto response = json_response(view_of(context, context.files.present(), row, who.may(Role::operator_)));
  response.set("ETag", etag_of(row.definition->version));
  return response;
}

Result<Response> read_device(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) return mac.error();
  const auto row = context.services.device_rows.find(*mac);
  if (!row) return missing_device(*mac);
  return shown(context, *row, request.who);
}

Awaitable<Result<Response>> change(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto body = JsonBody::parse(request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  const auto mac_text = fields.text("mac_address");
  const auto extension_text = fields.text_or_number("extension_number");
  const auto vendor_text = fields.text("vendor");
  const auto model_text = fields.text("model");
  auto placing = placing_of(context.services, fields);
  if (!placing) co_return placing.error();
  if (auto fault = fields.fault()) co_return std::move(*fault);
  auto& services = context.services;
  if (mac_text) {
    const auto same = MacAddress::parse(*mac_text);
    if (!same) co_return same.error();
    if (*same != *mac)
      co_return unacceptable("mac_is_fixed",
                             "A device keeps its MAC address. Register the other one and delete " + mac->text() + ".");
  }
  const auto before = services.device_rows.find(*mac);
  if (!before) co_return missing_device(*mac);
  actors::ChangeDevice change;
  if (extension_text) {
    const auto extension = existing_extension(services, *extension_text);
    if (!extension) co_return extension.error();
    change.extension = *extension;
  }
  // Looked at together: a new vendor's model must be one of its own.
  const auto kind = kind_of(services, vendor_text.value_or(before->definition->vendor),
                            model_text.value_or(before->definition->model));
  if (!kind) co_return kind.error();
  if (vendor_text || model_text) {
    change.vendor = kind->vendor->vendor;
    change.model = kind->model->model;
  }
  const auto& own = change.extension ? *change.extension : before->definition->extension;
  if (auto settled = fitting_lines(placing->lines, before, own, *kind); !settled) co_return settled.error();
  change.site = std::move(placing->site);
  change.lines = std::move(placing->lines);
  if (own != before->definition->extension) {
    const auto device = prospect(services, *mac, own, *kind, change.site, change.lines);
    const auto etag = context.files.current_etag(context.files.present(), device.definition);
    change.phone_present = !reboot::Phones(services.bindings, services.device_rows).of(device).empty();
    if (etag) change.etag = *etag;
  }
  actors::Device::Command command = std::move(change);
  const auto outcome =
      co_await decide(context, request, services.devices, mac->text(), std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  const auto row = services.device_rows.find(*mac);
  if (!row) co_return missing_device(*mac);
  auto events = outcome->events;
  if (outcome->repeated) {
    const auto look = [&log = services.log, stream = StreamId::of(*mac), version = outcome->version] {
      return decided_before(log, stream, version);
    };
    auto first = co_await offloaded(request, context.lanes.reads, look);
    if (!first) co_return first.error();
    events = std::move(*first);
  }
  auto view = view_of(context, context.files.present(), *row, request.who.may(Role::operator_));
  view["reboot_triggered"] = std::any_of(
      events.begin(), events.end(), [](const Event& event) { return std::holds_alternative<RebootRequested>(event); });
  auto response = json_response(view);
  response.set("ETag", etag_of(row->definition->version));
  co_return response;
}

Awaitable<Result<Response>> remove_device(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  actors::Device::Command command = actors::UnregisterDevice{};
  const auto outcome =
      co_await decide(context, request, context.services.devices, mac->text(), std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  co_return json_response(bj::object{{"success", true}, {"message", "Device unregistered"}});
}

}  // namespace

void add_devices(Router& router, const ContextPtr& context) {
  router.add_schema("Device", std::string(device_schema()));
  router.add_schema("DeviceLineInput", std::string(line_schema));
  router.add_schema("DeviceRegistration", std::string(create_device_schema));
  router.add_schema("DiscoveredRegistration", std::string(discovered_schema));
  router.add_schema("DeviceChange", std::string(change_device_schema));
  router.add_schema("DeviceRegistered", std::string(registered_schema));
  router.add_schema("DeviceChanged", std::string(changed_schema));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices",
              .id = "listDevices",
              .tag = "devices",
              .summary = "List the devices",
              .parameters = {limit_parameter(), cursor_parameter()},
              .replies = {{.status = 200,
                           .description = "A page of them, by MAC address",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Device"}})",
                           .headers = {"Link", "X-Total-Count"}}},
              .errors = {400},
              .handler = AsyncHandler([context](const Request& request) { return list_devices(*context, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/provisioning/devices",
              .id = "registerDevice",
              .tag = "devices",
              .summary = "Register a device",
              .description = "Takes the place of an earlier registration of the same MAC address. A phone that is "
                             "registered and can be the device, on this extension or on the one that it had, is told "
                             "to reboot.",
              .role = Role::operator_,
              .parameters = {idempotency_parameter()},
              .body_schema = "#DeviceRegistration",
              .replies = {{.status = 201,
                           .description = "Registered",
                           .schema = "#DeviceRegistered",
                           .headers = {"ETag", "Location"}},
                          {.status = 200,
                           .description = "Registered anew in place of an earlier registration",
                           .schema = "#DeviceRegistered",
                           .headers = {"ETag", "Location"}}},
              .errors = {409, 422},
              .handler = AsyncHandler([context](const Request& request) { return create_device(*context, request); })});
  router.add(
      {.method = Method::post,
       .pattern = "/api/provisioning/discovered/{mac}/register",
       .id = "registerDiscoveredPhone",
       .tag = "discovery",
       .summary = "Register a phone that was seen",
       .description = "Vendor and model are those that were seen, the extension the one that it registered as, "
                      "where they are not given.",
       .role = Role::operator_,
       .parameters = {mac_path_parameter(), idempotency_parameter()},
       .body_schema = "#DiscoveredRegistration",
       .replies = {{.status = 201,
                    .description = "Registered",
                    .schema = "#DeviceRegistered",
                    .headers = {"ETag", "Location"}},
                   {.status = 200,
                    .description = "Registered meanwhile by somebody else, and anew by this",
                    .schema = "#DeviceRegistered",
                    .headers = {"ETag", "Location"}}},
       .errors = {404, 409, 422},
       .handler = AsyncHandler([context](const Request& request) { return create_discovered(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}",
              .id = "getDevice",
              .tag = "devices",
              .summary = "Read a device",
              .parameters = {mac_path_parameter()},
              .replies = {{.status = 200, .description = "The device", .schema = "#Device", .headers = {"ETag"}}},
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return read_device(*context, request); })});
  router.add({.method = Method::patch,
              .pattern = "/api/provisioning/devices/{mac}",
              .id = "changeDevice",
              .tag = "devices",
              .summary = "Change what is given of a device",
              .description = "Given another extension, its phone is told to reboot, where it is registered.",
              .role = Role::operator_,
              .parameters = {mac_path_parameter(), if_match_parameter(), idempotency_parameter()},
              .body_schema = "#DeviceChange",
              .replies = {{.status = 200, .description = "Changed", .schema = "#DeviceChanged", .headers = {"ETag"}}},
              .errors = {404, 409, 412, 422},
              .handler = AsyncHandler([context](const Request& request) { return change(*context, request); })});
  router.add({.method = Method::delete_,
              .pattern = "/api/provisioning/devices/{mac}",
              .id = "unregisterDevice",
              .tag = "devices",
              .summary = "Unregister a device",
              .role = Role::operator_,
              .parameters = {mac_path_parameter(), if_match_parameter(), idempotency_parameter()},
              .replies = {{.status = 200, .description = "Unregistered", .schema = "#Done"}},
              .errors = {400, 404, 412},
              .handler = AsyncHandler([context](const Request& request) { return remove_device(*context, request); })});
}

}  // namespace strowger::http::routes
