// /api/provisioning/devices/import and /export: many devices as a file, all of them or none.
#include "actors/bulk/device_entry.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/device_checks.hpp"
#include "adapters/http/routes/extension_checks.hpp"

#include <unordered_map>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using bulk::DeviceEntry;

struct JudgedDevice : JudgedRow {
  DeviceEntry entry;
  actors::RegisterDevice command{};
};

constexpr std::string_view extension_counts = R"(
    "extensions": {"type": "object", "description": "Where the file says what extensions are to be: what became of them.", "properties": {
      "created": {"type": "integer"},
      "replaced": {"type": "integer"},
      "unchanged": {"type": "integer"}
    }},)";

// A file of devices, and what it says of their extensions.
struct JudgedFile {
  Judgement<JudgedExtension> extensions;
  Judgement<JudgedDevice> devices;
};

Result<std::vector<DeviceEntry>> read_device_json(const std::string& text) {
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
    entry.extension.name = fields.text("extension_name");
    entry.extension.email = fields.text("extension_email");
    entry.extension.password = fields.text("extension_password");
    if (auto fault = fields.fault()) return std::move(*fault);
  }
  return entries;
}

// Judges the rows in order, by what queries see, by the rows before, and by the extensions that come with them.
class DeviceJudge {
 public:
  explicit DeviceJudge(const Services& services) : services_(services) {}

  JudgedFile judge(std::vector<DeviceEntry> entries) {
    JudgedFile all;
    std::unordered_map<std::size_t, Error> differing;  // by the device's place
    all.extensions = ExtensionJudge(services_).judge(extensions_of(entries, differing));
    std::unordered_map<std::string, const JudgedExtension*> by_number;
    for (const auto& extension : all.extensions.rows) {
      by_number.emplace(extension.key, &extension);
      if (!extension.fault && !extension.present) coming_.insert(extension.number);
    }
    all.devices.rows.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      JudgedDevice row;
      row.row = entries[i].row;
      row.key_name = "mac_address";
      row.key = entries[i].mac_address;
      row.entry = std::move(entries[i]);
      const auto extension = by_number.find(row.entry.extension_number);
      if (row.entry.extension.says_something() && extension != by_number.end())
        row.extension = extension->second->action;
      if (const auto other = differing.find(i); other != differing.end())
        row.fault = other->second;
      else if (row.extension == RowAction::refused)
        row.fault = extension->second->fault;
      else if (auto fine = judge(row); !fine)
        row.fault = fine.error();
      if (row.fault) row.action = RowAction::refused;
      all.devices.add(std::move(row));
    }
    return all;
  }

 private:
  // What the file says of each extension: several devices may have one, and must then say the same of it.
  static std::vector<bulk::ExtensionEntry> extensions_of(const std::vector<DeviceEntry>& entries,
                                                         std::unordered_map<std::size_t, Error>& differing) {
    std::vector<bulk::ExtensionEntry> out;
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& device = entries[i];
      if (!device.extension.says_something()) continue;
      const auto [place, is_new] = places.emplace(device.extension_number, out.size());
      if (is_new) {
        auto& entry = out.emplace_back(device.extension);
        entry.row = device.row;
        entry.number = device.extension_number;
        continue;
      }
      auto& known = out[place->second];
      const auto merge = [&](auto member, const char* what) {
        const auto& given = device.extension.*member;
        if (given && known.*member && *given != *(known.*member))
          differing.emplace(i, conflict("extension_differs", "Extension " + known.number + " has another " + what +
                                                                 " in row " + std::to_string(known.row) +
                                                                 ". Say the same in both, or leave one empty."));
        if (!(known.*member)) known.*member = given;
      };
      merge(&bulk::ExtensionEntry::name, "name");
      merge(&bulk::ExtensionEntry::email, "email");
      merge(&bulk::ExtensionEntry::password, "password");
    }
    return out;
  }

  Result<void> judge(JudgedDevice& row) {
    const auto mac = MacAddress::parse(row.entry.mac_address);
    if (!mac)
      return spreadsheet_fault(row.entry.mac_address, 12, ", or write the address with colons, as in 00:15:65:12:34:56")
          .value_or(mac.error());
    const auto [first, is_first] = rows_.emplace(*mac, row.entry.row);
    if (!is_first)
      return conflict("repeated_mac", "The MAC address " + mac->text() + " is in row " + std::to_string(first->second) +
                                          " already. Leave one of the two.");
    const auto extension = existing_extension(services_, row.entry.extension_number, "extension_number", &coming_);
    if (!extension) return spreadsheet_fault(row.entry.extension_number, 0, "").value_or(extension.error());
    const auto kind = kind_of(services_, row.entry.vendor, row.entry.model);
    if (!kind) return kind.error();
    row.warnings = warnings_of(services_, *mac, *kind->vendor);
    const auto site = site_or_none(row.entry.site.value_or(""));
    if (!site) return site.error();
    auto lines = lines_of(services_, row.entry.lines, &coming_);
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
  ComingExtensions coming_;  // that the file creates
};

bj::object summary_of(const JudgedFile& judged, bool dry_run, std::string_view message) {
  auto answer = import_summary(judged.devices.rows.size(), judged.devices.counts, dry_run, message);
  if (!judged.extensions.rows.empty())
    answer["extensions"] = bj::object{{"created", judged.extensions.count(RowAction::create)},
                                      {"replaced", judged.extensions.count(RowAction::replace)},
                                      {"unchanged", judged.extensions.count(RowAction::unchanged)}};
  return answer;
}

// The devices and extensions that are to change are decided by the log and committed as one.
Awaitable<Result<void>> carry_out(Context& context, const Request& request, JudgedFile& judged, actors::AskMeta meta) {
  auto& services = context.services;
  const auto decisions = std::make_shared<Decisions>(actors::EntityWorld{services.log, services.ids, services.clock});
  std::vector<JudgedDevice*> rows;
  for (auto& row : judged.devices.rows) {
    if (row.action == RowAction::unchanged) continue;
    rows.push_back(&row);
    decisions->devices.add(row.command.mac.text(), row.command);
  }
  const auto done = co_await import_extensions(context, request, judged.extensions, decisions, std::move(meta));
  if (!done) co_return done;
  for (std::size_t i = 0; i < rows.size(); ++i)
    judged.devices.set(*rows[i], action_of(decisions->devices.before(i).registered, decisions->devices.events(i)));
  co_return Result<void>();
}

Awaitable<Result<Response>> import(Context& context, const Request& request) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto dry = flag_parameter(request.query(), "dry_run");
  if (!dry) co_return dry.error();
  auto& services = context.services;
  const auto work = [&services, body = std::string(request.body),
                     type = std::string(request.header(headers::content_type))](
                        const std::stop_token& stop = {}) -> Result<JudgedFile> {
    const auto file = import_file(type, body);
    if (!file) return file.error();
    auto entries = file->json ? read_device_json(file->text) : bulk::read_device_csv(file->text, stop);
    if (!entries) return entries.error();
    return DeviceJudge(services).judge(std::move(*entries));
  };
  auto judged = co_await offloaded(request, context.lanes.scans, work);
  if (!judged) co_return judged.error();
  if (*dry) {
    auto answer = summary_of(*judged, true, "Nothing was changed.");
    answer["rows"] = judged->devices.views();
    co_return json_response(answer);
  }
  if (judged->devices.count(RowAction::refused) > 0) co_return rows_refused(judged->devices);

  const auto carried_out = co_await carry_out(context, request, *judged, std::move(*meta));
  if (!carried_out) co_return carried_out.error();
  co_return json_response(summary_of(*judged, false,
                                     "Imported. Phones that are registered and have something else are told to fetch "
                                     "it, at the set pace; the others do at their next boot."));
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

ExportParts device_parts(const ContextPtr& context, bool csv) {
  constexpr std::size_t at_once = 500;
  return {bulk::device_csv_header(),
          [context, csv, after = std::optional<MacAddress>()](std::vector<std::string>& part) mutable {
            const auto rows = context->services.device_rows.list(after, at_once);
            for (const auto& row : rows) {
              auto entry = entry_of(row);
              // Twelve digits a spreadsheet takes for a number, and drops its zeros.
              if (csv) entry.mac_address = row.definition->mac.colons();
              part.push_back(csv ? bulk::device_csv_row(entry) : json_of(entry));
            }
            if (rows.size() < at_once) return false;
            after = rows.back().definition->mac;
            return true;
          }};
}

}  // namespace

void add_device_files(Router& router, const ContextPtr& context) {
  router.add_schema("DeviceImport", import_schema("mac_address", R"({"type": "string"})", extension_counts));
  router.add({.method = Method::post,
              .pattern = "/api/provisioning/devices/import",
              .id = "importDevices",
              .tag = "devices",
              .summary = "Register many devices, all or none",
              .description = "CSV whose first line names the columns, or a JSON array of devices. With dry_run, says "
                             "what would become of each row and changes nothing. A device that is there already is "
                             "registered anew. The columns extension_name, extension_email and extension_password "
                             "create its extension where it does not exist, and change it where it does.",
              .role = Role::operator_,
              .parameters = {dry_import_parameter(), idempotency_parameter()},
              .body_schema = R"({"type":["string","array"]})",
              .body_types = import_types(),
              .body_limit = import_body_limit,
              .replies = {{.status = 200, .description = "What became of the rows", .schema = "#DeviceImport"}},
              .errors = {400, 409, 413, 415, 422},
              .handler = AsyncHandler([context](const Request& request) { return import(*context, request); })});
  router.add(
      {.method = Method::get,
       .pattern = "/api/provisioning/devices/export",
       .id = "exportDevices",
       .tag = "devices",
       .summary = "All devices as a file that import takes",
       .parameters = {export_format_parameter()},
       .replies =
           {{.status = 200, .description = "The file", .schema = R"({"type":"string"})", .content_type = "text/csv"}},
       .errors = {422},
       .handler = Handler([context](const Request& request) {
         return export_file(request, "devices", [context](bool csv) { return device_parts(context, csv); });
       })});
}

}  // namespace strowger::http::routes
