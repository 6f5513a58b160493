// /api/system/undecodable and /api/system/dead-letters: events that nobody could read, and events that a reactor could
// not handle.
#include "adapters/http/routes/context.hpp"

#include <spdlog/logger.h>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::string_view undecodable_schema = R"({
  "type": "object",
  "required": ["damaged", "newer", "events"],
  "properties": {
    "damaged": {"type": "integer", "description": "Events whose data cannot be read; `strowger log repair` mends them while the server is stopped."},
    "newer": {"type": "integer", "description": "Events of a newer release; that release reads them."},
    "events": {"type": "array", "description": "The first 1000, in the log's order.", "items": {
      "type": "object",
      "required": ["position", "id", "stream", "stream_version", "type", "schema", "time", "by", "reason", "newer"],
      "properties": {
        "position": {"type": "integer"},
        "id": {"type": "string", "format": "uuid"},
        "stream": {"type": "string"},
        "stream_version": {"type": "integer"},
        "type": {"type": "string"},
        "schema": {"type": "integer"},
        "time": {"type": "string", "format": "date-time"},
        "by": {"type": "string"},
        "reason": {"type": "string", "description": "Why it cannot be decoded."},
        "newer": {"type": "boolean"}
      }
    }}
  }
})";
constexpr std::string_view letter_schema = R"({
  "type": "object",
  "required": ["handler", "event", "position", "stream", "type", "reason", "tries", "parked_at"],
  "properties": {
    "handler": {"type": "string", "description": "The reactor that gave up on it."},
    "event": {"type": "string", "format": "uuid", "description": "The event's id."},
    "position": {"type": ["integer", "null"], "description": "Its place in the log, where that is known."},
    "stream": {"type": "string"},
    "type": {"type": "string"},
    "reason": {"type": "string", "description": "Why the last try failed."},
    "tries": {"type": "integer"},
    "parked_at": {"type": "string", "format": "date-time"}
  }
})";

Result<Response> undecodable(const Services& services) {
  QuarantineCounts counts;
  bj::array events;
  if (services.quarantine_rows != nullptr) {
    counts = services.quarantine_rows->counts();
    for (const auto& row : services.quarantine_rows->list())
      events.push_back(bj::object{{"position", number(row->position)},
                                  {"id", text(row->event.text())},
                                  {"stream", text(row->stream)},
                                  {"stream_version", number(row->version)},
                                  {"type", text(row->type)},
                                  {"schema", row->schema},
                                  {"time", iso(row->time)},
                                  {"by", text(row->by)},
                                  {"reason", text(row->reason)},
                                  {"newer", row->newer}});
  }
  return json_response(bj::object{{"damaged", counts.damaged}, {"newer", counts.newer}, {"events", std::move(events)}});
}

Result<Response> list_letters(const Services& services) {
  bj::array list;
  if (services.dead_letters != nullptr)
    for (const auto& letter : services.dead_letters->list()) {
      bj::value position = nullptr;
      if (number(letter.position) > 0) position = number(letter.position);
      list.push_back(bj::object{{"handler", text(letter.handler)},
                                {"event", text(letter.event.text())},
                                {"position", std::move(position)},
                                {"stream", text(letter.stream)},
                                {"type", text(letter.type)},
                                {"reason", text(letter.reason)},
                                {"tries", letter.tries},
                                {"parked_at", iso(letter.parked_at)}});
    }
  return json_response(list);
}

Result<std::pair<std::string, Uuid>> letter_of(const Services& services, const Request& request) {
  const auto event = Uuid::parse(request.parameter(1));
  if (!event || services.dead_letters == nullptr)
    return not_found("no_dead_letter", "There is no such dead letter; GET /api/system/dead-letters lists them.");
  return std::pair{request.parameter(0), *event};
}

Result<Response> retry_letter(const Services& services, const Request& request) {
  const auto letter = letter_of(services, request);
  if (!letter) return letter.error();
  if (auto done = services.dead_letters->retry(letter->first, letter->second); !done) return done.error();
  return json_response(
      bj::object{{"success", true},
                 {"message", "It is tried again in a moment. Where that succeeds it is parked no more."}},
      202);
}

Awaitable<Result<Response>> skip_letter(Context& context, const Request& request) {
  const auto& services = context.services;
  const auto letter = letter_of(services, request);
  if (!letter) co_return letter.error();
  const auto start = [&](auto done) {
    services.dead_letters->skip(letter->first, letter->second, [done](const Result<void>& skipped) {
      done(skipped ? Result<bool>(true) : Result<bool>(skipped.error()));
    });
  };
  const auto skipped = co_await completion<bool>(request, start);
  if (!skipped) co_return skipped.error();
  services.logger.info("{} skipped the dead letter of {} for event {}", request.who.by(), letter->first,
                       letter->second.text());
  co_return json_response(bj::object{{"success", true}, {"message", "The event is skipped"}});
}

std::vector<Parameter> letter_parameters() {
  return {{.name = "handler", .description = "The reactor that gave up on it.", .in = Parameter::In::path},
          {.name = "event", .description = "The event's id.", .in = Parameter::In::path}};
}

}  // namespace

void add_dead_letters(Router& router, const ContextPtr& context) {
  router.add_schema("Undecodable", std::string(undecodable_schema));
  router.add_schema("DeadLetter", std::string(letter_schema));
  router.add({.method = Method::get,
              .pattern = "/api/system/undecodable",
              .id = "listUndecodable",
              .tag = "system",
              .summary = "List the events that cannot be decoded",
              .description = "They stay in the log; queries and reactors pass over them.",
              .role = Role::admin,
              .replies = {{.status = 200, .description = "As of now", .schema = "#Undecodable"}},
              .handler = Handler([context](const Request&) { return undecodable(context->services); })});
  router.add({.method = Method::get,
              .pattern = "/api/system/dead-letters",
              .id = "listDeadLetters",
              .tag = "system",
              .summary = "List the events that a reactor could not handle",
              .description = "Each was tried several times, then parked, so that what came after it was handled.",
              .role = Role::admin,
              .replies = {{.status = 200,
                           .description = "By reactor, the oldest first",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/DeadLetter"}})"}},
              .handler = Handler([context](const Request&) { return list_letters(context->services); })});
  router.add(
      {.method = Method::post,
       .pattern = "/api/system/dead-letters/{handler}/{event}/retry",
       .id = "retryDeadLetter",
       .tag = "system",
       .summary = "Try a parked event again",
       .role = Role::admin,
       .parameters = letter_parameters(),
       .replies = {{.status = 202, .description = "It will be tried in a moment", .schema = "#Done"}},
       .errors = {404},
       .handler = Handler([context](const Request& request) { return retry_letter(context->services, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/system/dead-letters/{handler}/{event}/skip",
              .id = "skipDeadLetter",
              .tag = "system",
              .summary = "Skip a parked event",
              .description = "What the reactor would have done for it is not done, and it is listed no more.",
              .role = Role::admin,
              .parameters = letter_parameters(),
              .replies = {{.status = 200, .description = "It is skipped, durably", .schema = "#Done"}},
              .errors = {404},
              .handler = AsyncHandler([context](const Request& request) { return skip_letter(*context, request); })});
}

}  // namespace strowger::http::routes
