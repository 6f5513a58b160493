// /api/provisioning/firmware: which firmware phones shall run (the setting firmware_version, of any level), and which
// they do.
#include "actors/provisioning/firmware_version.hpp"
#include "actors/provisioning/phone_settings.hpp"
#include "adapters/http/routes/device_view.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using provisioning::FirmwareState;

constexpr std::size_t devices_a_page = 1000;

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

struct Firmware {
  std::string running;
  std::string wanted;
  std::string url;  // firmware_url
  FirmwareState state = FirmwareState::not_wanted;
  std::optional<Timestamp> seen;
};

Firmware firmware_of(const Services& services, const DeviceRow& row) {
  Firmware out;
  const auto layers = services.phone_settings_rows.layers(*row.definition);
  if (const auto* wanted = provisioning::effective_setting(layers, "firmware_version")) out.wanted = wanted->value;
  if (const auto* url = provisioning::effective_setting(layers, "firmware_url")) out.url = url->value;
  auto seen = seen_firmware(services, row);
  out.running = std::move(seen.first);
  out.seen = seen.second;
  out.state = provisioning::compare_firmware(out.running, out.wanted);
  return out;
}

template <class Visit>
void each_device(const Services& services, Visit visit) {
  constexpr std::size_t step = 1000;
  std::optional<MacAddress> after;
  for (bool more = true; more;) {
    const auto rows = services.device_rows.list(after, step);
    for (const auto& row : rows) visit(row);
    more = rows.size() == step;
    if (more) after = rows.back().definition->mac;
  }
}

struct ModelCount {
  std::size_t devices = 0;
  std::set<std::string> wanted;
  std::map<std::string, std::size_t> running;
  std::size_t silent = 0;
  std::map<FirmwareState, std::size_t> states;
};

// Looks at every device: off the loops.
Result<Response> overview(const Services& services) {
  std::map<std::pair<std::string, std::string>, ModelCount> models;
  std::map<FirmwareState, std::size_t> states;
  each_device(services, [&](const DeviceRow& row) {
    const auto firmware = firmware_of(services, row);
    auto& model = models[{row.definition->vendor, row.definition->model}];
    ++model.devices;
    if (!firmware.wanted.empty()) model.wanted.insert(firmware.wanted);
    if (firmware.running.empty())
      ++model.silent;
    else
      ++model.running[firmware.running];
    ++model.states[firmware.state];
    ++states[firmware.state];
  });
  bj::array list;
  for (auto& [name, model] : models) {
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
                              {"current", model.states[FirmwareState::current]},
                              {"behind", model.states[FirmwareState::behind]},
                              {"ahead", model.states[FirmwareState::ahead]}});
  }
  return json_response(bj::object{{"devices", services.device_rows.size()},
                                  {"behind", states[FirmwareState::behind]},
                                  {"ahead", states[FirmwareState::ahead]},
                                  {"unknown", states[FirmwareState::unknown]},
                                  {"models", std::move(list)}});
}

bj::value next_step(const Firmware& firmware, const DeviceDefinition& device) {
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
};

Result<Response> devices(const Services& services, const WantedFirmware& wanted) {
  bj::array list;
  std::size_t total = 0;
  each_device(services, [&](const DeviceRow& row) {
    const auto& device = *row.definition;
    if ((!wanted.vendor.empty() && device.vendor != wanted.vendor) ||
        (!wanted.model.empty() && device.model != wanted.model))
      return;
    const auto firmware = firmware_of(services, row);
    if (wanted.state && firmware.state != *wanted.state) return;
    if (++total > wanted.limit) return;
    const auto or_null = [](const std::string& value) {
      return value.empty() ? bj::value(nullptr) : bj::value(text(value));
    };
    list.push_back(bj::object{{"mac_address", text(device.mac.text())},
                              {"extension_number", text(device.extension.text())},
                              {"vendor", text(device.vendor)},
                              {"model", text(device.model)},
                              {"wanted", or_null(firmware.wanted)},
                              {"running", or_null(firmware.running)},
                              {"state", text(provisioning::to_string(firmware.state))},
                              {"last_seen", time_or_null(firmware.seen)},
                              {"next_step", next_step(firmware, device)}});
  });
  auto response = json_response(std::move(list));
  response.set("X-Total-Count", std::to_string(total));
  return response;
}

Awaitable<Result<Response>> list_firmware_devices(Context& context, const Request& request) {
  const auto page = page_of(request, devices_a_page);
  if (!page) co_return page.error();
  WantedFirmware wanted;
  wanted.limit = page->limit;
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
  const auto work = [&services = context.services, wanted]() -> Result<Response> { return devices(services, wanted); };
  co_return co_await offloaded(request, context.pool, work);
}

}  // namespace

std::size_t devices_behind(const Services& services) {
  std::size_t count = 0;
  each_device(services, [&](const DeviceRow& row) {
    if (firmware_of(services, row).state == FirmwareState::behind) ++count;
  });
  return count;
}

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
                return offloaded(request, context->pool,
                                 [context = context.get()] { return overview(context->services); });
              })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/firmware/devices",
              .id = "listDeviceFirmware",
              .tag = "firmware",
              .summary = "Which firmware each device shall run, and which it does",
              .parameters = {{.name = "state",
                              .description = "Only these: behind, say.",
                              .schema = R"({"enum":["behind","ahead","current","unknown","not_wanted"]})"},
                             {.name = "vendor", .description = "Of this vendor alone."},
                             {.name = "model", .description = "Of this model of the vendor alone."},
                             limit_parameter()},
              .replies = {{.status = 200,
                           .description = "By MAC address",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/DeviceFirmware"}})",
                           .headers = {"X-Total-Count"}}},
              .errors = {400, 422},
              .handler = AsyncHandler(
                  [context](const Request& request) { return list_firmware_devices(*context, request); })});
}

}  // namespace strowger::http::routes
