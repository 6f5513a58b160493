// /api/provisioning/devices/import and /export: many devices as a file, all of them or none.
#include "actors/bulk/device_entry.hpp"
#include "actors/decide_together.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/device_checks.hpp"
#include "events/utf8.hpp"

#include <algorithm>
#include <unordered_map>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using bulk::DeviceEntry;

constexpr std::size_t most_rows_said = 100;  // of those that are refused, in an error
constexpr std::size_t body_limit = 32U << 20;

constexpr std::string_view import_schema = R"({
  "type": "object",
  "required": ["success", "dry_run", "total", "created", "replaced", "unchanged", "refused", "message"],
  "properties": {
    "success": {"type": "boolean", "description": "No row is refused; without dry_run: all are carried out."},
    "dry_run": {"type": "boolean"},
    "total": {"type": "integer"},
    "created": {"type": "integer"},
    "replaced": {"type": "integer", "description": "Registered before with another extension or model."},
    "unchanged": {"type": "integer"},
    "refused": {"type": "integer"},
    "message": {"type": "string"},
    "rows": {"type": "array", "description": "Of a dry run: what would become of each row.", "items": {
      "type": "object",
      "required": ["row", "mac_address", "action"],
      "properties": {
        "row": {"type": "integer", "description": "CSV: the line; JSON: the place in the array, from 1."},
        "mac_address": {"type": "string"},
        "action": {"enum": ["create", "replace", "unchanged", "refused"]},
        "error": {"type": "string"},
        "code": {"type": "string"},
        "warnings": {"type": "array", "items": {"type": "string"}}
      }}}
  }
})";

enum class Action : std::uint8_t { create, replace, unchanged, refused };
BOOST_DESCRIBE_ENUM(Action, create, replace, unchanged, refused)

struct Judged {
  DeviceEntry entry;
  Action action = Action::refused;
  std::optional<Error> fault;
  bj::array warnings;
  actors::RegisterDevice command{};
};

struct Judgement {
  std::vector<Judged> rows;
  std::array<std::size_t, 4> counts{};  // by action

  std::size_t count(Action action) const { return counts.at(static_cast<std::size_t>(action)); }
  void set(Judged& row, Action action) {
    --counts.at(static_cast<std::size_t>(row.action));
    row.action = action;
    ++counts.at(static_cast<std::size_t>(action));
  }
};

Action action_of(bool registered, const std::vector<Event>& events) {
  return !registered ? Action::create : events.empty() ? Action::unchanged : Action::replace;
}

Result<std::vector<DeviceEntry>> read_json(const std::string& text) {
  const auto body = JsonBody::parse(text);
  if (!body) return body.error();
  simdjson::dom::array items;
  if (body->root().get(items) != simdjson::SUCCESS)
    return malformed("bad_json", "A JSON import is an array of devices, as the export with format=json writes it.");
  if (items.size() > bulk::most_rows) return bulk::too_many_rows(items.size());
  std::vector<DeviceEntry> entries;
  for (const auto item : items) {
    auto& entry = entries.emplace_back();
    entry.row = entries.size();
    Fields fields(item, "[" + std::to_string(entry.row - 1) + "].");
    entry.mac_address = fields.required_text("mac_address");
    entry.extension_number = fields.required_text_or_number("extension_number");
    entry.vendor = fields.required_text("vendor");
    entry.model = fields.required_text("model");
    entry.site = fields.text("site");
    if (fields.is_null("site")) entry.site = "";
    auto lines = lines_given(fields);
    if (!lines) return lines.error();
    entry.lines = std::move(*lines);
    if (auto fault = fields.fault()) return std::move(*fault);
  }
  return entries;
}

// Judges the rows in order, by what queries see and by the rows before.
class Judge {
 public:
  explicit Judge(const Services& services) : services_(services) {}

  Judgement judge(std::vector<DeviceEntry> entries) {
    Judgement all;
    all.rows.reserve(entries.size());
    for (auto& entry : entries) {
      Judged row;
      row.entry = std::move(entry);
      if (auto fine = judge(row); !fine) row.fault = fine.error();
      ++all.counts.at(static_cast<std::size_t>(row.action));
      all.rows.push_back(std::move(row));
    }
    return all;
  }

 private:
  Result<void> judge(Judged& row) {
    const auto mac = MacAddress::parse(row.entry.mac_address);
    if (!mac) return mac.error();
    const auto [first, is_first] = rows_.emplace(*mac, row.entry.row);
    if (!is_first)
      return conflict("repeated_mac", "The MAC address " + mac->text() + " is in row " + std::to_string(first->second) +
                                          " already. Leave one of the two.");
    const auto extension = existing_extension(services_, row.entry.extension_number);
    if (!extension) return extension.error();
    const auto kind = kind_of(services_, row.entry.vendor, row.entry.model);
    if (!kind) return kind.error();
    row.warnings = warnings_of(services_, *mac, *kind->vendor);
    const auto site = site_or_none(row.entry.site.value_or(""));
    if (!site) return site.error();
    auto lines = lines_of(services_, row.entry.lines);
    if (!lines) return lines.error();
    const auto present = services_.device_rows.find(*mac);
    if (auto settled = fitting_lines(*lines, present, *extension, *kind); !settled) return settled.error();

    row.command = {*mac, *extension, kind->vendor->vendor, kind->model->model, false, {}, {}, std::move(*lines), true};
    if (row.entry.site) row.command.site = *site;
    // As queries see the device now; an import decides again by the log.
    actors::Device::State state;
    if (present) {
      const auto& device = *present->definition;
      state.registered = true;
      state.mac = device.mac;
      state.extension = device.extension;
      state.vendor = device.vendor;
      state.model = device.model;
      state.site = device.site;
      state.lines = device.lines;
    }
    const auto decided =
        actors::Device::decide(state, row.command, actors::Context{services_.clock(), {}, services_.ids});
    if (!decided) return decided.error();
    row.action = action_of(state.registered, *decided);
    return {};
  }

  const Services& services_;
  std::unordered_map<MacAddress, std::size_t> rows_;
};

bj::object row_of(const Judged& row) {
  bj::object out{{"row", row.entry.row},
                 {"mac_address", text(row.entry.mac_address)},
                 {"action", text(boost::describe::enum_to_string(row.action, ""))}};
  if (row.fault) {
    out["error"] = text(row.fault->message);
    out["code"] = text(row.fault->code);
  }
  if (!row.warnings.empty()) out["warnings"] = row.warnings;
  return out;
}

bj::object summary(const Judgement& judged, bool dry_run, const std::string& message) {
  return {{"success", judged.count(Action::refused) == 0},
          {"dry_run", dry_run},
          {"total", judged.rows.size()},
          {"created", judged.count(Action::create)},
          {"replaced", judged.count(Action::replace)},
          {"unchanged", judged.count(Action::unchanged)},
          {"refused", judged.count(Action::refused)},
          {"message", text(message)}};
}

Error refused(const Judgement& judged) {
  bj::array rows;
  for (const auto& row : judged.rows)
    if (row.fault && rows.size() < most_rows_said) rows.push_back(row_of(row));
  const auto& first = rows.front().as_object();
  return unacceptable("rows_refused", std::to_string(judged.count(Action::refused)) + " of " +
                                          std::to_string(judged.rows.size()) +
                                          " rows cannot be imported, so none is. The first is row " +
                                          std::to_string(first.at("row").to_number<std::size_t>()) + ": " +
                                          std::string(first.at("error").as_string()))
      .with("rows", std::move(rows));
}

// The devices that are to change are decided by the log and committed as one. Where somebody else decided about one of
// them meanwhile, all are decided again.
Awaitable<Result<void>> carry_out(Context& context, const Request& request, Judgement& judged, actors::AskMeta meta) {
  auto& services = context.services;
  const actors::EntityWorld world{services.log, services.ids, services.clock};
  const auto together = std::make_shared<actors::DecideTogether<actors::Device>>(world);
  std::vector<Judged*> rows;
  for (auto& row : judged.rows) {
    if (row.action == Action::unchanged) continue;
    rows.push_back(&row);
    together->add(row.command.mac.text(), row.command);
  }
  Position position{};
  for (std::size_t tries = 0;; ++tries) {
    const auto work = [together, meta] { return together->decide(meta.cause, meta.idempotency_key); };
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
    if (tries == world.limits.conflict_retries)
      co_return conflict("devices_changing",
                         "Devices of the file were changed by others all the while, so none is imported. Try again.");
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    judged.set(*rows[i], action_of(together->before(i).registered, together->events(i)));
  const auto wait = [&](auto done) {
    services.runner.when_applied(
        position, [done] { done(Result<bool>(true)); }, [done](const Error& error) { done(Result<bool>(error)); });
  };
  const auto applied = co_await completion<bool>(request, wait);
  if (!applied) co_return applied.error();
  co_return Result<void>();
}

Awaitable<Result<Response>> import(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const bool csv = request.header(headers::content_type).find("csv") != std::string_view::npos;
  const auto dry = flag_parameter(request.query(), "dry_run");
  if (!dry) co_return dry.error();
  auto& services = context.services;
  const auto work = [&services, text = std::string(request.body),
                     csv](const std::stop_token& stop = {}) -> Result<Judgement> {
    auto entries = csv ? bulk::read_device_csv(text, stop) : read_json(text);
    if (!entries) return entries.error();
    return Judge(services).judge(std::move(*entries));
  };
  auto judged = co_await offloaded(request, context.lanes.scans, work);
  if (!judged) co_return judged.error();
  if (*dry) {
    auto answer = summary(*judged, true, "Nothing was changed.");
    bj::array rows;
    for (const auto& row : judged->rows) rows.push_back(row_of(row));
    answer["rows"] = std::move(rows);
    co_return json_response(answer);
  }
  if (judged->count(Action::refused) > 0) co_return refused(*judged);

  const auto carried_out = co_await carry_out(context, request, *judged, std::move(*meta));
  if (!carried_out) co_return carried_out.error();
  co_return json_response(summary(*judged, false,
                                  "Imported. Phones that are registered and have something else are told to fetch it, "
                                  "at the set pace; the others do at their next boot."));
}

DeviceEntry entry_of(const DeviceRow& row) {
  const auto& device = *row.definition;
  DeviceEntry entry{0, device.mac.text(), device.extension.text(), device.vendor, device.model, device.site, {}};
  auto& lines = entry.lines.emplace();
  for (const auto& line : device.lines) lines.push_back({line.line, line.extension.text(), line.label});
  return entry;
}

std::string json_of(const DeviceEntry& entry) {
  bj::array lines;
  for (const auto& line : *entry.lines) {
    bj::object shown{{"line", line.line}};
    if (!line.extension.empty()) shown["extension"] = line.extension;
    if (!line.label.empty()) shown["label"] = line.label;
    lines.push_back(std::move(shown));
  }
  return bj::serialize(bj::object{{"mac_address", entry.mac_address},
                                  {"extension_number", entry.extension_number},
                                  {"vendor", entry.vendor},
                                  {"model", entry.model},
                                  {"site", entry.site->empty() ? bj::value(nullptr) : bj::value(*entry.site)},
                                  {"lines", std::move(lines)}});
}

// A part at a time, so that however many there are, few are in memory.
Awaitable<void> write_devices(Context& context, BodySink& sink, bool csv) {
  constexpr std::size_t at_once = 500;
  std::string part = csv ? bulk::device_csv_header() : "[";
  std::optional<MacAddress> after;
  for (bool first = true;;) {
    const auto rows = context.services.device_rows.list(after, at_once);
    for (const auto& row : rows) {
      const auto entry = entry_of(row);
      if (csv)
        part += bulk::device_csv_row(entry);
      else
        part += (std::exchange(first, false) ? "\n" : ",\n") + json_of(entry);
    }
    const bool last = rows.size() < at_once;
    if (last && !csv) part += "\n]\n";
    const std::string_view text = part;
    if (!co_await sink.write(std::span(&text, 1)) || last) co_return;
    part.clear();
    after = rows.back().definition->mac;
  }
}

Result<Response> export_devices(const ContextPtr& context, const Request& request) {
  const auto query = request.query();
  const auto format = query.find("format").value_or("csv");
  if (format != "csv" && format != "json")
    return unacceptable("unknown_format", "format is csv or json, not '" + utf8::clip(format, 64) + "'.");
  const bool csv = format == "csv";
  Response response{.content_type = csv ? "text/csv; charset=utf-8" : "application/json"};
  response.set("Content-Disposition",
               csv ? "attachment; filename=\"devices.csv\"" : "attachment; filename=\"devices.json\"");
  response.stream = [context, csv](BodySink& sink) { return write_devices(*context, sink, csv); };
  return response;
}

}  // namespace

void add_device_files(Router& router, const ContextPtr& context) {
  router.add_schema("DeviceImport", std::string(import_schema));
  router.add({.method = Method::post,
              .pattern = "/api/provisioning/devices/import",
              .id = "importDevices",
              .tag = "devices",
              .summary = "Register many devices, all or none",
              .description = "CSV whose first line names the columns, or a JSON array of devices. With dry_run, says "
                             "what would become of each row and changes nothing. A device that is there already is "
                             "registered anew.",
              .role = Role::operator_,
              .parameters = {{.name = "dry_run", .description = "Only say it.", .schema = R"({"type":"boolean"})"},
                             idempotency_parameter()},
              .body_schema = R"({"type":["string","array"]})",
              .body_types = {"text/csv", "application/json"},
              .body_limit = body_limit,
              .replies = {{.status = 200, .description = "What became of the rows", .schema = "#DeviceImport"}},
              .errors = {400, 409, 413, 415, 422},
              .handler = AsyncHandler([context](const Request& request) { return import(*context, request); })});
  router.add(
      {.method = Method::get,
       .pattern = "/api/provisioning/devices/export",
       .id = "exportDevices",
       .tag = "devices",
       .summary = "All devices as a file that import takes",
       .parameters = {{.name = "format",
                       .description = "csv or json",
                       .schema = R"({"enum":["csv","json"],"default":"csv"})"}},
       .replies =
           {{.status = 200, .description = "The file", .schema = R"({"type":"string"})", .content_type = "text/csv"}},
       .errors = {422},
       .handler = Handler([context](const Request& request) { return export_devices(context, request); })});
}

}  // namespace strowger::http::routes
