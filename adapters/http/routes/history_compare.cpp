// /api/provisioning/devices/{mac}/diff, /explain: what changed in a phone's file between two points in time, and what
// each line of it came from.
#include "actors/provisioning/config_diff.hpp"
#include "actors/provisioning/explain.hpp"
#include "adapters/http/routes/history_view.hpp"
#include "adapters/http/routes/restore.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view diff_schema = R"({
  "type": "object",
  "description": "What differs between a phone's file at two points in time. Secrets are masked; that one changed shows.",
  "required": ["mac_address", "from", "to", "identical", "changes", "lines"],
  "properties": {
    "mac_address": {"type": "string"},
    "from": {"$ref": "#/components/schemas/PastConfigSummary"},
    "to": {"$ref": "#/components/schemas/PastConfigSummary"},
    "identical": {"type": "boolean", "description": "Byte by byte, secrets included."},
    "changes": {
      "type": "array",
      "description": "Key by key, where both files are of one grammar.",
      "items": {
        "type": "object",
        "required": ["key", "change", "before", "after", "secret"],
        "properties": {
          "key": {"type": "string", "description": "Of a text file the key; of XML the path of element or attribute.",
                  "examples": ["account.1.label", "APPLICATION/registration@reg.1.label"]},
          "change": {"enum": ["added", "removed", "changed"]},
          "before": {"type": ["string", "null"]},
          "after": {"type": ["string", "null"]},
          "secret": {"type": "boolean"}
        }
      }
    },
    "lines": {
      "type": "array",
      "description": "Line by line, where keys do not tell the difference: another grammar, comments, order.",
      "items": {
        "type": "object",
        "required": ["change", "line", "text"],
        "properties": {
          "change": {"enum": ["added", "removed"]},
          "line": {"type": "integer", "description": "Of the file that has it."},
          "text": {"type": "string"}
        }
      }
    }
  }
})";
constexpr std::string_view summary_schema = R"({
  "type": "object",
  "required": ["at", "extension_number", "vendor", "model", "template", "etag"],
  "properties": {
    "at": {"$ref": "#/components/schemas/Moment"},
    "extension_number": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "template": {"type": "object"},
    "etag": {"type": ["string", "null"], "description": "Null where the file cannot be made again as it was."}
  }
})";
constexpr std::string_view explanation_schema = R"({
  "type": "object",
  "description": "For each key of a phone's file, in its order, where it came from.",
  "required": ["mac_address", "at", "extension_number", "vendor", "model", "template", "etag", "keys"],
  "properties": {
    "mac_address": {"type": "string"},
    "at": {"$ref": "#/components/schemas/Moment"},
    "extension_number": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "template": {"type": "object"},
    "etag": {"type": ["string", "null"]},
    "keys": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["key", "value", "secret", "line", "level", "template_line", "template_text", "placeholders",
                     "conditions", "sources"],
        "properties": {
          "key": {"type": "string"},
          "value": {"type": "string", "description": "Masked where it is a secret."},
          "secret": {"type": "boolean"},
          "line": {"type": "integer", "description": "Of the file."},
          "level": {"enum": ["device", "extension", "settings", "custom_template", "built_in_template"]},
          "template_line": {"type": "integer"},
          "template_text": {"type": "string"},
          "placeholders": {"type": "array", "items": {"type": "string"}},
          "conditions": {"type": "array", "items": {"type": "string"},
                         "description": "Placeholders of the sections that the line depends on or holds."},
          "sources": {
            "type": "array",
            "items": {
              "type": "object",
              "required": ["what", "event"],
              "properties": {
                "what": {"type": "string", "examples": ["extension.name", "settings.external_ip", "template.text"]},
                "event": {"$ref": "#/components/schemas/Origin"}
              }
            }
          }
        }
      }
    }
  }
})";

bj::value restored_etag(const Restored& restored) {
  if (!restored.is_exact()) return nullptr;
  return text(restored.exact->etag);
}

bj::object summary(const Restored& restored) {
  auto view = basis_view(restored.past);
  view["at"] = view_of(restored.moment);
  view["etag"] = restored_etag(restored);
  return view;
}

// A secret that is destroyed is compared by how it was sealed: another one is another, and that is all that is known.
Result<provisioning::TakenApart> comparable(const Restored& restored, bool both_exact) {
  if (both_exact) return restored.parts;
  const auto& past = restored.past;
  const auto values =
      provisioning::values_of(past, [](const SealedSecret& secret) { return Result<std::string>(secret.text); });
  if (!values) return values.error();
  return provisioning::take_apart(past.source, *values);
}

bj::value or_null(const std::optional<std::string>& value) {
  if (!value) return nullptr;
  return safe_text(*value);
}

Result<bj::object> compare(const MacAddress& mac, const Restored& from, const Restored& to) {
  const bool both_exact = from.exact && to.exact;
  const auto before = comparable(from, both_exact);
  if (!before) return before.error();
  const auto after = comparable(to, both_exact);
  if (!after) return after.error();

  const bool identical = before->bytes == after->bytes;
  bj::array changes;
  if (from.past.source.format == to.past.source.format)
    for (const auto& change : provisioning::key_changes(*before, *after))
      changes.push_back(bj::object{{"key", safe_text(change.key)},
                                   {"change", text(provisioning::to_string(change.kind))},
                                   {"before", or_null(change.before)},
                                   {"after", or_null(change.after)},
                                   {"secret", change.secret}});
  bj::array lines;
  if (!identical && changes.empty())
    for (const auto& change : provisioning::line_changes(before->masked(), after->masked()))
      lines.push_back(bj::object{{"change", text(provisioning::to_string(change.kind))},
                                 {"line", change.line},
                                 {"text", safe_text(change.text)}});
  return bj::object{{"mac_address", text(mac.text())}, {"from", summary(from)},         {"to", summary(to)},
                    {"identical", identical},          {"changes", std::move(changes)}, {"lines", std::move(lines)}};
}

Awaitable<Result<Response>> diff(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto query = request.query();
  if (!query.find("from"))
    co_return malformed("missing_parameter",
                        "from is missing: the point in time to compare with, such as "
                        "from=2026-01-08T10:15Z or from=12345.");
  const auto from = provisioning::parse_point_in_time(*query.find("from"));
  if (!from) co_return from.error();
  const auto to = provisioning::parse_point_in_time(query.find("to").value_or(""));
  if (!to) co_return to.error();
  const auto work = [&services = context.services, mac = *mac, from = *from, to = *to]() -> Result<bj::object> {
    const auto before = restore(services, mac, from);
    if (!before) return before.error();
    const auto after = restore(services, mac, to);
    if (!after) return after.error();
    return compare(mac, *before, *after);
  };
  const auto compared = co_await offloaded(request, context.pool, work);
  if (!compared) co_return compared.error();
  co_return json_response(*compared);
}

bj::array texts(const std::vector<std::string>& list) {
  bj::array out;
  for (const auto& item : list) out.push_back(text(item));
  return out;
}

bj::object explained_view(const provisioning::ExplainedKey& key) {
  bj::array sources;
  for (const auto& source : key.sources)
    sources.push_back(bj::object{{"what", text(source.what)}, {"event", routes::view_of(source.origin)}});
  return {{"key", safe_text(key.key)},
          {"value", safe_text(key.value)},
          {"secret", key.secret},
          {"line", key.line},
          {"level", text(key.level)},
          {"template_line", key.template_line},
          {"template_text", safe_text(key.template_text)},
          {"placeholders", texts(key.placeholders)},
          {"conditions", texts(key.conditions)},
          {"sources", std::move(sources)}};
}

Awaitable<Result<Response>> explanation(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto query = request.query();
  const auto point = provisioning::parse_point_in_time(query.find("at").value_or(""));
  if (!point) co_return point.error();
  const auto work = [&services = context.services, mac = *mac, point = *point]() -> Result<bj::object> {
    const auto restored = restore(services, mac, point);
    if (!restored) return restored.error();
    if (!restored->parts) return restored->parts.error();
    auto view = summary(*restored);
    view["mac_address"] = text(mac.text());
    bj::array keys;
    for (const auto& key : provisioning::explain(restored->past, *restored->parts)) keys.push_back(explained_view(key));
    view["keys"] = std::move(keys);
    return view;
  };
  const auto explained = co_await offloaded(request, context.pool, work);
  if (!explained) co_return explained.error();
  co_return json_response(*explained);
}

}  // namespace

void add_history_comparison(Router& router, const ContextPtr& context) {
  router.add_schema("PastConfigSummary", std::string(summary_schema));
  router.add_schema("ConfigDiff", std::string(diff_schema));
  router.add_schema("ConfigExplanation", std::string(explanation_schema));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}/diff",
              .id = "diffDeviceConfig",
              .tag = "time travel",
              .summary = "What differs in a device's file between two points in time",
              .parameters = {mac_path_parameter(), point_parameter("from", "The earlier point; needed.", true),
                             point_parameter("to", "The later point.")},
              .replies = {{.status = 200, .description = "The difference", .schema = "#ConfigDiff"}},
              .errors = {400, 404, 422},
              .handler = AsyncHandler([context](const Request& request) { return diff(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}/explain",
              .id = "explainDeviceConfig",
              .tag = "time travel",
              .summary = "Where each key of a device's file came from, at a point in time",
              .description = "Level, template line, placeholders, and the events with their authors.",
              .parameters = {mac_path_parameter(), point_parameter("at", "When.")},
              .replies = {{.status = 200, .description = "Each key of the file", .schema = "#ConfigExplanation"}},
              .errors = {400, 404, 422},
              .handler = AsyncHandler([context](const Request& request) { return explanation(*context, request); })});
}

}  // namespace strowger::http::routes
