// /api/backups: copies of the log, taken while it is written.
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {
namespace {

constexpr std::string_view backup_schema = R"({
  "type": "object",
  "required": ["name", "created_at", "events", "head", "bytes", "master_key"],
  "properties": {
    "name": {"type": "string", "description": "Its folder below backups/ in the data directory."},
    "created_at": {"type": "string", "format": "date-time"},
    "events": {"type": "integer"},
    "head": {"type": "string", "description": "position:hash of its last event, which a restore insists on."},
    "bytes": {"type": "integer"},
    "master_key": {"type": "boolean", "description": "The master key is in it: who has it can read every password."}
  }
})";
constexpr std::string_view order_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "with_master_key": {
      "type": "boolean",
      "default": false,
      "description": "Takes the master key along. Without it the backup's secrets cannot be read, with it anybody can."
    }
  }
})";

Error no_backups() {
  return unavailable("no_backups", "This server makes no backups.");
}

Awaitable<Result<Response>> create_backup(Context& context, const Request& request) {
  bool with_master_key = false;
  if (!request.body.empty()) {
    const auto body = JsonBody::parse(request.body);
    if (!body) co_return body.error();
    Fields fields(body->root());
    with_master_key = fields.boolean("with_master_key").value_or(false);
    if (auto fault = fields.fault()) co_return *fault;
  }
  if (!context.services.create_backup) co_return no_backups();
  const auto work = [&make = context.services.create_backup, with_master_key] { return make(with_master_key); };
  auto made = co_await offloaded(request, context.pool, work);
  if (!made) co_return made.error();
  co_return Response::json(std::move(*made), 201);
}

Awaitable<Result<Response>> list(Context& context, const Request& request) {
  if (!context.services.list_backups) co_return no_backups();
  const auto work = [&all = context.services.list_backups] { return all(); };
  auto found = co_await offloaded(request, context.pool, work);
  if (!found) co_return found.error();
  co_return Response::json(std::move(*found));
}

}  // namespace

void add_backups(Router& router, const ContextPtr& context) {
  router.add_schema("Backup", std::string(backup_schema));
  router.add_schema("BackupOrder", std::string(order_schema));
  router.add({.method = Method::post,
              .pattern = "/api/backups",
              .id = "createBackup",
              .tag = "system",
              .summary = "Take a backup of the log",
              .description = "While everything goes on. It lies below backups/ in the data directory; copy it to "
                             "another disk. `strowger backup restore` makes a data directory of it.",
              .role = Role::admin,
              .body_schema = "#BackupOrder",
              .body_required = false,
              .replies = {{.status = 201, .description = "It is made, and durable", .schema = "#Backup"}},
              .errors = {400, 409, 422},
              .handler = AsyncHandler([context](const Request& request) { return create_backup(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/backups",
              .id = "listBackups",
              .tag = "system",
              .summary = "The backups that there are",
              .role = Role::admin,
              .replies = {{.status = 200,
                           .description = "The newest first",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Backup"}})"}},
              .handler = AsyncHandler([context](const Request& request) { return list(*context, request); })});
}

}  // namespace strowger::http::routes
