// /api/extensions/import and /export: many extensions as a file, all of them or none.
#include "actors/bulk/extension_entry.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/extension_checks.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using bulk::ExtensionEntry;

Result<std::vector<ExtensionEntry>> read_extension_json(const std::string& text) {
  const auto body = JsonBody::parse(text);
  if (!body) return body.error();
  simdjson::dom::array items;
  if (body->root().get(items) != simdjson::SUCCESS)
    return malformed("bad_json", "A JSON import is an array of extensions, as the export with format=json writes it.");
  if (items.size() > bulk::most_rows) return bulk::too_many_rows(items.size());
  std::vector<ExtensionEntry> entries;
  for (const auto item : items) {
    auto& entry = entries.emplace_back();
    entry.row = entries.size();
    Fields fields(item, "[" + std::to_string(entry.row - 1) + "].");
    entry.number = fields.required_text_or_number("number");
    entry.name = fields.text("name");
    entry.email = fields.text("email");
    entry.password = fields.text("password");
    entry.allow_external = fields.boolean("allow_external");
    entry.enabled = fields.boolean("enabled");
    entry.listed = fields.boolean("listed");
    if (auto fault = fields.fault()) return std::move(*fault);
  }
  return entries;
}

Awaitable<Result<Response>> import_file_of_extensions(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto dry = flag_parameter(request.query(), "dry_run");
  if (!dry) co_return dry.error();
  auto& services = context.services;
  const auto work = [&services, body = std::string(request.body),
                     type = std::string(request.header(headers::content_type))](
                        const std::stop_token& stop = {}) -> Result<Judgement<JudgedExtension>> {
    const auto file = import_file(type, body);
    if (!file) return file.error();
    auto entries = file->json ? read_extension_json(file->text) : bulk::read_extension_csv(file->text, stop);
    if (!entries) return entries.error();
    return ExtensionJudge(services).judge(std::move(*entries));
  };
  auto judged = co_await offloaded(request, context.lanes.scans, work);
  if (!judged) co_return judged.error();
  if (*dry) {
    auto answer = import_summary(judged->rows.size(), judged->counts, true, "Nothing was changed.");
    answer["rows"] = judged->views();
    co_return json_response(answer);
  }
  if (judged->count(RowAction::refused) > 0) co_return rows_refused(*judged);
  const auto decisions = std::make_shared<Decisions>(actors::EntityWorld{services.log, services.ids, services.clock});
  const auto done = co_await import_extensions(context, request, *judged, decisions, std::move(*meta));
  if (!done) co_return done.error();
  co_return json_response(import_summary(judged->rows.size(), judged->counts, false,
                                         "Imported. Phones whose file changed by it are told to fetch it, at the set "
                                         "pace; the others do at their next boot."));
}

ExtensionEntry entry_of(const ExtensionRow& row) {
  ExtensionEntry entry;
  entry.number = row.number.text();
  entry.name = row.name;
  entry.email = row.email;
  entry.allow_external = row.allow_external;
  entry.enabled = row.enabled;
  entry.listed = row.listed;
  return entry;
}

std::string json_of(const ExtensionEntry& entry) {
  return bj::serialize(bj::object{{"number", text(entry.number)},
                                  {"name", text(*entry.name)},
                                  {"email", text(*entry.email)},
                                  {"allow_external", *entry.allow_external},
                                  {"enabled", *entry.enabled},
                                  {"listed", *entry.listed}});
}

ExportParts extension_parts(const ContextPtr& context, bool csv) {
  constexpr std::size_t at_once = 500;
  return {bulk::extension_csv_header(),
          [context, csv, after = std::optional<ExtensionNumber>()](std::vector<std::string>& part) mutable {
            const auto rows = context->services.extension_rows.list(after, at_once);
            for (const auto& row : rows)
              part.push_back(csv ? bulk::extension_csv_row(entry_of(*row)) : json_of(entry_of(*row)));
            if (rows.size() < at_once) return false;
            after = rows.back()->number;
            return true;
          }};
}

}  // namespace

void add_extension_files(Router& router, const ContextPtr& context) {
  router.add_schema("ExtensionImport", import_schema("number", R"({"type": "string"})"));
  router.add(
      {.method = Method::post,
       .pattern = "/api/extensions/import",
       .id = "importExtensions",
       .tag = "extensions",
       .summary = "Create or change many extensions, all or none",
       .description = "CSV whose first line names the columns (number, name, email, password, allow_external, enabled, "
                      "listed), or a JSON array of such objects. An extension that is there already becomes what the "
                      "file says; what the file leaves out stays. Without a password a new one gets a random one. With "
                      "dry_run, says what would become of each row and changes nothing.",
       .role = Role::operator_,
       .parameters = {dry_import_parameter(), idempotency_parameter()},
       .body_schema = R"({"type":["string","array"]})",
       .body_types = import_types(),
       .body_limit = import_body_limit,
       .replies = {{.status = 200, .description = "What became of the rows", .schema = "#ExtensionImport"}},
       .errors = {400, 409, 413, 415, 422},
       .handler =
           AsyncHandler([context](const Request& request) { return import_file_of_extensions(*context, request); })});
  router.add(
      {.method = Method::get,
       .pattern = "/api/extensions/export",
       .id = "exportExtensions",
       .tag = "extensions",
       .summary = "All extensions as a file that import takes",
       .description = "Passwords are not in it: an import leaves those of extensions that are there as they are.",
       .parameters = {export_format_parameter()},
       .replies =
           {{.status = 200, .description = "The file", .schema = R"({"type":"string"})", .content_type = "text/csv"}},
       .errors = {422},
       .handler = Handler([context](const Request& request) {
         return export_file(request, "extensions", [context](bool csv) { return extension_parts(context, csv); });
       })});
}

}  // namespace strowger::http::routes
