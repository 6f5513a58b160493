// /api/status, /healthz, /readyz, /metrics and the OpenAPI document: what the server says of itself.
#include "adapters/http/openapi.hpp"
#include "adapters/http/routes/context.hpp"
#include "adapters/http/routes/metrics.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view status_schema = R"({
  "type": "object",
  "required": ["running", "registered_extensions", "active_calls", "total_calls", "version", "uptime_seconds"],
  "properties": {
    "running": {"type": "boolean"},
    "registered_extensions": {"type": "integer"},
    "active_calls": {"type": "integer"},
    "total_calls": {"type": "integer"},
    "version": {"type": "string"},
    "uptime_seconds": {"type": "integer"},
    "extensions": {"type": "integer"},
    "devices": {"type": "integer"}
  }
})";
constexpr std::string_view health_schema = R"({
  "type": "object",
  "required": ["status"],
  "properties": {"status": {"const": "ok"}}
})";
constexpr std::string_view ready_schema = R"({
  "type": "object",
  "required": ["ready", "checks"],
  "properties": {
    "ready": {"type": "boolean"},
    "checks": {"type": "object", "description": "ok, or what is wrong, by part: as a code; to administrators in words.", "additionalProperties": {"type": "string"}},
    "warnings": {"type": "array", "items": {"type": "string"}, "description": "What needs a person and keeps nobody from being served: events that cannot be decoded, and events that were parked. Told in words to administrators; to others the code events_set_aside."}
  }
})";
constexpr std::string_view rotation_schema = R"({
  "type": "object",
  "required": ["success", "message", "data_keys", "key_file"],
  "properties": {
    "success": {"type": "boolean"},
    "message": {"type": "string"},
    "data_keys": {"type": "integer", "description": "How many are wrapped by the new master key."},
    "key_file": {"type": "string", "description": "On the server: where the new master key is."},
    "previous_file": {"type": "string", "description": "Where the old one is kept; absent where it was supplied from outside."}
  }
})";
constexpr std::uint64_t most_lag = 100'000;  // events; more, and what queries say is too old to be of use

Result<Response> status(const Context& context) {
  const auto& services = context.services;
  const auto uptime = std::chrono::floor<std::chrono::seconds>(services.clock.uptime()).count();
  return json_response(bj::object{{"running", true},
                                  {"registered_extensions", services.bindings.registered_extensions()},
                                  {"active_calls", 0},
                                  {"total_calls", 0},
                                  {"version", text(services.version)},
                                  {"uptime_seconds", uptime},
                                  {"extensions", services.extension_rows.size()},
                                  {"devices", services.device_rows.size()}});
}

// Words may name files and folders of this machine: those are for administrators.
Result<Response> ready(const Context& context, const Request& request) {
  const auto& services = context.services;
  const bool in_words = request.who.may(Role::admin);
  bj::object checks;
  bool all = true;
  const auto check = [&](std::string_view name, const std::optional<Error>& fault) {
    checks[bj::string_view(name.data(), name.size())] =
        fault ? text(in_words ? fault->message : fault->code) : text("ok");
    all = all && !fault;
  };
  check("log", services.log.fault());
  const auto runner = services.runner.status();
  std::optional<Error> projections = runner.stopped;
  if (!projections && !runner.running)
    projections = unavailable("projections_not_followed", "the projections are not followed");
  for (const auto& projection : runner.projections) {
    if (projection.fault) {
      projections = projection.fault;
      projections->message = projection.name + ": " + projection.fault->message;
    }
    if (projection.lag > most_lag)
      projections = unavailable("projection_behind",
                                projection.name + " is " + std::to_string(projection.lag) + " events behind the log");
  }
  check("projections", projections);
  bj::array warnings;
  const auto told = event_warnings(services);
  if (in_words)
    for (const auto& warning : told) warnings.push_back(text(warning));
  else if (!told.empty())
    warnings.push_back("events_set_aside");
  auto response = json_response(
      bj::object{{"ready", all}, {"checks", std::move(checks)}, {"warnings", std::move(warnings)}}, all ? 200 : 503);
  if (!all) response.set("Retry-After", "5");
  return response;
}

Awaitable<Result<Response>> rotate_master_key(Context& context, const Request& request) {
  const auto& rotate = context.services.rotate_master_key;
  const auto work = [&rotate, by = request.who.by()] { return rotate(by); };
  const auto done = co_await offloaded(request, context.lanes.upkeep, work);
  if (!done) co_return done.error();
  bj::object answer{{"success", true},
                    {"message", "The master key was rotated; every token is void, log in again"},
                    {"data_keys", done->data_keys},
                    {"key_file", text(done->key_file)}};
  if (!done->previous_file.empty()) answer["previous_file"] = text(done->previous_file);
  co_return json_response(answer);
}

}  // namespace

void add_system(Router& router, const ContextPtr& context) {
  router.add_schema("Status", std::string(status_schema));
  router.add_schema("Health", std::string(health_schema));
  router.add_schema("Readiness", std::string(ready_schema));
  router.add({.method = Method::get,
              .pattern = "/api/status",
              .id = "getStatus",
              .tag = "system",
              .summary = "What runs",
              .role = std::nullopt,
              .replies = {{.status = 200, .description = "As of now", .schema = "#Status"}},
              .handler = Handler([context](const Request&) { return status(*context); })});
  router.add_schema("MasterKeyRotation", std::string(rotation_schema));
  if (context->services.rotate_master_key)
    router.add(
        {.method = Method::post,
         .pattern = "/api/system/master-key/rotate",
         .id = "rotateMasterKey",
         .tag = "system",
         .summary = "Put a new master key in force",
         .description = "Every data key is wrapped anew, without a pause. Tokens are signed by a key that hangs on the "
                        "master key: all of them are void afterwards, the asker's too.",
         .role = Role::admin,
         .replies = {{.status = 200, .description = "It is in force", .schema = "#MasterKeyRotation"},
                     {.status = 503, .description = "The log cannot be written", .schema = "#Error"}},
         .handler = AsyncHandler([context](const Request& request) { return rotate_master_key(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/healthz",
              .id = "getHealth",
              .tag = "system",
              .summary = "Whether the process answers",
              .role = std::nullopt,
              .replies = {{.status = 200, .description = "It does", .schema = "#Health"}},
              .handler = Handler(
                  [](const Request&) -> Result<Response> { return json_response(bj::object{{"status", "ok"}}); })});
  router.add(
      {.method = Method::get,
       .pattern = "/readyz",
       .id = "getReadiness",
       .tag = "system",
       .summary = "Whether everything that is needed works",
       .description = "What does not work is told as a code; to an administrator's token in words.",
       .role = std::nullopt,
       .recognises = true,
       .replies = {{.status = 200, .description = "It does", .schema = "#Readiness"},
                   {.status = 503, .description = "What does not", .schema = "#Readiness", .headers = {"Retry-After"}}},
       .handler = Handler([context](const Request& request) { return ready(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/metrics",
              .id = "getMetrics",
              .tag = "system",
              .summary = "Metrics in Prometheus' text format",
              .role = std::nullopt,
              .replies = {{.status = 200,
                           .description = "As of now",
                           .schema = R"({"type":"string"})",
                           .content_type = "text/plain"}},
              // O(1) in the fleet, but it asks the file system for sizes: off the loops. A lane of its own, as anybody
              // may ask. The lane ends before the context it belongs to does.
              .handler = AsyncHandler([context](const Request& request) {
                return offloaded(request, context->lanes.scrapes, [context = context.get()]() -> Result<Response> {
                  return Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                  .body = metrics_text(*context)};
                });
              })});
  // Made from the whole table once it is complete, and again where authentication is switched on or off.
  struct Document {
    std::mutex mutex;
    std::optional<bool> secured;
    std::string text;
  };
  auto document = std::make_shared<Document>();
  router.add({.method = Method::get,
              .pattern = "/api/openapi.json",
              .id = "getOpenApi",
              .tag = "system",
              .summary = "This document",
              .role = std::nullopt,
              .replies = {{.status = 200, .description = "OpenAPI 3.1", .schema = R"({"type":"object"})"}},
              .handler = Handler([context, document, &router](const Request&) -> Result<Response> {
                const bool secured = context->services.settings()->api.require_authentication;
                const std::lock_guard lock(document->mutex);
                if (document->secured != secured) {
                  document->text = openapi_document(router, context->services.version, secured);
                  document->secured = secured;
                }
                return Response::json(document->text);
              })});
}

}  // namespace strowger::http::routes
