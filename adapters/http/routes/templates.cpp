// /api/provisioning/templates: one's own templates, what a change would do, and the way back.
#include "actors/history/history.hpp"
#include "actors/provisioning/recorded.hpp"
#include "actors/provisioning/taken_apart.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/provision/device_values.hpp"
#include "adapters/http/routes/blast_radius_view.hpp"
#include "adapters/http/routes/history_view.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view detail_schema = R"({
  "type": "object",
  "required": ["vendor", "model", "name", "custom", "size", "sha256", "text"],
  "properties": {
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "name": {"type": "string"},
    "custom": {"type": "boolean", "description": "An administrator's own, in place of the built-in one."},
    "size": {"type": "integer"},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "text": {"type": "string"}
  }
})";
constexpr std::string_view input_schema = R"({
  "type": "object",
  "required": ["text"],
  "additionalProperties": false,
  "properties": {"text": {"type": "string", "description": "The whole template."}}
})";
constexpr std::string_view preview_input_schema = R"({
  "type": "object",
  "required": ["mac"],
  "additionalProperties": false,
  "properties": {
    "mac": {"type": "string", "description": "Of a registered device, whose values are put in."},
    "text": {"type": "string", "description": "The template to try; by default the one in force."}
  }
})";
constexpr std::string_view preview_schema = R"({
  "type": "object",
  "required": ["mac_address", "vendor", "model", "content_type", "size", "config"],
  "properties": {
    "mac_address": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "content_type": {"type": "string"},
    "size": {"type": "integer"},
    "config": {"type": "string", "description": "The file as the phone would get it, secrets masked."},
    "blast_radius": {"$ref": "#/components/schemas/BlastRadius"}
  }
})";
constexpr std::string_view rollback_schema = R"({
  "type": "object",
  "required": ["to"],
  "additionalProperties": false,
  "properties": {
    "to": {"type": ["integer", "string"],
           "description": "A position of the log, for what was in force then, or (the beginning of) a text's SHA-256."}
  }
})";
constexpr std::string_view change_template_schema = R"({
  "type": "object",
  "required": ["dry_run", "blast_radius", "template"],
  "properties": {
    "dry_run": {"type": "boolean"},
    "blast_radius": {"$ref": "#/components/schemas/BlastRadius"},
    "template": {"$ref": "#/components/schemas/Template"}
  }
})";
constexpr std::string_view reload_schema = R"({
  "type": "object",
  "required": ["success", "templates", "custom", "refused"],
  "properties": {
    "success": {"type": "boolean", "description": "Every file is in force."},
    "templates": {"type": "integer"},
    "custom": {"type": "integer"},
    "refused": {"type": "array", "items": {"type": "object", "required": ["error", "code"],
                "properties": {"error": {"type": "string"}, "code": {"type": "string"}, "details": {"type": "object"}}}}
  }
})";
constexpr std::string_view history_schema = R"({
  "type": "array",
  "items": {
    "type": "object",
    "required": ["name", "custom", "sha256", "size", "event"],
    "properties": {
      "name": {"type": "string"},
      "custom": {"type": "boolean"},
      "sha256": {"type": "string"},
      "size": {"type": "integer"},
      "event": {"$ref": "#/components/schemas/Origin"}
    }
  }
})";

constexpr std::string_view coverage_schema = R"({
  "type": "object",
  "required": ["items", "families"],
  "properties": {
    "items": {"type": "array", "items": {"type": "string"},
              "description": "Settings, and fields of lines and keys, that a file can hold."},
    "families": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["vendor", "template", "custom", "models", "written", "not_written"],
        "properties": {
          "vendor": {"type": "string"},
          "template": {"type": "string", "examples": ["yealink/t46s.template"]},
          "custom": {"type": "boolean"},
          "models": {"type": "array", "items": {"type": "string"}},
          "written": {"type": "array", "items": {"type": "string"}},
          "not_written": {"type": "array", "items": {"type": "string"},
                          "description": "Set, these change nothing in the files of its models."}
        }
      }
    }
  }
})";

struct Kind {
  const provisioning::Vendor* vendor = nullptr;
  const provisioning::Model* model = nullptr;
};

Result<Kind> kind_in_path(const Services& services, const Request& request) {
  const auto vendor = services.vendors.vendor(request.parameter(0));
  if (!vendor) return vendor.error();
  const auto model = services.vendors.model(**vendor, request.parameter(1));
  if (!model) return model.error();
  return Kind{*vendor, *model};
}

bj::object summary(const provisioning::Renderer::TemplateInfo& info) {
  return {{"vendor", text(info.vendor)},  {"model", text(info.model)},
          {"name", safe_text(info.name)}, {"custom", info.custom},
          {"size", info.text.size()},     {"sha256", text(provisioning::sha256_of(info.text))}};
}

Result<Response> read(const Services& services, const Request& request) {
  const auto kind = kind_in_path(services, request);
  if (!kind) return kind.error();
  const auto info = services.renderer()->find(kind->vendor->vendor, kind->model->model);
  if (!info) return info.error();
  auto view = summary(*info);
  view["text"] = safe_text(info->text);
  auto response = json_response(view);
  response.set("ETag", "\"" + provisioning::sha256_of(info->text) + "\"");
  return response;
}

Result<std::string> text_of(const Request& request) {
  const auto body = JsonBody::parse(request.body);
  if (!body) return body.error();
  Fields fields(body->root());
  auto given = fields.required_text("text");
  if (auto fault = fields.fault()) return std::move(*fault);
  return given;
}

Error not_editable() {
  return unavailable("templates_not_editable", "This server's templates cannot be changed while it runs.");
}

// Measures what it would do, and does it where it is more than a question. `wanted` none: the built-in one.
Result<bj::object> change(Context& context, const Kind& kind, const std::optional<std::string>& wanted, bool dry_run,
                          const std::string& by, const std::stop_token& stop) {
  auto& services = context.services;
  if (services.own_templates == nullptr) return not_editable();
  const auto present = context.files.present();
  const auto proposed = services.own_templates->propose(*kind.vendor, *kind.model, wanted, stop);
  if (!proposed) return proposed.error();
  const auto radius = provision::blast_radius(services, present, {.renderer = *proposed}, stop);
  if (!radius) return radius.error();
  auto renderer = *proposed;
  if (!dry_run) {
    const auto done = services.own_templates->put(*kind.vendor, *kind.model, wanted, by);
    if (!done) return done.error();
    renderer = *done;
  }
  const auto info = renderer->find(kind.vendor->vendor, kind.model->model);
  if (!info) return info.error();
  return bj::object{{"dry_run", dry_run}, {"blast_radius", view_of(*radius)}, {"template", summary(*info)}};
}

Awaitable<Result<Response>> changed(Context& context, const Request& request, std::optional<std::string> wanted) {
  const auto kind = kind_in_path(context.services, request);
  if (!kind) co_return kind.error();
  const auto dry_run = dry_run_of(request);
  if (!dry_run) co_return dry_run.error();
  const auto work = [&context, kind = *kind, wanted = std::move(wanted), dry_run = *dry_run, by = request.who.by()](
                        const std::stop_token& stop) { return change(context, kind, wanted, dry_run, by, stop); };
  const auto answer = co_await offloaded(request, context.lanes.scans, work);
  if (!answer) co_return answer.error();
  co_return json_response(*answer);
}

Awaitable<Result<Response>> put(Context& context, const Request& request) {
  auto wanted = text_of(request);
  if (!wanted) co_return wanted.error();
  co_return co_await changed(context, request, std::move(*wanted));
}

Result<bj::object> render_preview(Context& context, const Kind& kind, const MacAddress& mac,
                                  const std::optional<std::string>& wanted, const std::stop_token& stop) {
  auto& services = context.services;
  const auto present = context.files.present();
  auto renderer = present->renderer;
  if (wanted) {
    if (services.own_templates == nullptr) return not_editable();
    auto proposed = services.own_templates->propose(*kind.vendor, *kind.model, wanted, stop);
    if (!proposed) return proposed.error();
    renderer = *proposed;
  }
  const auto row = services.device_rows.find(mac);
  if (!row) return not_found("device_not_found", "Device " + mac.text() + " is not registered.");
  const auto& device = *row->definition;
  const auto extension = services.extension_rows.find(device.extension);
  if (!extension)
    return not_found("extension_not_found", "Extension " + device.extension.text() + " of the device does not exist.");
  std::vector<ExtensionsProjection::RowPtr> more;
  for (const auto& line : device.lines)
    if (line.line != 1) more.push_back(services.extension_rows.find(line.extension));
  auto values =
      provision::device_values(*present, device, *extension, more, services.phone_settings_rows.layers(device),
                               [&](const SealedSecret& secret) { return services.vault.open(secret); });
  if (!values) return values.error();
  for (const auto& source : renderer->in_force()) {
    if (source.vendor != kind.vendor->vendor || source.model != kind.model->model) continue;
    const auto parts = provisioning::take_apart(source, *values, stop);
    values->wipe();
    if (!parts) return parts.error();
    bj::object view{{"mac_address", text(mac.text())}, {"vendor", text(source.vendor)},
                    {"model", text(source.model)},     {"content_type", text(source.content_type)},
                    {"size", parts->bytes.size()},     {"config", safe_text(parts->masked())}};
    if (!wanted) return view;
    const auto radius = provision::blast_radius(services, present, {.renderer = renderer}, stop);
    if (!radius) return radius.error();
    view["blast_radius"] = view_of(*radius);
    return view;
  }
  return not_found("template_not_found", "There is no template of this vendor and model.");
}

Awaitable<Result<Response>> preview(Context& context, const Request& request) {
  const auto kind = kind_in_path(context.services, request);
  if (!kind) co_return kind.error();
  const auto body = JsonBody::parse(request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  const auto mac_text = fields.required_text("mac");
  auto wanted = fields.text("text");
  if (auto fault = fields.fault()) co_return std::move(*fault);
  const auto mac = MacAddress::parse(mac_text);
  if (!mac) co_return mac.error();
  auto& lane = wanted ? context.lanes.scans : context.lanes.reads;  // of another text it tells what that would do
  const auto work = [&context, kind = *kind, mac = *mac, wanted = std::move(wanted)](const std::stop_token& stop) {
    return render_preview(context, kind, mac, wanted, stop);
  };
  const auto view = co_await offloaded(request, lane, work);
  if (!view) co_return view.error();
  co_return json_response(*view);
}

// What was in force at a position, or the text of a SHA-256.
Result<history::PublishedTemplate> wanted_version(const history::History& history, const Kind& kind,
                                                  const std::string& to, Position last) {
  constexpr std::size_t shortest_sha = 8;
  const auto all = history.templates(kind.vendor->vendor, kind.model->model);
  if (!all) return all.error();
  std::uint64_t position = 0;
  const auto read = std::from_chars(to.data(), to.data() + to.size(), position);
  const bool is_position = read.ec == std::errc() && read.ptr == to.data() + to.size();
  const auto last_of = [&](auto fits) {
    const auto found = std::find_if(all->rbegin(), all->rend(), fits);
    return found == all->rend() ? nullptr : &*found;
  };
  const history::PublishedTemplate* found = nullptr;
  if (to.size() >= shortest_sha) found = last_of([&](const auto& one) { return one.published.sha256.starts_with(to); });
  if (found == nullptr && is_position && position <= number(last))
    found = last_of([&](const auto& one) { return number(one.origin.position) <= position; });
  if (found != nullptr) return *found;
  return not_found("version_not_found", "No template of " + kind.model->name + " is known by '" + utf8::clip(to, 64) +
                                            "'; give a position of the log, or at least 8 digits of a SHA-256, of GET "
                                            "/api/provisioning/templates/" +
                                            kind.vendor->vendor + "/" + kind.model->model + "/history");
}

Awaitable<Result<Response>> rollback(Context& context, const Request& request) {
  const auto kind = kind_in_path(context.services, request);
  if (!kind) co_return kind.error();
  const auto dry_run = dry_run_of(request);
  if (!dry_run) co_return dry_run.error();
  const auto body = JsonBody::parse(request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  const auto to = fields.required_text_or_number("to");
  if (auto fault = fields.fault()) co_return std::move(*fault);
  const auto work = [&context, kind = *kind, to, dry_run = *dry_run,
                     by = request.who.by()](const std::stop_token& stop) -> Result<bj::object> {
    auto& services = context.services;
    const history::History history(services.log, services.vault);
    const auto version = wanted_version(history, kind, to, services.log.last_position());
    if (!version) return version.error();
    auto old = history.text_of(version->published.sha256);
    if (!old) return old.error();
    // What was built in and still is needs no file of one's own.
    const auto built_in = services.renderer()->with(*kind.vendor, *kind.model, std::nullopt, stop);
    if (!built_in) return built_in.error();
    const auto present = (*built_in)->find(kind.vendor->vendor, kind.model->model);
    const bool same = present && present->text == *old;
    return change(context, kind, same ? std::nullopt : std::optional(std::move(*old)), dry_run, by, stop);
  };
  const auto answer = co_await offloaded(request, context.lanes.scans, work);
  if (!answer) co_return answer.error();
  co_return json_response(*answer);
}

Awaitable<Result<Response>> versions(Context& context, const Request& request) {
  const auto kind = kind_in_path(context.services, request);
  if (!kind) co_return kind.error();
  const auto work = [&services = context.services, kind = *kind] {
    return history::History(services.log, services.vault).templates(kind.vendor->vendor, kind.model->model);
  };
  const auto all = co_await offloaded(request, context.lanes.reads, work);
  if (!all) co_return all.error();
  bj::array out;
  for (auto one = all->rbegin(); one != all->rend(); ++one)
    out.push_back(bj::object{{"name", safe_text(one->published.name)},
                             {"custom", one->published.origin == TemplateOrigin::custom},
                             {"sha256", text(one->published.sha256)},
                             {"size", one->published.size},
                             {"event", view_of(one->origin)}});
  co_return json_response(out);
}

Result<Response> coverage(const Services& services) {
  bj::array items;
  for (const auto& item : provisioning::coverage_items()) items.push_back(text(item));
  bj::array families;
  for (const auto& family : services.renderer()->families()) {
    bj::array models;
    for (const auto& model : family.models) models.push_back(text(model));
    bj::array written;
    bj::array left_out;
    for (const auto& item : provisioning::coverage_items())
      (family.coverage->reaches(item) ? written : left_out).push_back(text(item));
    families.push_back(bj::object{{"vendor", text(family.vendor)},
                                  {"template", safe_text(family.template_name)},
                                  {"custom", family.custom},
                                  {"models", std::move(models)},
                                  {"written", std::move(written)},
                                  {"not_written", std::move(left_out)}});
  }
  return json_response(bj::object{{"items", std::move(items)}, {"families", std::move(families)}});
}

Awaitable<Result<Response>> reload(Context& context, const Request& request) {
  const auto work = [&services = context.services, by = request.who.by()]() -> Result<bj::object> {
    if (services.own_templates == nullptr) return not_editable();
    const auto done = services.own_templates->reload(by);
    if (!done) return done.error();
    bj::array refused;
    for (const auto& fault : done->refused)
      refused.push_back(
          bj::object{{"error", safe_text(fault.message)}, {"code", text(fault.code)}, {"details", fault.details}});
    const auto all = done->renderer->templates();
    const auto custom = std::count_if(all.begin(), all.end(), [](const auto& info) { return info.custom; });
    return bj::object{
        {"success", refused.empty()}, {"templates", all.size()}, {"custom", custom}, {"refused", std::move(refused)}};
  };
  const auto answer = co_await offloaded(request, context.lanes.scans, work);
  if (!answer) co_return answer.error();
  co_return json_response(*answer);
}

std::vector<Parameter> kind_parameters(std::vector<Parameter> more = {}) {
  std::vector<Parameter> out{
      {.name = "vendor", .description = "In any form: yealink.", .in = Parameter::In::path, .required = true},
      {.name = "model", .description = "In any form: t46s, SIP-T46S.", .in = Parameter::In::path, .required = true}};
  for (auto& one : more) out.push_back(std::move(one));
  return out;
}

}  // namespace

void add_templates(Router& router, const ContextPtr& context) {
  router.add_schema("BlastRadius", std::string(blast_radius_schema()));
  router.add_schema("TemplateText", std::string(detail_schema));
  router.add_schema("TemplateInput", std::string(input_schema));
  router.add_schema("TemplatePreviewInput", std::string(preview_input_schema));
  router.add_schema("TemplatePreview", std::string(preview_schema));
  router.add_schema("TemplateRollback", std::string(rollback_schema));
  router.add_schema("TemplateChange", std::string(change_template_schema));
  router.add_schema("TemplateReload", std::string(reload_schema));
  router.add_schema("TemplateHistory", std::string(history_schema));
  router.add_schema("TemplateCoverage", std::string(coverage_schema));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/templates/coverage",
              .id = "getTemplateCoverage",
              .tag = "templates",
              .summary = "Which settings each template in force writes",
              .replies = {{.status = 200, .description = "By vendor and template", .schema = "#TemplateCoverage"}},
              .handler = Handler([context](const Request&) { return coverage(context->services); })});
  const std::string one = "/api/provisioning/templates/{vendor}/{model}";
  const Reply done{.status = 200, .description = "What it changes, or would", .schema = "#TemplateChange"};
  router.add(
      {.method = Method::get,
       .pattern = one,
       .id = "getTemplate",
       .tag = "templates",
       .summary = "Read a template with its text",
       .description = "For administrators: a password may have been typed into one.",
       .role = Role::admin,
       .parameters = kind_parameters(),
       .replies = {{.status = 200, .description = "The one in force", .schema = "#TemplateText", .headers = {"ETag"}}},
       .errors = {404, 422},
       .handler = Handler([context](const Request& request) { return read(context->services, request); })});
  router.add({.method = Method::put,
              .pattern = one,
              .id = "putTemplate",
              .tag = "templates",
              .summary = "Put a template of one's own in force",
              .description = "What does not parse, names an unknown placeholder or could make "
                             "a file that the phone cannot read is refused with line and column.",
              .role = Role::admin,
              .parameters = kind_parameters({dry_run_parameter()}),
              .body_schema = "#TemplateInput",
              .replies = {done},
              .errors = {400, 404, 413, 422},
              .handler = AsyncHandler([context](const Request& request) { return put(*context, request); })});
  router.add({.method = Method::delete_,
              .pattern = one,
              .id = "deleteTemplate",
              .tag = "templates",
              .summary = "Put the built-in template in force again",
              .role = Role::admin,
              .parameters = kind_parameters({dry_run_parameter()}),
              .replies = {done},
              .errors = {404, 422},
              .handler = AsyncHandler(
                  [context](const Request& request) { return changed(*context, request, std::nullopt); })});
  router.add({.method = Method::get,
              .pattern = one + "/history",
              .id = "listTemplateHistory",
              .tag = "templates",
              .summary = "Which templates were in force, and who put them there",
              .parameters = kind_parameters(),
              .replies = {{.status = 200, .description = "Newest first", .schema = "#TemplateHistory"}},
              .errors = {404, 422},
              .handler = AsyncHandler([context](const Request& request) { return versions(*context, request); })});
  router.add({.method = Method::post,
              .pattern = one + "/preview",
              .id = "previewTemplate",
              .tag = "templates",
              .summary = "What a device's file would be, and how many others would change",
              .role = Role::operator_,
              .parameters = kind_parameters(),
              .body_schema = "#TemplatePreviewInput",
              .replies = {{.status = 200, .description = "The file, secrets masked", .schema = "#TemplatePreview"}},
              .errors = {400, 404, 422},
              .handler = AsyncHandler([context](const Request& request) { return preview(*context, request); })});
  router.add({.method = Method::post,
              .pattern = one + "/rollback",
              .id = "rollBackTemplate",
              .tag = "templates",
              .summary = "Put a template of before in force again",
              .role = Role::admin,
              .parameters = kind_parameters({dry_run_parameter()}),
              .body_schema = "#TemplateRollback",
              .replies = {done},
              .errors = {400, 404, 422},
              .handler = AsyncHandler([context](const Request& request) { return rollback(*context, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/provisioning/reload-templates",
              .id = "reloadTemplates",
              .tag = "templates",
              .summary = "Read the templates of provisioning.custom_templates_dir again",
              .role = Role::operator_,
              .replies = {{.status = 200, .description = "What is in force now", .schema = "#TemplateReload"}},
              .handler = AsyncHandler([context](const Request& request) { return reload(*context, request); })});
}

}  // namespace strowger::http::routes
