// /api/integrations/{ad,ldap}: users that come from a directory.
#include "actors/directory/syncs.hpp"
#include "adapters/http/errors.hpp"
#include "adapters/http/routes/context.hpp"
#include "events/json.hpp"

#include <charconv>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using namespace std::chrono_literals;

// A sync of a large directory takes its time; what is not done by then goes on, and is in the history.
constexpr auto longest_sync = 10min;
constexpr auto longest_question = 2min;
constexpr std::size_t most_hits = 1000;

constexpr std::string_view skipped_schema = R"({
  "type": "object",
  "required": ["user", "reason"],
  "properties": {"user": {"type": "string"}, "reason": {"type": "string"}}
})";
constexpr std::string_view sync_schema = R"({
  "type": "object",
  "required": ["success", "synced_count", "rebooted_count", "created", "updated", "disabled", "enabled", "unchanged", "skipped"],
  "properties": {
    "success": {"type": "boolean"},
    "dry_run": {"type": "boolean"},
    "sync": {"type": ["string", "null"], "format": "uuid"},
    "mode": {"enum": ["full", "incremental"]},
    "server": {"type": "string", "description": "The one that answered."},
    "synced_count": {"type": "integer", "description": "Users whose extension is as the directory has it."},
    "rebooted_count": {"type": "integer", "description": "Of the phones_changed: asked to fetch it, so far. The others follow at the pace of provisioning.reboots, or are not there."},
    "phones_changed": {"type": "integer", "description": "Phones whose configuration is another one now."},
    "read_count": {"type": "integer", "description": "Users that the directory gave."},
    "without_number": {"type": "integer", "description": "Of them: no telephone users."},
    "created": {"type": "integer"},
    "updated": {"type": "integer"},
    "disabled": {"type": "integer"},
    "enabled": {"type": "integer"},
    "unchanged": {"type": "integer"},
    "devices_moved": {"type": "integer", "description": "Phones that followed their user to another number."},
    "roles_changed": {"type": "integer"},
    "skipped_count": {"type": "integer"},
    "skipped": {"type": "array", "items": {"$ref": "#/components/schemas/SkippedUser"}, "description": "The first of them."},
    "changes": {
      "type": "array",
      "description": "Of a dry run: what would be done, the first thousand.",
      "items": {
        "type": "object",
        "properties": {
          "change": {"enum": ["create", "update", "enable", "disable", "move_phones", "role"]},
          "extension": {"type": "string"},
          "user": {"type": "string"},
          "detail": {"type": "string"}
        }
      }
    }
  }
})";
constexpr std::string_view failed_schema = R"({
  "type": "object",
  "required": ["success", "error", "code"],
  "properties": {
    "success": {"const": false},
    "error": {"type": "string", "description": "What went wrong, and what to do. Nothing was changed, or the next sync finishes."},
    "code": {"type": "string"},
    "details": {"type": "object"}
  }
})";
constexpr std::string_view past_sync_schema = R"({
  "type": "object",
  "required": ["sync", "state", "mode", "by", "started_at"],
  "properties": {
    "sync": {"type": "string", "format": "uuid"},
    "state": {"enum": ["running", "completed", "failed", "interrupted"]},
    "mode": {"enum": ["full", "incremental"]},
    "forced": {"type": "boolean"},
    "by": {"type": "string"},
    "started_at": {"type": "string", "format": "date-time"},
    "ended_at": {"type": ["string", "null"], "format": "date-time"},
    "server": {"type": "string"},
    "correlation": {"type": "string", "format": "uuid", "description": "Of every event that it led to."},
    "phones_changed": {"type": "integer", "description": "Phones whose configuration it changed."},
    "rebooted_count": {"type": "integer", "description": "Of them: asked to fetch it."},
    "converged_count": {"type": "integer", "description": "Fetched it, which is the proof."},
    "failed_count": {"type": "integer", "description": "Not there, or did not."},
    "counts": {"type": "object"},
    "skipped": {"type": "array", "items": {"$ref": "#/components/schemas/SkippedUser"}},
    "error": {"type": ["string", "null"]},
    "code": {"type": ["string", "null"]}
  }
})";
constexpr std::string_view directory_status_schema = R"({
  "type": "object",
  "required": ["directory", "enabled", "running"],
  "properties": {
    "directory": {"enum": ["ad", "ldap"]},
    "enabled": {"type": "boolean"},
    "fault": {"type": ["string", "null"], "description": "What is wrong with its settings."},
    "running": {"type": "boolean"},
    "server": {"type": "string", "description": "As it is set."},
    "base_dn": {"type": "string"},
    "schedule": {"type": "string"},
    "next_sync": {"type": ["string", "null"], "format": "date-time"},
    "extensions": {"type": "integer", "description": "That it keeps."},
    "disabled": {"type": "integer", "description": "Of them: disabled."},
    "last_sync": {"anyOf": [{"$ref": "#/components/schemas/PastSync"}, {"type": "null"}]}
  }
})";
constexpr std::string_view hit_schema = R"({
  "type": "object",
  "properties": {
    "account": {"type": "string"},
    "name": {"type": "string"},
    "email": {"type": "string"},
    "dn": {"type": "string"},
    "identity": {"type": "string", "format": "uuid", "description": "objectGUID or entryUUID."},
    "numbers": {"type": "array", "items": {"type": "string"}, "description": "As the directory has them."},
    "extension": {"type": ["string", "null"], "description": "What the number rule makes of them."},
    "disabled": {"type": "boolean"},
    "skipped": {"type": ["string", "null"], "description": "Why a sync leaves them out."}
  }
})";
constexpr std::string_view step_schema = R"({
  "type": "object",
  "required": ["name", "ok", "said"],
  "properties": {
    "name": {"enum": ["resolve", "connect", "tls", "bind", "search", "attributes", "groups", "conflicts"]},
    "ok": {"type": "boolean"},
    "said": {"type": "string", "description": "What was found, or what is wrong and what to do."}
  }
})";

Error no_directories() {
  return unavailable("no_directories", "This server takes nobody from a directory.");
}

Result<std::string> directory_of(const Request& request) {
  const auto& name = request.parameter(0);
  if (name == "ad" || name == "ldap") return name;
  return not_found("unknown_directory", "There is no directory '" + name.substr(0, 32) + "'; there are ad and ldap.");
}

Result<bool> flag(const Request& request, std::string_view name, bool by_default) {
  const auto query = request.query();
  const auto value = query.find(name);
  if (!value) return by_default;
  if (*value == "true" || *value == "1" || value->empty()) return true;
  if (*value == "false" || *value == "0") return false;
  return malformed("bad_flag", std::string(name) + " must be true or false.");
}

bj::array view(const std::vector<SkippedUser>& skipped) {
  bj::array out;
  for (const auto& user : skipped) out.push_back({{"user", text(user.user)}, {"reason", text(user.reason)}});
  return out;
}

bj::object view(const directory::SyncReport& report, bool dry_run) {
  const auto& c = report.counts;
  bj::object out{{"success", true},
                 {"dry_run", dry_run},
                 {"sync", report.sync.is_nil() ? bj::value(nullptr) : bj::value(text(report.sync.text()))},
                 {"mode", text(json::word(report.mode))},
                 {"server", text(report.server)},
                 {"synced_count", c.created + c.updated + c.enabled + c.disabled + c.unchanged},
                 {"rebooted_count", report.reboots},
                 {"phones_changed", report.phones_changed},
                 {"read_count", c.read},
                 {"without_number", c.without_number},
                 {"created", c.created},
                 {"updated", c.updated},
                 {"disabled", c.disabled},
                 {"enabled", c.enabled},
                 {"unchanged", c.unchanged},
                 {"devices_moved", c.devices_moved},
                 {"roles_changed", c.roles},
                 {"skipped_count", c.skipped},
                 {"skipped", view(report.skipped)}};
  if (!dry_run) return out;
  bj::array changes;
  for (const auto& change : report.changes)
    changes.push_back({{"change", text(change.change)},
                       {"extension", text(change.extension)},
                       {"user", text(change.user)},
                       {"detail", text(change.detail)}});
  out["changes"] = std::move(changes);
  return out;
}

// The house's shape of errors, and API.md's word for a sync that came to nothing.
Response failed(const Error& error) {
  auto response = error_response(error);
  if (error.kind != ErrorKind::internal && response.body.starts_with('{'))
    response.body = R"({"success":false,)" + response.body.substr(1);
  return response;
}

Awaitable<Result<Response>> sync(Context& context, const Request& request) {
  auto* const directories = context.services.directories;
  if (directories == nullptr) co_return no_directories();
  const auto name = directory_of(request);
  if (!name) co_return name.error();
  const auto dry_run = flag(request, "dry_run", false), force = flag(request, "force", false),
             full = flag(request, "full", true);
  for (const auto* given : {&dry_run, &force, &full})
    if (!*given) co_return given->error();
  const auto start = [&](auto done) { directories->sync(*name, {request.who.by(), *dry_run, *force, *full}, done); };
  const auto report = co_await completion<directory::SyncReport>(request, start, longest_sync);
  if (!report) co_return failed(report.error());
  co_return json_response(view(*report, *dry_run));
}

Awaitable<Result<Response>> search(Context& context, const Request& request) {
  auto* const directories = context.services.directories;
  if (directories == nullptr) co_return no_directories();
  const auto name = directory_of(request);
  if (!name) co_return name.error();
  const auto query = request.query();
  std::string wanted(query.find("q").value_or(""));
  if (wanted.size() > 256) co_return malformed("bad_query", "q must have at most 256 bytes.");
  std::size_t most = 20;
  if (const auto limit = query.find("max_results")) {
    const auto read = std::from_chars(limit->data(), limit->data() + limit->size(), most);
    if (read.ec != std::errc() || read.ptr != limit->data() + limit->size() || most == 0 || most > most_hits)
      co_return malformed("bad_limit",
                          "max_results must be a whole number from 1 to " + std::to_string(most_hits) + ".");
  }
  const auto start = [&](auto done) { directories->search(*name, wanted, most, done); };
  const auto hits = co_await completion<std::vector<directory::Hit>>(request, start, longest_question);
  if (!hits) co_return hits.error();
  bj::array out;
  for (const auto& [entry, person] : *hits) {
    bj::array numbers;
    for (const auto& number : entry.numbers)
      if (directory::is_plain_text(number) && !number.empty()) numbers.push_back(text(number));
    const auto plain = [](const std::string& value) { return text(directory::is_plain_text(value) ? value : ""); };
    out.push_back({{"account", plain(entry.account)},
                   {"name", plain(entry.name)},
                   {"email", plain(entry.mail)},
                   {"dn", plain(entry.dn)},
                   {"identity", text(entry.identity.text())},
                   {"numbers", std::move(numbers)},
                   {"extension", person.number ? bj::value(text(person.number->text())) : bj::value(nullptr)},
                   {"disabled", entry.disabled},
                   {"skipped", person.fault.empty() ? bj::value(nullptr) : bj::value(text(person.fault))}});
  }
  co_return json_response(std::move(out));
}

Awaitable<Result<Response>> check(Context& context, const Request& request) {
  auto* const directories = context.services.directories;
  if (directories == nullptr) co_return no_directories();
  const auto name = directory_of(request);
  if (!name) co_return name.error();
  const auto start = [&](auto done) { directories->check(*name, done); };
  const auto steps = co_await completion<std::vector<directory::Source::Step>>(request, start, longest_question);
  if (!steps) co_return steps.error();
  bj::array out;
  for (const auto& step : *steps)
    out.push_back({{"name", text(step.name)}, {"ok", step.ok}, {"said", text(step.said)}});
  co_return json_response(std::move(out));
}

bj::object view(const SyncRow& row, bool running) {
  const bool ended = row.state != SyncState::started;
  const auto none = [](const std::string& value) {
    return value.empty() ? bj::value(nullptr) : bj::value(text(value));
  };
  bj::object counts;
  boost::mp11::mp_for_each<json::Members<SyncCounts>>(
      [&](auto member) { counts[member.name] = row.counts.*member.pointer; });
  return {{"sync", text(row.sync.text())},
          {"state", ended ? bj::value(text(json::word(row.state))) : bj::value(running ? "running" : "interrupted")},
          {"mode", text(json::word(row.mode))},
          {"forced", row.forced},
          {"by", text(row.by)},
          {"started_at", iso(row.started_at)},
          {"ended_at", time_or_null(row.ended_at)},
          {"server", text(row.server)},
          {"correlation", text(row.correlation.text())},
          {"phones_changed", row.wanted},
          {"rebooted_count", row.reboots},
          {"converged_count", row.converged},
          {"failed_count", row.failed},
          {"counts", std::move(counts)},
          {"skipped", view(row.skipped)},
          {"error", none(row.cause)},
          {"code", none(row.code)}};
}

Result<Response> syncs(const Context& context, const Request& request) {
  const auto& services = context.services;
  if (services.directories == nullptr) return no_directories();
  const auto name = directory_of(request);
  if (!name) return name.error();
  const auto page = page_of(request, DirectoriesProjection::kept);
  if (!page) return page.error();
  const bool running = services.directories->state(*name).running;
  bj::array out;
  bool newest = true;
  for (const auto& row : services.directory_rows->syncs(*name, page->limit))
    out.push_back(view(*row, std::exchange(newest, false) && running));
  auto response = json_response(out);
  response.set("X-Total-Count",
               std::to_string(services.directory_rows->syncs(*name, DirectoriesProjection::kept).size()));
  return response;
}

Result<Response> status(const Context& context, const Request& request) {
  const auto& services = context.services;
  if (services.directories == nullptr) return no_directories();
  const auto name = directory_of(request);
  if (!name) return name.error();
  const auto state = services.directories->state(*name);
  const auto settings = services.settings();
  const auto& set = *name == "ad" ? settings->active_directory : settings->ldap;
  std::uint64_t kept = 0, disabled = 0;
  std::optional<ExtensionNumber> after;
  for (;;) {
    const auto rows = services.extension_rows.list(after, 1024);
    for (const auto& row : rows) {
      if (row->directory != *name) continue;
      ++kept;
      disabled += row->enabled ? 0 : 1;
    }
    if (rows.size() < 1024) break;
    after = rows.back()->number;
  }
  const auto last = services.directory_rows->syncs(*name, 1);
  return json_response(
      bj::object{{"directory", text(*name)},
                 {"enabled", state.enabled},
                 {"fault", state.fault.empty() ? bj::value(nullptr) : bj::value(text(state.fault))},
                 {"running", state.running},
                 {"server", text(set.server)},
                 {"base_dn", text(set.base_dn)},
                 {"schedule", text(state.schedule)},
                 {"next_sync", time_or_null(state.next)},
                 {"extensions", kept},
                 {"disabled", disabled},
                 {"last_sync", last.empty() ? bj::value(nullptr) : bj::value(view(*last.front(), state.running))}});
}

Parameter name_parameter() {
  return {.name = "directory",
          .description = "ad (Active Directory) or ldap.",
          .in = Parameter::In::path,
          .schema = R"({"enum":["ad","ldap"]})"};
}

Parameter sync_flag(std::string name, std::string description, bool by_default) {
  return {.name = std::move(name),
          .description = std::move(description),
          .schema = by_default ? R"({"type":"boolean","default":true})" : R"({"type":"boolean","default":false})"};
}

}  // namespace

void add_directories(Router& router, const ContextPtr& context) {
  router.add_schema("SkippedUser", std::string(skipped_schema));
  router.add_schema("DirectorySync", std::string(sync_schema));
  router.add_schema("DirectorySyncFailure", std::string(failed_schema));
  router.add_schema("PastSync", std::string(past_sync_schema));
  router.add_schema("DirectoryStatus", std::string(directory_status_schema));
  router.add_schema("DirectoryUser", std::string(hit_schema));
  router.add_schema("DirectoryCheckStep", std::string(step_schema));
  router.add(
      {.method = Method::post,
       .pattern = "/api/integrations/{directory}/sync",
       .id = "syncDirectory",
       .tag = "directory",
       .summary = "Take users from a directory",
       .description = "Nothing is changed before all was read. A directory that cannot be reached or read, or "
                      "a sync that would disable more than max_change_percent, changes nothing.",
       .role = Role::operator_,
       .parameters = {name_parameter(), sync_flag("dry_run", "Only say what would change.", false),
                      sync_flag("force", "Disable more than max_change_percent.", false),
                      sync_flag("full", "Read everything, and not only what changed.", true)},
       .replies = {{.status = 200, .description = "It is done", .schema = "#DirectorySync"},
                   {.status = 409,
                    .description = "One is under way, it would disable too many, or the directory is not enabled",
                    .schema = "#DirectorySyncFailure"},
                   {.status = 503,
                    .description = "The directory cannot be reached or read",
                    .schema = "#DirectorySyncFailure"}},
       .errors = {400, 404},
       .handler = AsyncHandler([context](const Request& request) { return sync(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/integrations/{directory}/status",
              .id = "getDirectoryStatus",
              .tag = "directory",
              .summary = "How a directory is set up, and how its last sync went",
              .parameters = {name_parameter()},
              .replies = {{.status = 200, .description = "The state now", .schema = "#DirectoryStatus"}},
              .errors = {404},
              .handler = Handler([context](const Request& request) { return status(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/integrations/{directory}/search",
              .id = "searchDirectory",
              .tag = "directory",
              .summary = "Users of a directory whose name, account, number or mail holds a text",
              .parameters = {name_parameter(),
                             {.name = "q", .description = "The text. Empty: any user."},
                             {.name = "max_results",
                              .description = "How many at most.",
                              .schema = R"({"type":"integer","minimum":1,"maximum":1000,"default":20})"}},
              .replies = {{.status = 200,
                           .description = "Those found, in no order",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/DirectoryUser"}})"}},
              .errors = {400, 404, 409},
              .handler = AsyncHandler([context](const Request& request) { return search(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/integrations/{directory}/syncs",
              .id = "listDirectorySyncs",
              .tag = "directory",
              .summary = "The last syncs of a directory",
              .parameters = {name_parameter(), limit_parameter()},
              .replies = {{.status = 200,
                           .description = "The newest first",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/PastSync"}})",
                           .headers = {"X-Total-Count"}}},
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return syncs(*context, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/integrations/{directory}/check",
              .id = "checkDirectory",
              .tag = "directory",
              .summary = "Try all that a sync needs, step by step",
              .description = "Changes nothing. Each step says what was found, or what is wrong and what to do.",
              .role = Role::operator_,
              .parameters = {name_parameter()},
              .replies = {{.status = 200,
                           .description = "The steps, up to the first that failed",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/DirectoryCheckStep"}})"}},
              .errors = {404, 409},
              .handler = AsyncHandler([context](const Request& request) { return check(*context, request); })});
}

}  // namespace strowger::http::routes
