#include "adapters/http/routes/import_file.hpp"

#include "actors/bulk/encoding.hpp"
#include "actors/bulk/spreadsheet.hpp"
#include "events/controls.hpp"

#include <boost/beast/core/string.hpp>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view json_type = "application/json";

std::string_view trimmed_part(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\"");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\"") - first + 1);
}

std::string_view charset_of(std::string_view content_type) {
  constexpr std::string_view name = "charset=";
  for (auto at = content_type.find(';'); at != std::string_view::npos; at = content_type.find(';')) {
    content_type.remove_prefix(at + 1);
    const auto parameter = trimmed_part(content_type.substr(0, content_type.find(';')));
    if (parameter.size() > name.size() && boost::beast::iequals(parameter.substr(0, name.size()), name))
      return trimmed_part(parameter.substr(name.size()));
  }
  return {};
}

bool looks_like_json(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '[' || text[first] == '{');
}

Awaitable<void> write_parts(BodySink& sink, ExportParts parts, bool csv) {
  std::string text = csv ? parts.header : "[";
  for (bool first = true, more = true; more;) {
    std::vector<std::string> items;
    more = parts.next(items);
    for (const auto& item : items) {
      if (!csv) text += std::exchange(first, false) ? "\n" : ",\n";
      text += item;
    }
    if (!more && !csv) text += "\n]\n";
    const std::string_view part = text;
    if (!co_await sink.write(std::span(&part, 1))) co_return;
    text.clear();
  }
}

}  // namespace

std::vector<std::string> import_types() {
  return {"text/csv",
          "application/json",
          "text/plain",
          "application/csv",
          "application/vnd.ms-excel",
          "application/octet-stream",
          "text/tab-separated-values",
          "text/comma-separated-values",
          "text/x-csv",
          "application/x-csv"};
}

Result<ImportFile> import_file(std::string_view content_type, std::string bytes) {
  const auto essence = trimmed_part(content_type.substr(0, content_type.find(';')));
  const bool says_nothing =
      boost::beast::iequals(essence, "text/plain") || boost::beast::iequals(essence, "application/octet-stream");
  if (boost::beast::iequals(essence, json_type) || (says_nothing && looks_like_json(bytes)))
    return ImportFile{true, std::move(bytes)};
  auto text = bulk::decoded(bytes, charset_of(content_type));
  if (!text) return text.error();
  return ImportFile{false, std::move(*text)};
}

RowAction action_of(bool existed, const std::vector<Event>& events) {
  return !existed ? RowAction::create : events.empty() ? RowAction::unchanged : RowAction::replace;
}

bj::object view(const JudgedRow& row) {
  bj::object out{{"row", row.row},
                 {row.key_name, text(row.key)},
                 {"action", text(boost::describe::enum_to_string(row.action, ""))}};
  if (row.extension) out["extension"] = text(boost::describe::enum_to_string(*row.extension, ""));
  if (row.fault) {
    out["error"] = text(row.fault->message);
    out["code"] = text(row.fault->code);
  }
  if (!row.warnings.empty()) out["warnings"] = row.warnings;
  return out;
}

bj::object import_summary(std::size_t total, const std::array<std::size_t, 4>& counts, bool dry_run,
                          std::string_view message) {
  const auto count = [&](RowAction action) { return counts.at(static_cast<std::size_t>(action)); };
  return {{"success", count(RowAction::refused) == 0},
          {"dry_run", dry_run},
          {"total", total},
          {"created", count(RowAction::create)},
          {"replaced", count(RowAction::replace)},
          {"unchanged", count(RowAction::unchanged)},
          {"refused", count(RowAction::refused)},
          {"message", text(message)}};
}

std::optional<Error> spreadsheet_fault(std::string_view given, std::size_t digits, std::string_view also) {
  const auto trace = bulk::spreadsheet_trace(given, digits);
  if (trace.empty()) return std::nullopt;
  return malformed("spreadsheet_number",
                   trace + " " + std::string(bulk::spreadsheet_remedy()) + std::string(also) + ".");
}

Result<AppendRequest> Decisions::decide(Cause cause, const std::string& idempotency_key) {
  auto request = extensions.decide(cause, idempotency_key);
  if (!request) return request;
  if (cause.correlation.is_nil() && !request->facts.empty()) cause.correlation = request->facts.front().event.id;
  auto more = devices.decide(std::move(cause), idempotency_key);
  if (!more) return more;
  request->facts.insert(request->facts.end(), std::make_move_iterator(more->facts.begin()),
                        std::make_move_iterator(more->facts.end()));
  request->expectations.insert(request->expectations.end(), std::make_move_iterator(more->expectations.begin()),
                               std::make_move_iterator(more->expectations.end()));
  return request;
}

Awaitable<Result<void>> commit(Context& context, const Request& request, std::shared_ptr<Decisions> decisions,
                               actors::AskMeta meta) {
  auto& services = context.services;
  const std::size_t most_tries =
      actors::EntityWorld{services.log, services.ids, services.clock}.limits.conflict_retries;
  Position position{};
  for (std::size_t tries = 0;; ++tries) {
    const auto work = [decisions, meta] { return decisions->decide(meta.cause, meta.idempotency_key); };
    auto append = co_await offloaded(request, context.lanes.scans, work);
    if (!append) co_return append.error();
    if (append->facts.empty()) break;
    const auto start = [&](auto done) { services.log.append(std::move(*append), done); };
    const auto receipt = co_await completion<Receipt>(request, start);
    if (receipt) {
      position = receipt->position;
      break;
    }
    if (receipt.error().code != "version_conflict") co_return receipt.error();
    if (tries == most_tries)
      co_return conflict("entities_changing",
                         "What the file names was changed by others all the while, so none is imported. Try again.");
  }
  const auto wait = [&](auto done) {
    services.runner.when_applied(
        position, [done] { done(Result<bool>(true)); }, [done](const Error& error) { done(Result<bool>(error)); });
  };
  const auto applied = co_await completion<bool>(request, wait);
  if (!applied) co_return applied.error();
  co_return Result<void>();
}

Result<Response> export_file(const Request& request, std::string_view name,
                             std::function<ExportParts(bool csv)> parts) {
  const auto query = request.query();
  const auto format = query.find("format").value_or("csv");
  if (format != "csv" && format != "json")
    return unacceptable("unknown_format", "format is csv or json, not " + quoted(format) + ".");
  const bool csv = format == "csv";
  Response response{.content_type = csv ? "text/csv; charset=utf-8" : "application/json"};
  response.set("Content-Disposition", "attachment; filename=\"" + std::string(name) + (csv ? ".csv\"" : ".json\""));
  response.stream = [parts = std::move(parts), csv](BodySink& sink) { return write_parts(sink, parts(csv), csv); };
  return response;
}

Parameter dry_import_parameter() {
  return {.name = "dry_run", .description = "Only say it.", .schema = R"({"type":"boolean"})"};
}

Parameter export_format_parameter() {
  return {.name = "format", .description = "csv or json", .schema = R"({"enum":["csv","json"],"default":"csv"})"};
}

std::string import_schema(std::string_view key_name, std::string_view key_schema, std::string_view more) {
  const std::string key(key_name);
  return R"({
  "type": "object",
  "required": ["success", "dry_run", "total", "created", "replaced", "unchanged", "refused", "message"],
  "properties": {
    "success": {"type": "boolean", "description": "No row is refused; without dry_run: all are carried out."},
    "dry_run": {"type": "boolean"},
    "total": {"type": "integer"},
    "created": {"type": "integer"},
    "replaced": {"type": "integer", "description": "They were there before, and are something else now."},
    "unchanged": {"type": "integer"},
    "refused": {"type": "integer"},
    "message": {"type": "string"},)" +
         std::string(more) + R"(
    "rows": {"type": "array", "description": "Of a dry run: what would become of each row.", "items": {
      "type": "object",
      "required": ["row", ")" +
         key + R"(", "action"],
      "properties": {
        "row": {"type": "integer", "description": "CSV: the line; JSON: the place in the array, from 1."},
        ")" +
         key + R"(": )" + std::string(key_schema) + R"(,
        "action": {"enum": ["create", "replace", "unchanged", "refused"]},
        "extension": {"enum": ["create", "replace", "unchanged", "refused"], "description": "What becomes of the extension, where a device's row says what it is to be."},
        "error": {"type": "string"},
        "code": {"type": "string"},
        "warnings": {"type": "array", "items": {"type": "string"}}
      }}}
  }
})";
}

}  // namespace strowger::http::routes
