// /api/provisioning/firmware: which firmware phones shall run (the setting firmware_version, of any level), and which
// they do.
#include "adapters/http/routes/device_view.hpp"
#include "adapters/http/routes/fleet_survey.hpp"
#include "adapters/http/routes/listed.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using provisioning::FirmwareState;

constexpr std::size_t devices_a_page = 1000;
constexpr std::size_t most_looks = 20'000;  // at devices, of one request

constexpr std::string_view model_schema = R"({
  "type": "object",
  "required": ["vendor", "model", "devices", "wanted", "running", "unknown", "current", "behind", "ahead"],
  "properties": {
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "devices": {"type": "integer"},
    "wanted": {"type": "array", "items": {"type": "string"}, "description": "The setting firmware_version of its devices: none, one, or several where sites or devices have their own. PATCH /api/provisioning/phone-settings/model/<vendor>_<model> sets it."},
    "running": {"type": "object", "additionalProperties": {"type": "integer"}, "description": "Devices by the version that they last said."},
    "unknown": {"type": "integer", "description": "Devices that never said a version."},
    "current": {"type": "integer"},
    "behind": {"type": "integer", "description": "Devices that run an older version than they shall, or one that cannot be compared."},
    "ahead": {"type": "integer"}
  }
})";
constexpr std::string_view firmware_schema = R"({
  "type": "object",
  "required": ["devices", "behind", "ahead", "unknown", "models"],
  "properties": {
    "devices": {"type": "integer"},
    "behind": {"type": "integer"},
    "ahead": {"type": "integer"},
    "unknown": {"type": "integer", "description": "Of the devices that shall run a version."},
    "as_of": {"type": "string", "format": "date-time", "description": "When the devices were looked at: now, or up to a minute ago where there are more than 500."},
    "models": {"type": "array", "items": {"$ref": "#/components/schemas/ModelFirmware"}}
  }
})";
constexpr std::string_view device_firmware_schema = R"({
  "type": "object",
  "required": ["mac_address", "extension_number", "vendor", "model", "wanted", "running", "state", "last_seen", "next_step"],
  "properties": {
    "mac_address": {"type": "string"},
    "extension_number": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "wanted": {"type": ["string", "null"]},
    "running": {"type": ["string", "null"]},
    "state": {"enum": ["not_wanted", "unknown", "current", "behind", "ahead"]},
    "last_seen": {"type": ["string", "null"], "format": "date-time"},
    "next_step": {"type": ["string", "null"]}
  }
})";

std::size_t count_of(const FleetSurvey::States& states, FirmwareState state) {
  const auto found = states.find(state);
  return found == states.end() ? 0 : found->second;
}

Result<Response> overview(FleetSurveys& surveys, std::stop_token stop) {
  const auto survey = surveys.fresh(std::move(stop));
  if (!survey) return survey.error();
  bj::array list;
  for (const auto& [name, model] : (*survey)->models) {
    bj::array wanted;
    for (const auto& version : model.wanted) wanted.push_back(text(version));
    bj::object running;
    for (const auto& [version, count] : model.running) running[version] = count;
    list.push_back(bj::object{{"vendor", text(name.first)},
                              {"model", text(name.second)},
                              {"devices", model.devices},
                              {"wanted", std::move(wanted)},
                              {"running", std::move(running)},
                              {"unknown", model.silent},
                              {"current", count_of(model.states, FirmwareState::current)},
                              {"behind", count_of(model.states, FirmwareState::behind)},
                              {"ahead", count_of(model.states, FirmwareState::ahead)}});
  }
  return json_response(bj::object{{"devices", (*survey)->devices},
                                  {"behind", (*survey)->of(FirmwareState::behind)},
                                  {"ahead", (*survey)->of(FirmwareState::ahead)},
                                  {"unknown", (*survey)->of(FirmwareState::unknown)},
                                  {"as_of", iso((*survey)->at)},
                                  {"models", std::move(list)}});
}

bj::value next_step(const DeviceFirmware& firmware, const DeviceDefinition& device) {
  const auto reboot = "POST /api/provisioning/devices/" + device.mac.text() + "/reboot";
  switch (firmware.state) {
    case FirmwareState::behind:
    case FirmwareState::ahead:
      if (firmware.url.empty())
        return text(
            "Put the image into provisioning.firmware_dir and set firmware_url, at the level where "
            "firmware_version is set, to where the phone finds it; then " +
            reboot + ".");
      return text("It fetches firmware from " + firmware.url + " when it restarts: " + reboot +
                  ". If it comes back as it is, look in the log for its request for that file.");
    case FirmwareState::unknown:
      return text("It never said which firmware it runs; it does when it fetches its file: " + reboot + ".");
    default:
      return nullptr;
  }
}

// None: it is no state.
std::optional<FirmwareState> state_of(std::string_view word) {
  for (const auto state : {FirmwareState::not_wanted, FirmwareState::unknown, FirmwareState::current,
                           FirmwareState::behind, FirmwareState::ahead})
    if (provisioning::to_string(state) == word) return state;
  return std::nullopt;
}

struct WantedFirmware {
  std::optional<FirmwareState> state;
  std::string vendor;
  std::string model;
  std::size_t limit = devices_a_page;
  std::optional<MacAddress> after;

  bool fits(const std::pair<std::string, std::string>& kind) const {
    return (vendor.empty() || kind.first == vendor) && (model.empty() || kind.second == model);
  }
};

bj::object firmware_view(const DeviceDefinition& device, const DeviceFirmware& firmware) {
  const auto or_null = [](const std::string& value) {
    return value.empty() ? bj::value(nullptr) : bj::value(text(value));
  };
  return {{"mac_address", text(device.mac.text())},
          {"extension_number", text(device.extension.text())},
          {"vendor", text(device.vendor)},
          {"model", text(device.model)},
          {"wanted", or_null(firmware.wanted)},
          {"running", or_null(firmware.running)},
          {"state", text(provisioning::to_string(firmware.state))},
          {"last_seen", time_or_null(firmware.seen)},
          {"next_step", next_step(firmware, device)}};
}

struct FoundDevices {
  std::string body;
  std::size_t total = 0;
  std::string next;  // the cursor; empty: that was all
};

// A page may be short, or empty, where few fit: one request looks at no more than most_looks devices.
Result<FoundDevices> find_devices(const Services& services, FleetSurveys& surveys, const WantedFirmware& wanted,
                                  const std::stop_token& stop) {
  constexpr std::size_t at_once = 1000;
  bj::array list;
  std::optional<MacAddress> after = wanted.after;
  bool more = true;
  for (std::size_t looks = 0; more && looks < most_looks && list.size() < wanted.limit;) {
    const auto rows = services.device_rows.list(after, at_once);
    more = rows.size() == at_once;
    for (const auto& row : rows) {
      if (stop.stop_requested()) return stopped();
      if (list.size() == wanted.limit) {
        more = true;
        break;
      }
      const auto& device = *row.definition;
      after = device.mac;
      ++looks;
      if (!wanted.fits({device.vendor, device.model})) continue;
      const auto firmware = firmware_of(services, row);
      if (!wanted.state || firmware.state == *wanted.state) list.push_back(firmware_view(device, firmware));
    }
  }
  const auto survey = surveys.fresh(stop);
  if (!survey) return survey.error();
  FoundDevices found{bj::serialize(list), 0, more && after ? after->text() : std::string()};
  for (const auto& [kind, model] : (*survey)->models)
    if (wanted.fits(kind)) found.total += wanted.state ? count_of(model.states, *wanted.state) : model.devices;
  return found;
}

Awaitable<Result<Response>> list_firmware_devices(Context& context, const Request& request) {
  const auto page = page_of(request, devices_a_page);
  if (!page) co_return page.error();
  WantedFirmware wanted;
  wanted.limit = page->limit;
  const auto after = cursor_of<MacAddress>(*page);
  if (!after) co_return after.error();
  wanted.after = *after;
  const auto query = request.query();
  if (const auto state = query.find("state")) {
    wanted.state = state_of(*state);
    if (!wanted.state) co_return malformed("bad_state", "state must be behind, ahead, current, unknown or not_wanted.");
  }
  if (const auto vendor = query.find("vendor")) {
    const auto known = context.services.vendors.vendor(*vendor);
    if (!known) co_return known.error();
    wanted.vendor = (*known)->vendor;
    if (const auto model = query.find("model")) {
      const auto found = context.services.vendors.model(**known, *model);
      if (!found) co_return found.error();
      wanted.model = (*found)->model;
    }
  }
  const auto work = [&context, wanted](std::stop_token stop) {
    return find_devices(context.services, context.surveys, wanted, stop);
  };
  auto found = co_await offloaded(request, context.lanes.scans, work);
  if (!found) co_return found.error();
  co_return page_response(request, std::move(found->body), found->total, found->next);
}

}  // namespace

void add_firmware(Router& router, const ContextPtr& context) {
  router.add_schema("ModelFirmware", std::string(model_schema));
  router.add_schema("Firmware", std::string(firmware_schema));
  router.add_schema("DeviceFirmware", std::string(device_firmware_schema));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/firmware",
              .id = "getFirmware",
              .tag = "firmware",
              .summary = "Which firmware phones shall run, and which they do, by vendor and model",
              .replies = {{.status = 200, .description = "Of the models that are registered", .schema = "#Firmware"}},
              .handler = AsyncHandler([context](const Request& request) {
                return offloaded(request, context->lanes.scans, [context = context.get()](std::stop_token stop) {
                  return overview(context->surveys, std::move(stop));
                });
              })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/firmware/devices",
              .id = "listDeviceFirmware",
              .tag = "firmware",
              .summary = "Which firmware each device shall run, and which it does",
              .description = "A page may hold fewer devices than its limit, or none, where few fit: a request looks at "
                             "20,000 devices at most. The Link header tells where it goes on; there is none at the "
                             "end. X-Total-Count is at most a minute old where there are more than 500 devices.",
              .parameters = {{.name = "state",
                              .description = "Only these: behind, say.",
                              .schema = R"({"enum":["behind","ahead","current","unknown","not_wanted"]})"},
                             {.name = "vendor", .description = "Of this vendor alone."},
                             {.name = "model", .description = "Of this model of the vendor alone."},
                             limit_parameter(),
                             cursor_parameter()},
              .replies = {{.status = 200,
                           .description = "By MAC address",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/DeviceFirmware"}})",
                           .headers = {"Link", "X-Total-Count"}}},
              .errors = {400, 422},
              .handler = AsyncHandler(
                  [context](const Request& request) { return list_firmware_devices(*context, request); })});
}

}  // namespace strowger::http::routes
