// /api/extensions: dialable numbers and their users. Passwords go in, never out.
#include "actors/reboot/correlation.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/context.hpp"
#include "adapters/http/routes/extension_checks.hpp"
#include "adapters/http/routes/listed.hpp"
#include "events/json.hpp"
#include "events/utf8.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view extension_schema = R"({
  "type": "object",
  "required": ["number", "name", "email", "registered", "allow_external", "enabled", "ad_synced", "created_at", "updated_at"],
  "properties": {
    "number": {"type": "string", "examples": ["1001"]},
    "name": {"type": "string", "description": "What phones show."},
    "email": {"type": "string"},
    "registered": {"type": "boolean", "description": "A phone is registered on it now."},
    "allow_external": {"type": "boolean"},
    "enabled": {"type": "boolean", "description": "Else its phones can neither register nor call."},
    "disabled_reason": {"enum": ["administrator", "directory_disabled", "directory_removed", "renumbered", null]},
    "ad_synced": {"type": "boolean", "description": "Kept by the directory synchronisation."},
    "directory": {"type": ["string", "null"], "description": "The directory that keeps it: ad or ldap."},
    "directory_account": {"type": ["string", "null"], "description": "The account of its user there."},
    "listed": {"type": "boolean", "description": "Phone books name it."},
    "created_at": {"type": "string", "format": "date-time"},
    "updated_at": {"type": "string", "format": "date-time"},
    "version": {"type": "integer", "description": "The stream version that the ETag shows."}
  }
})";
constexpr std::string_view create_extension_schema = R"({
  "type": "object",
  "required": ["number", "name"],
  "additionalProperties": false,
  "properties": {
    "number": {"type": ["string", "integer"], "description": "1 to 20 digits, with an optional leading + or *."},
    "name": {"type": "string", "maxLength": 128},
    "email": {"type": "string", "maxLength": 254},
    "password": {"type": "string", "maxLength": 128, "description": "What its phones register with. Without it a random one is made."},
    "allow_external": {"type": "boolean", "default": true}
  }
})";
constexpr std::string_view change_extension_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "number": {"type": ["string", "integer"], "description": "Must be the one of the path."},
    "name": {"type": "string", "maxLength": 128},
    "email": {"type": "string", "maxLength": 254},
    "password": {"type": "string", "maxLength": 128},
    "allow_external": {"type": "boolean"},
    "enabled": {"type": "boolean", "description": "false: its phones can neither register nor call. What an administrator disabled, no directory enables."},
    "listed": {"type": "boolean", "description": "Whether phone books name it."}
  }
})";
constexpr std::string_view removed_schema = R"({
  "type": "object",
  "required": ["success", "message"],
  "properties": {"success": {"type": "boolean"}, "message": {"type": "string"}}
})";
constexpr std::string_view deleted_schema = R"({
  "type": "object",
  "required": ["success", "message", "reboot_triggered"],
  "properties": {
    "success": {"type": "boolean"},
    "message": {"type": "string"},
    "reboot_triggered": {"type": "boolean", "description": "Phones of devices are registered on it: they are told to reboot, then its registrations are removed."}
  }
})";
constexpr std::string_view changed_schema = R"({
  "allOf": [
    {"$ref": "#/components/schemas/Extension"},
    {"type": "object", "properties": {"reboot_triggered": {
      "type": "boolean",
      "description": "There where it was disabled: phones of devices are registered on it, are told to reboot, and then its registrations are removed."}}}
  ]
})";

bj::object view(const Services& services, const ExtensionRow& row) {
  return {{"number", text(row.number.text())},
          {"name", text(row.name)},
          {"email", text(row.email)},
          {"registered", !services.bindings.of(row.number).empty()},
          {"allow_external", row.allow_external},
          {"enabled", row.enabled},
          {"disabled_reason", row.enabled ? bj::value(nullptr) : bj::value(text(json::word(row.disabled_reason)))},
          {"ad_synced", !row.directory.empty()},
          {"directory", row.directory.empty() ? bj::value(nullptr) : bj::value(text(row.directory))},
          {"directory_account", row.account.empty() ? bj::value(nullptr) : bj::value(text(row.account))},
          {"listed", row.listed},
          {"created_at", iso(row.created_at)},
          {"updated_at", iso(row.updated_at)},
          {"version", number(row.version)}};
}

// Phones of devices that will be told when the extension is gone.
bool has_phones(const Services& services, const ExtensionNumber& extension) {
  return !reboot::Phones(services.bindings, services.device_rows).on(extension).empty();
}

Response shown(const Services& services, const ExtensionRow& row, std::uint16_t status = 200) {
  auto response = json_response(view(services, row), status);
  response.set("ETag", etag_of(row.version));
  return response;
}

Error missing(const ExtensionNumber& extension) {
  return not_found("extension_not_found",
                   "Extension " + extension.text() + " does not exist. Create it with POST /api/extensions.");
}

// O(limit).
Result<ListedPage> extension_page(const Services& services, const std::optional<ExtensionNumber>& after,
                                  std::size_t limit, const std::stop_token& stop) {
  const auto found = services.extension_rows.list(after, limit + 1);
  bj::array items;
  for (std::size_t i = 0; i < std::min(found.size(), limit); ++i) {
    if (stop.stop_requested()) return stopped();
    items.push_back(view(services, *found[i]));
  }
  return ListedPage{bj::serialize(items), found.size() > limit ? found[limit - 1]->number.text() : std::string(),
                    items.size()};
}

Awaitable<Result<Response>> list_extensions(Context& context, const Request& request) {
  const auto read = [&services = context.services](const auto& after, std::size_t limit, const std::stop_token& stop) {
    return extension_page(services, after, limit, stop);
  };
  auto found = co_await list_page<ExtensionNumber>(context, request, read);
  if (!found) co_return found.error();
  co_return page_response(request, std::move(found->page.body), context.services.extension_rows.size(),
                          found->page.next);
}

Result<Response> read_extension(const Context& context, const Request& request) {
  const auto extension = extension_parameter(request);
  if (!extension) return extension.error();
  const auto row = context.services.extension_rows.find(*extension);
  if (!row) return missing(*extension);
  return shown(context.services, *row);
}

struct Wanted {
  std::string number;  // empty where the body has none
  actors::ChangeExtension change;
  std::optional<std::string> password;
};

Result<Wanted> read_body(std::string_view body_text, bool number_required, bool name_required) {
  const auto body = JsonBody::parse(body_text);
  if (!body) return body.error();
  Fields fields(body->root());
  Wanted wanted;
  wanted.number =
      number_required ? fields.required_text_or_number("number") : fields.text_or_number("number").value_or("");
  wanted.change.name = name_required ? std::optional(fields.required_text("name")) : fields.text("name");
  wanted.change.email = fields.text("email");
  wanted.password = fields.text("password");
  wanted.change.allow_external = fields.boolean("allow_external");
  if (!number_required) {  // one that is created is enabled and listed
    wanted.change.enabled = fields.boolean("enabled");
    wanted.change.listed = fields.boolean("listed");
  }
  if (auto fault = fields.fault()) return std::move(*fault);
  if (wanted.password)
    if (auto fault = check_password(*wanted.password)) return std::move(*fault);
  return wanted;
}

Awaitable<Result<Response>> create_extension(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  auto wanted = read_body(request.body, true, true);
  if (!wanted) co_return wanted.error();
  const auto extension = ExtensionNumber::parse(wanted->number);
  if (!extension) co_return extension.error();

  // Sealing makes a data key, durably: off this thread. What is refused leaves no key behind.
  auto& vault = context.services.vault;
  const auto seal = [&vault, clear = wanted->password.value_or(random_password())] { return vault.seal(clear); };
  const auto sealed = co_await offloaded(request, context.lanes.writes, seal);
  if (!sealed) co_return sealed.error();
  const auto& change = wanted->change;
  actors::Extension::Command command = actors::CreateExtension{*extension, *change.name, change.email.value_or(""),
                                                               change.allow_external.value_or(true), *sealed};
  auto outcome = co_await decide(context, request, context.services.extensions, extension->text(), std::move(command),
                                 std::move(*meta));
  // A fault that leaves open whether it was done must not destroy the key of what may exist.
  const bool refused = outcome ? outcome->repeated : outcome.error().kind != ErrorKind::unavailable;
  if (refused) context.lanes.writes.post([&vault, secret = *sealed] { static_cast<void>(vault.shred(secret)); });
  if (!outcome) co_return outcome.error();
  const auto row = context.services.extension_rows.find(*extension);
  if (!row) co_return missing(*extension);
  auto response = shown(context.services, *row, 201);
  response.set("Location", "/api/extensions/" + percent_encode(extension->text()));
  co_return response;
}

Awaitable<Result<Response>> change_extension(Context& context, const Request& request, bool whole) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto extension = extension_parameter(request);
  if (!extension) co_return extension.error();
  auto wanted = read_body(request.body, false, whole);
  if (!wanted) co_return wanted.error();
  if (!wanted->number.empty() && wanted->number != extension->text())
    co_return unacceptable("number_is_fixed", "An extension keeps its number. Create " +
                                                  utf8::clip(wanted->number, 32) + " and delete " + extension->text() +
                                                  " instead.");
  const auto before = context.services.extension_rows.find(*extension);
  if (!before) co_return missing(*extension);
  auto& change = wanted->change;
  if (whole) {
    change.email = change.email.value_or("");
    change.allow_external = change.allow_external.value_or(true);
    change.listed = change.listed.value_or(true);
  }
  if (wanted->password) {
    auto sealed = context.services.vault.seal_like(before->password, *wanted->password);
    if (!sealed) co_return sealed.error();
    change.password = std::move(*sealed);
    change.sealed_like = before->password;
  }
  const bool disables = before->enabled && !change.enabled.value_or(true);
  const bool phones = disables && has_phones(context.services, *extension);
  actors::Extension::Command command = std::move(change);
  const auto outcome = co_await decide(context, request, context.services.extensions, extension->text(),
                                       std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  const auto row = context.services.extension_rows.find(*extension);
  if (!row) co_return missing(*extension);
  if (!disables) co_return shown(context.services, *row);
  auto shown_row = view(context.services, *row);
  shown_row["reboot_triggered"] = phones;
  auto response = json_response(shown_row);
  response.set("ETag", etag_of(row->version));
  co_return response;
}

Awaitable<Result<Response>> remove(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto extension = extension_parameter(request);
  if (!extension) co_return extension.error();
  const bool phones = has_phones(context.services, *extension);
  actors::Extension::Command command = actors::DeleteExtension{};
  const auto outcome = co_await decide(context, request, context.services.extensions, extension->text(),
                                       std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  co_return json_response(
      bj::object{{"success", true}, {"message", "Extension deleted"}, {"reboot_triggered", phones}});
}

Parameter number_parameter() {
  return {.name = "number", .description = "The extension's number.", .in = Parameter::In::path};
}

}  // namespace

void add_extensions(Router& router, const ContextPtr& context) {
  router.add_schema("Extension", std::string(extension_schema));
  router.add_schema("ExtensionCreate", std::string(create_extension_schema));
  router.add_schema("ExtensionChange", std::string(change_extension_schema));
  router.add_schema("Done", std::string(removed_schema));
  router.add_schema("ExtensionChanged", std::string(changed_schema));
  router.add_schema("ExtensionDeleted", std::string(deleted_schema));
  router.add(
      {.method = Method::get,
       .pattern = "/api/extensions",
       .id = "listExtensions",
       .tag = "extensions",
       .summary = "List the extensions",
       .parameters = {limit_parameter(), cursor_parameter()},
       .replies = {{.status = 200,
                    .description = "A page of them, by number",
                    .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Extension"}})",
                    .headers = {"Link", "X-Total-Count"}}},
       .errors = {400},
       .handler = AsyncHandler([context](const Request& request) { return list_extensions(*context, request); })});
  router.add(
      {.method = Method::post,
       .pattern = "/api/extensions",
       .id = "createExtension",
       .tag = "extensions",
       .summary = "Create an extension",
       .role = Role::operator_,
       .parameters = {idempotency_parameter()},
       .body_schema = "#ExtensionCreate",
       .replies = {{.status = 201, .description = "Created", .schema = "#Extension", .headers = {"ETag", "Location"}}},
       .errors = {409, 422},
       .handler = AsyncHandler([context](const Request& request) { return create_extension(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/extensions/{number}",
              .id = "getExtension",
              .tag = "extensions",
              .summary = "Read an extension",
              .parameters = {number_parameter()},
              .replies = {{.status = 200, .description = "The extension", .schema = "#Extension", .headers = {"ETag"}}},
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return read_extension(*context, request); })});
  router.add(
      {.method = Method::put,
       .pattern = "/api/extensions/{number}",
       .id = "replaceExtension",
       .tag = "extensions",
       .summary = "Write an extension as a whole",
       .description = "What is not given takes its default; the password stays unless one is given.",
       .role = Role::operator_,
       .parameters = {number_parameter(), if_match_parameter(), idempotency_parameter()},
       .body_schema = "#ExtensionChange",
       .replies = {{.status = 200, .description = "Written", .schema = "#ExtensionChanged", .headers = {"ETag"}}},
       .errors = {404, 409, 412, 422},
       .handler =
           AsyncHandler([context](const Request& request) { return change_extension(*context, request, true); })});
  router.add(
      {.method = Method::patch,
       .pattern = "/api/extensions/{number}",
       .id = "changeExtension",
       .tag = "extensions",
       .summary = "Change what is given of an extension",
       .role = Role::operator_,
       .parameters = {number_parameter(), if_match_parameter(), idempotency_parameter()},
       .body_schema = "#ExtensionChange",
       .replies = {{.status = 200, .description = "Changed", .schema = "#ExtensionChanged", .headers = {"ETag"}}},
       .errors = {404, 409, 412, 422},
       .handler =
           AsyncHandler([context](const Request& request) { return change_extension(*context, request, false); })});
  router.add({.method = Method::delete_,
              .pattern = "/api/extensions/{number}",
              .id = "deleteExtension",
              .tag = "extensions",
              .summary = "Delete an extension, and its password for ever",
              .role = Role::operator_,
              .parameters = {number_parameter(), if_match_parameter(), idempotency_parameter()},
              .replies = {{.status = 200, .description = "Deleted", .schema = "#ExtensionDeleted"}},
              .errors = {400, 404, 412},
              .handler = AsyncHandler([context](const Request& request) { return remove(*context, request); })});
}

}  // namespace strowger::http::routes
