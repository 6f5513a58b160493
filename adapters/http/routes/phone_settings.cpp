// /api/provisioning/phone-settings and …/devices/{mac}/settings: what phones are set to, level by level.
#include "adapters/http/routes/phone_settings.hpp"

#include "actors/provisioning/vendor_values.hpp"
#include "adapters/http/routes/blast_radius_view.hpp"
#include "adapters/http/routes/history_view.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

std::string_view word_of(provisioning::SettingKind kind) {
  switch (kind) {
    using enum provisioning::SettingKind;
    case text:
      return "text";
    case host:
      return "host";
    case url:
      return "url";
    case dial:
      return "dial";
    case number:
      return "number";
    case choice:
      return "choice";
    case codecs:
      return "codecs";
    case timezone:
      return "timezone";
    case dial_plan:
      return "dial_plan";
    case secret:
      return "secret";
  }
  return {};
}

bj::array setting_warnings(const Services& services, const PhoneSettingsProjection::RowPtr& row) {
  bj::array warnings;
  if (row)
    for (const auto& warning : unreachable_by(services, *row)) warnings.push_back(text(warning));
  return warnings;
}

Response shown(const Services& services, const SettingsTarget& target) {
  const auto row = services.phone_settings_rows.find(target.level, target.name);
  auto view = settings_view(target, row);
  view["warnings"] = setting_warnings(services, row);
  auto response = json_response(view);
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
Result<bj::object> radius_of(Context& context, const SettingsTarget& target, ProposedSettings proposed,
                             const std::stop_token& stop) {
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
  const auto radius = provision::blast_radius(services, present, {{}, after, std::move(proposed.open)}, stop);
  if (!radius) return radius.error();
  const auto proposed_row = std::make_shared<const PhoneSettingsRow>(std::move(after));
  auto view = settings_view(target, proposed_row);
  view["warnings"] = setting_warnings(services, proposed_row);
  view["dry_run"] = true;
  view["blast_radius"] = view_of(*radius);
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
  const auto work = [&context, target, body,
                     replace = request.method == Method::put](const std::stop_token& stop) -> Result<bj::object> {
    if (body) {
      auto proposed = propose_settings(context.services, target, body->root(), replace);
      if (!proposed) return proposed.error();
      return radius_of(context, target, std::move(*proposed), stop);
    }
    ProposedSettings nothing{{target.level, target.name}, {}};
    nothing.change.replace = true;
    return radius_of(context, target, std::move(nothing), stop);
  };
  const auto view = co_await offloaded(request, context.lanes.scans, work);
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
    auto read = co_await offloaded(request, context.lanes.writes, work);
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

Result<Response> settings_schema(const Services& services) {
  bj::array settings;
  const auto families = services.renderer()->families();
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
    bj::array supported_by;
    for (const auto& family : families)
      if (family.coverage->reaches(type.name)) supported_by.push_back(safe_text(family.template_name));
    view["supported_by"] = std::move(supported_by);
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
  add_phone_settings_schemas(router);
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
              .handler = Handler([context](const Request&) { return settings_schema(context->services); })});
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
              .handler = Handler(
                  [context](const Request& request) { return effective_settings(context->services, request); })});
}

}  // namespace strowger::http::routes
