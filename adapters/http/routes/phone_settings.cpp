// /api/provisioning/phone-settings and …/devices/{mac}/settings: what phones are set to, level by level, and what each
// device ends up with.
#include "adapters/http/routes/phone_settings.hpp"

#include "actors/provisioning/vendor_values.hpp"
#include "adapters/http/routes/blast_radius_view.hpp"
#include "events/nearest.hpp"

#include <algorithm>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view values_schema = R"({
  "type": "object",
  "description": "Settings by name; GET /api/provisioning/phone-settings/schema tells what each takes. null takes a setting back, so that the level above counts. Keys are an object by number.",
  "properties": {
    "keys": {
      "type": ["object", "null"],
      "additionalProperties": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/PhoneKey"}]}
    }
  },
  "additionalProperties": {"type": ["string", "integer", "array", "null"]}
})";
constexpr std::string_view key_schema = R"({
  "type": "object",
  "required": ["type"],
  "additionalProperties": false,
  "properties": {
    "type": {"type": "string", "examples": ["blf"], "description": "GET /api/provisioning/phone-settings/schema lists them."},
    "value": {"type": ["string", "integer"], "description": "The number, the URL, the digits."},
    "label": {"type": "string"},
    "line": {"type": "integer", "minimum": 1, "maximum": 64},
    "pickup": {"type": ["string", "integer"], "description": "What is dialled to pick up what rings there."}
  }
})";
constexpr std::string_view level_schema = R"({
  "type": "object",
  "description": "What one level says.",
  "required": ["level", "name", "settings", "updated_at", "version"],
  "properties": {
    "level": {"enum": ["global", "site", "vendor", "model", "device"]},
    "name": {"type": ["string", "null"], "examples": ["berlin", "yealink", "yealink_t46s", "001565123456"]},
    "settings": {"$ref": "#/components/schemas/PhoneSettingValues"},
    "updated_at": {"type": ["string", "null"], "format": "date-time"},
    "version": {"type": "integer", "description": "0: nothing is set."},
    "dry_run": {"type": "boolean"},
    "blast_radius": {"$ref": "#/components/schemas/BlastRadius"}
  }
})";
constexpr std::string_view effective_schema = R"({
  "type": "object",
  "description": "What a device ends up with, and which level, event and author it comes from.",
  "required": ["mac_address", "vendor", "model", "site", "settings", "keys"],
  "properties": {
    "mac_address": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "site": {"type": ["string", "null"]},
    "settings": {
      "type": "object",
      "additionalProperties": {
        "type": "object",
        "required": ["value", "level", "event"],
        "properties": {
          "value": {"type": ["string", "integer", "array"], "description": "A secret is masked."},
          "level": {"enum": ["default", "global", "site", "vendor", "model", "device"]},
          "event": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/SettingEvent"}]},
          "ignored": {"type": "string", "description": "Why it does not get into the phone's file."}
        }
      }
    },
    "keys": {
      "type": "object",
      "additionalProperties": {
        "type": "object",
        "required": ["value", "level", "event"],
        "properties": {
          "value": {"$ref": "#/components/schemas/PhoneKey"},
          "level": {"enum": ["default", "global", "site", "vendor", "model", "device"]},
          "event": {"anyOf": [{"type": "null"}, {"$ref": "#/components/schemas/SettingEvent"}]},
          "ignored": {"type": "string"}
        }
      }
    }
  }
})";
constexpr std::string_view event_schema = R"({
  "type": "object",
  "description": "The event that set it.",
  "required": ["position", "time", "by", "event_id", "correlation_id"],
  "properties": {
    "position": {"type": "integer"},
    "time": {"type": "string", "format": "date-time"},
    "by": {"type": "string", "examples": ["admin:ann"]},
    "event_id": {"type": "string", "format": "uuid"},
    "correlation_id": {"type": "string", "format": "uuid"}
  }
})";
constexpr std::string_view schema_schema = R"({
  "type": "object",
  "required": ["settings", "key_types"],
  "properties": {
    "settings": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "kind", "meaning", "default"],
        "properties": {
          "name": {"type": "string"},
          "kind": {"enum": ["text", "host", "url", "dial", "number", "choice", "codecs", "timezone", "secret"]},
          "meaning": {"type": "string"},
          "choices": {"type": "array", "items": {"type": "string"}},
          "minimum": {"type": "integer"},
          "maximum": {"type": "integer"},
          "default": {"type": ["string", "integer", "array", "null"]}
        }
      }
    },
    "key_types": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["name", "meaning", "needs_value", "vendors"],
        "properties": {
          "name": {"type": "string"},
          "meaning": {"type": "string"},
          "needs_value": {"type": "boolean"},
          "vendors": {"type": "array", "items": {"type": "string"}, "description": "Whose phones have such a key."}
        }
      }
    }
  }
})";

std::string_view word_of(provisioning::SettingKind kind) {
  constexpr std::string_view words[] = {"text",   "host",   "url",      "dial",  "number",
                                        "choice", "codecs", "timezone", "secret"};
  return words[static_cast<std::size_t>(kind)];
}

Response shown(const Services& services, const SettingsTarget& target) {
  const auto row = services.phone_settings_rows.find(target.level, target.name);
  auto response = json_response(settings_view(target, row));
  if (row) response.set("ETag", etag_of(row->version));
  return response;
}

// Whose settings a path is of.
enum class Whose : std::uint8_t { named_level, device, all };

Result<SettingsTarget> target_of(const Services& services, const Request& request, Whose whose) {
  if (whose == Whose::all) return settings_target(services, "global", "");
  if (whose == Whose::named_level) return settings_target(services, request.parameter(0), request.parameter(1));
  const auto mac = mac_parameter(request);
  if (!mac) return mac.error();
  return settings_target(services, *mac);
}

// What the change would do; nothing is written, not even a key for a secret.
Result<bj::object> radius_of(Context& context, const SettingsTarget& target, ProposedSettings proposed) {
  auto& services = context.services;
  const auto row = services.phone_settings_rows.find(target.level, target.name);
  PhoneSettingsRow after{target.level, target.name, {}, {}, {}};
  actors::PhoneSettings::State state;
  if (row) {
    after = *row;
    for (const auto& [name, stored] : row->settings) {
      if (stored.key)
        state.keys.emplace(name.substr(provisioning::key_prefix.size()), *stored.key);
      else if (!stored.secret.empty())
        state.secrets.emplace(name, stored.secret);
      else
        state.set.emplace(name, stored.value);
    }
  }
  const auto events =
      actors::PhoneSettings::decide(state, std::move(proposed.change), {services.clock(), "proposal", services.ids});
  if (!events) return events.error();
  for (const auto& event : *events) after.apply(std::get<PhoneSettingsChanged>(event), {});
  const auto present = context.files.present();
  const auto radius = provision::blast_radius(services, present, {{}, after, std::move(proposed.open)});
  auto view = settings_view(target, std::make_shared<const PhoneSettingsRow>(std::move(after)));
  view["dry_run"] = true;
  view["blast_radius"] = view_of(radius);
  view["updated_at"] = row ? bj::value(iso(row->updated_at)) : bj::value(nullptr);
  view["version"] = row ? number(row->version) : 0;
  return view;
}

Awaitable<Result<Response>> dry_run(Context& context, const Request& request, SettingsTarget target) {
  std::shared_ptr<JsonBody> body;
  if (request.method != Method::delete_) {
    auto parsed = JsonBody::parse(request.body);
    if (!parsed) co_return parsed.error();
    body = std::make_shared<JsonBody>(std::move(*parsed));
  }
  const auto work = [&context, target, body, replace = request.method == Method::put]() -> Result<bj::object> {
    if (body) {
      auto proposed = propose_settings(context.services, target, body->root(), replace);
      if (!proposed) return proposed.error();
      return radius_of(context, target, std::move(*proposed));
    }
    ProposedSettings nothing{{target.level, target.name}, {}};
    nothing.change.replace = true;
    return radius_of(context, target, std::move(nothing));
  };
  const auto view = co_await offloaded(request, context.pool, work);
  if (!view) co_return view.error();
  co_return json_response(*view);
}

// `method`: PUT replaces, PATCH changes what is given, DELETE takes all back.
Awaitable<Result<Response>> change(Context& context, const Request& request, Whose whose) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  auto& services = context.services;
  const auto target = target_of(services, request, whose);
  if (!target) co_return target.error();
  const auto only_asked = dry_run_of(request);
  if (!only_asked) co_return only_asked.error();
  if (*only_asked) co_return co_await dry_run(context, request, *target);
  actors::ChangePhoneSettings command{target->level, target->name};
  command.replace = true;
  if (request.method != Method::delete_) {
    auto parsed = JsonBody::parse(request.body);
    if (!parsed) co_return parsed.error();
    // By value: the loop may end before the pool does.
    const auto work = [&services, target = *target, body = std::make_shared<JsonBody>(std::move(*parsed)),
                       replace = request.method == Method::put] {
      return read_settings(services, target, body->root(), replace);
    };
    auto read = co_await offloaded(request, context.pool, work);
    if (!read) co_return read.error();
    command = std::move(*read);
  }
  actors::PhoneSettings::Command asked = std::move(command);
  const auto outcome =
      co_await decide(context, request, services.phone_settings, target->key(), std::move(asked), std::move(*meta));
  if (!outcome) co_return outcome.error();
  co_return shown(services, *target);
}

Result<Response> list(const Services& services) {
  bj::array out;
  for (const auto& row : services.phone_settings_rows.list()) {
    SettingsTarget target;
    target.level = row->level;
    target.name = row->name;
    out.push_back(settings_view(target, row));
  }
  return json_response(out);
}

Result<Response> schema(const Services& services) {
  bj::array settings;
  for (const auto& type : provisioning::setting_types()) {
    bj::object view{{"name", text(type.name)}, {"kind", text(word_of(type.kind))}, {"meaning", text(type.meaning)}};
    if (!type.choices.empty()) {
      bj::array choices;
      for (const auto& choice : type.choices) choices.push_back(text(choice));
      view["choices"] = std::move(choices);
    }
    if (type.kind == provisioning::SettingKind::number) {
      view["minimum"] = type.least;
      view["maximum"] = type.most;
    }
    view["default"] = type.fallback.empty() ? bj::value(nullptr) : setting_value(type, type.fallback);
    settings.push_back(std::move(view));
  }
  bj::array keys;
  for (const auto& kind : provisioning::key_kinds()) {
    bj::array vendors;
    for (const auto& vendor : services.vendors.vendors())
      if (vendor.values->key_code(kind.name) != nullptr) vendors.push_back(text(vendor.vendor));
    keys.push_back(bj::object{{"name", text(kind.name)},
                              {"meaning", text(kind.meaning)},
                              {"needs_value", kind.needs_value},
                              {"vendors", std::move(vendors)}});
  }
  return json_response(bj::object{{"settings", std::move(settings)}, {"key_types", std::move(keys)}});
}

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

bj::object effective_settings(const provisioning::EffectiveSettings& settings, const provisioning::VendorValues& vendor,
                              const std::string& vendor_name) {
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
    out[type.name] = std::move(view);
  }
  return out;
}

bj::object effective_keys(const provisioning::EffectiveSettings& settings, const SettingsTarget& target,
                          const DeviceDefinition& device) {
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
    by_number.insert_or_assign(*key, std::move(view));
  }
  bj::object out;
  for (auto& [key, view] : by_number) out[std::to_string(key)] = std::move(view);
  return out;
}

Result<Response> effective(const Services& services, const Request& request) {
  const auto target = target_of(services, request, Whose::device);
  if (!target) return target.error();
  const auto row = services.device_rows.find(target->mac);
  if (!row) return not_found("device_not_found", "Device " + target->mac.text() + " is not registered.");
  const auto& device = *row->definition;
  const auto layers = services.phone_settings_rows.layers(device);
  const auto settings = provisioning::effective(layers);
  const auto& vendor = target->vendor != nullptr ? *target->vendor->values : *provisioning::VendorValues::none();
  return json_response(bj::object{{"mac_address", text(device.mac.text())},
                                  {"vendor", text(device.vendor)},
                                  {"model", text(device.model)},
                                  {"site", device.site.empty() ? bj::value(nullptr) : bj::value(text(device.site))},
                                  {"settings", effective_settings(settings, vendor, device.vendor)},
                                  {"keys", effective_keys(settings, *target, device)}});
}

struct Place {
  std::string pattern;
  std::string id;  // in operation ids
  std::string what;
  Whose whose = Whose::named_level;
  std::vector<Parameter> parameters{};
};

void add_place(Router& router, const ContextPtr& context, const Place& place) {
  const Reply reply{.status = 200, .description = "What it says now", .schema = "#PhoneSettings", .headers = {"ETag"}};
  router.add({.method = Method::get,
              .pattern = place.pattern,
              .id = "get" + place.id,
              .tag = "phone settings",
              .summary = "Read the settings of " + place.what,
              .parameters = place.parameters,
              .replies = {reply},
              .errors = {400, 404, 422},
              .handler = Handler([context, whose = place.whose](const Request& request) -> Result<Response> {
                const auto target = target_of(context->services, request, whose);
                if (!target) return target.error();
                return shown(context->services, *target);
              })});
  const auto writing = [&](Method method, std::string id, std::string summary, bool with_body) {
    auto parameters = place.parameters;
    parameters.push_back(dry_run_parameter());
    parameters.push_back(if_match_parameter());
    parameters.push_back(idempotency_parameter());
    router.add({.method = method,
                .pattern = place.pattern,
                .id = std::move(id) + place.id,
                .tag = "phone settings",
                .summary = std::move(summary) + place.what,
                .role = Role::operator_,
                .parameters = std::move(parameters),
                .body_schema = with_body ? "#PhoneSettingValues" : "",
                .replies = {reply},
                .errors = {400, 404, 409, 412, 422},
                .handler = AsyncHandler([context, whose = place.whose](const Request& request) {
                  return change(*context, request, whose);
                })});
  };
  writing(Method::put, "put", "Replace all settings of ", true);
  writing(Method::patch, "change", "Change what is given of the settings of ", true);
  writing(Method::delete_, "clear", "Take back all settings of ", false);
}

Parameter path_parameter(std::string name, std::string description, std::string parameter_schema) {
  return {.name = std::move(name),
          .description = std::move(description),
          .in = Parameter::In::path,
          .schema = std::move(parameter_schema),
          .required = true};
}

}  // namespace

void add_phone_settings(Router& router, const ContextPtr& context) {
  router.add_schema("PhoneKey", std::string(key_schema));
  router.add_schema("PhoneSettingValues", std::string(values_schema));
  router.add_schema("PhoneSettings", std::string(level_schema));
  router.add_schema("SettingEvent", std::string(event_schema));
  router.add_schema("EffectivePhoneSettings", std::string(effective_schema));
  router.add_schema("PhoneSettingsSchema", std::string(schema_schema));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/phone-settings",
              .id = "listPhoneSettings",
              .tag = "phone settings",
              .summary = "List what is set for all phones, for sites, vendors and models",
              .replies = {{.status = 200,
                           .description = "The most general level first",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/PhoneSettings"}})"}},
              .handler = Handler([context](const Request&) { return list(context->services); })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/phone-settings/schema",
              .id = "getPhoneSettingsSchema",
              .tag = "phone settings",
              .summary = "What can be set, and what each setting takes",
              .replies = {{.status = 200, .description = "All of it", .schema = "#PhoneSettingsSchema"}},
              .handler = Handler([context](const Request&) { return schema(context->services); })});
  const auto level =
      path_parameter("level", "A device inherits from its model, that from its vendor, then its site, then global.",
                     R"({"enum":["global","site","vendor","model","device"]})");
  add_place(router, context,
            {.pattern = "/api/provisioning/phone-settings/{level}",
             .id = "PhoneSettingsLevel",
             .what = "the level global",
             .parameters = {level}});
  add_place(router, context,
            {.pattern = "/api/provisioning/phone-settings/{level}/{name}",
             .id = "PhoneSettings",
             .what = "a site, a vendor, a model or a device",
             .parameters = {level, path_parameter("name", "berlin, yealink, yealink_t46s, 001565123456.",
                                                  R"({"type":"string"})")}});
  add_place(router, context,
            {.pattern = "/api/provisioning/settings",
             .id = "ProvisioningSettings",
             .what = "all phones, which is the level global",
             .whose = Whose::all});
  add_place(router, context,
            {.pattern = "/api/provisioning/devices/{mac}/settings",
             .id = "DeviceSettings",
             .what = "a device",
             .whose = Whose::device,
             .parameters = {mac_path_parameter()}});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}/settings/effective",
              .id = "getEffectiveDeviceSettings",
              .tag = "phone settings",
              .summary = "What a device ends up with, and where each value comes from",
              .parameters = {mac_path_parameter()},
              .replies = {{.status = 200,
                           .description = "Each value with its level, event and author",
                           .schema = "#EffectivePhoneSettings"}},
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return effective(context->services, request); })});
}

}  // namespace strowger::http::routes
