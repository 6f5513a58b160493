// /api/provisioning/devices/{mac}/config, /served: what a phone would have got at any time, and what it did get.
#include "actors/provisioning/taken_apart.hpp"
#include "adapters/http/routes/history_view.hpp"
#include "adapters/http/routes/restore.hpp"

#include <charconv>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::size_t default_page = 100;
constexpr std::size_t most_page = 1000;

// Who saw which secret is recorded before it is shown; where that cannot be, it is not shown.
Awaitable<Result<Receipt>> record_disclosure(Context& context, const Request& request, const Restored& restored) {
  auto& services = context.services;
  const SecretsShown event{restored.past.device.mac, restored.past.extension.number, number(restored.moment.position)};
  AppendRequest append;
  append.stream = StreamId::activity_of(event.mac);
  append.events.push_back(encode(event, Cause{request.who.by(), {}, {}}, services.clock(), services.ids));
  co_return co_await completion<Receipt>(request,
                                         [&](auto done) { services.log.append(std::move(append), std::move(done)); });
}

bj::object config_view(const MacAddress& mac, const Restored& restored, std::string_view secrets,
                       const std::string& config) {
  auto view = basis_view(restored.past);
  view["mac_address"] = text(mac.text());
  view["at"] = view_of(restored.moment);
  view["content_type"] = text(restored.past.source.content_type);
  view["exact"] = restored.is_exact();
  view["etag"] = restored.is_exact() ? bj::value(text(restored.exact->etag)) : bj::value(nullptr);
  view["size"] = restored.is_exact() ? bj::value(restored.exact->bytes.size()) : bj::value(nullptr);
  view["secrets"] = text(secrets);
  view["note"] = restored.note.empty() ? bj::value(nullptr) : bj::value(text(restored.note));
  view["config"] = safe_text(config);
  return view;
}

Awaitable<Result<Response>> config(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto query = request.query();
  const auto point = provisioning::parse_point_in_time(query.find("at").value_or(""));
  if (!point) co_return point.error();
  const auto secrets = flag_parameter(query, "secrets");
  if (!secrets) co_return secrets.error();
  const auto raw = flag_parameter(query, "raw");
  if (!raw) co_return raw.error();
  if (*secrets && !request.who.may(Role::admin))
    co_return Error{ErrorKind::forbidden, "role_needed",
                    "Only an administrator may see a phone's file with its secrets. Leave out secrets=true."};

  const auto work = [&services = context.services, mac = *mac, point = *point] {
    return restore(services, mac, point);
  };
  const auto restored = co_await offloaded(request, context.lanes.reads, work);
  if (!restored) co_return restored.error();
  const bool shown = *secrets && restored->exact;
  if (!shown && !restored->parts) co_return restored->parts.error();
  if (shown)
    if (const auto recorded = co_await record_disclosure(context, request, *restored); !recorded)
      co_return recorded.error();

  const auto bytes = shown ? restored->exact->bytes : restored->parts->masked();
  const std::string_view state = !restored->exact ? "destroyed" : shown ? "shown" : "masked";
  Response response;
  if (*raw) {
    // A static text for each that there is: a Response holds only a view of it.
    response.content_type =
        restored->past.source.format == provisioning::Format::xml ? "application/xml" : "text/plain";
    response.body = bytes;
    if (shown && restored->is_exact()) response.set("ETag", restored->exact->etag);
    response.set("X-Log-Position", std::to_string(number(restored->moment.position)));
    response.set("X-Secrets", std::string(state));
  } else {
    response = json_response(config_view(*mac, *restored, state, bytes));
  }
  response.set("Cache-Control", "no-store");
  co_return response;
}

Result<std::optional<Position>> cursor_of(const std::string& text) {
  if (text.empty()) return std::optional<Position>{};
  std::uint64_t position = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), position);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    return malformed("bad_cursor", "cursor must be the position of the last item of the page before.");
  return std::optional(Position{position});
}

Awaitable<Result<Response>> served(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto page = page_of(request, default_page);
  if (!page) co_return page.error();
  if (page->limit > most_page)
    co_return malformed("bad_limit", "limit must be a whole number from 1 to " + std::to_string(most_page) + ".");
  const auto before = cursor_of(page->cursor);
  if (!before) co_return before.error();
  const auto work = [&services = context.services, mac = *mac, before = *before, limit = page->limit] {
    return history::History(services.log, services.vault).served(mac, before, limit);
  };
  const auto found = co_await offloaded(request, context.lanes.scans, work);
  if (!found) co_return found.error();
  bj::array items;
  for (const auto& file : found->files) items.push_back(view_of(file));
  const auto next = found->more ? std::to_string(number(found->files.back().position)) : std::string();
  co_return page_response(request, std::move(items), found->total, next);
}

}  // namespace

void add_history(Router& router, const ContextPtr& context) {
  router.add_schema("Origin", std::string(origin_schema()));
  router.add_schema("Moment", R"({
  "type": "object",
  "description": "The last event of the log that counts.",
  "required": ["position", "time"],
  "properties": {"position": {"type": "integer"}, "time": {"type": "string", "format": "date-time"}}
})");
  router.add_schema("PastConfig", std::string(past_config_schema()));
  router.add_schema("ServedFile", std::string(served_schema()));
  router.add_schema("FoldedFetches", std::string(folded_schema()));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}/config",
              .id = "getDeviceConfigAt",
              .tag = "time travel",
              .summary = "The file that a device's phone would have been served at a point in time",
              .description =
                  "Made from the log alone: the device, its extension, the template and the settings as they were. Its "
                  "ETag is the one that was recorded when a phone was served it. Secrets are masked. An administrator "
                  "who asks for them is recorded (device.secrets_shown) before they are shown. After an extension was "
                  "deleted its password is destroyed, and the file cannot be made again as it was.",
              .parameters = {mac_path_parameter(),
                             point_parameter("at", "When."),
                             {.name = "secrets",
                              .description = "Show secrets; for administrators.",
                              .schema = R"({"type":"boolean","default":false})"},
                             {.name = "raw",
                              .description = "Only the file, as it was, instead of JSON around it.",
                              .schema = R"({"type":"boolean","default":false})"}},
              .replies = {{.status = 200,
                           .description = "The file; with raw=true as text/plain or application/xml, and with an ETag "
                                          "where it is exact",
                           .schema = "#PastConfig",
                           .headers = {"ETag", "X-Log-Position", "X-Secrets"}}},
              .errors = {400, 404, 422},
              .handler = AsyncHandler([context](const Request& request) { return config(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}/served",
              .id = "listServedFiles",
              .tag = "time travel",
              .summary = "What a device's phone was served, newest first",
              .description =
                  "From the device's stream of the log. A device that is not registered any more is shown too. Fetches "
                  "whose retention time has passed are one entry for each summary of a day.",
              .parameters = {mac_path_parameter(),
                             {.name = "limit",
                              .description = "How many items at most.",
                              .schema = R"({"type":"integer","minimum":1,"maximum":1000,"default":100})"},
                             cursor_parameter()},
              .replies = {{.status = 200,
                           .description = "A page of them",
                           .schema = R"({"type":"array","items":{"oneOf":[{"$ref":"#/components/schemas/ServedFile"},)"
                                     R"({"$ref":"#/components/schemas/FoldedFetches"}]}})",
                           .headers = {"Link", "X-Total-Count"}}},
              .errors = {400, 404, 422},
              .handler = AsyncHandler([context](const Request& request) { return served(*context, request); })});
}

}  // namespace strowger::http::routes
