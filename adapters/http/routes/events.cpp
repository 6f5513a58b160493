// /api/events: the log, a page at a time, as CloudEvents without secrets.
#include "adapters/http/events/encoding.hpp"
#include "adapters/http/events/page.hpp"
#include "adapters/http/routes/context.hpp"
#include "adapters/http/routes/event_parameters.hpp"

#include <charconv>

namespace strowger::http::routes {
namespace {

constexpr std::string_view cloud_event_schema = R"({
  "type": "object",
  "description": "A CloudEvents 1.0 event in its JSON format. Secrets are masked.",
  "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data", "sequence",
               "streamversion", "correlationid", "by"],
  "properties": {
    "specversion": {"const": "1.0"},
    "id": {"type": "string", "format": "uuid"},
    "source": {"type": "string"},
    "type": {"type": "string", "examples": ["strowger.device.registered.v1"]},
    "subject": {"type": "string", "description": "What the event is about.", "examples": ["device/001565123456"]},
    "stream": {"type": "string", "description": "The stream that streamversion counts in, where it is not the subject.",
               "examples": ["device-activity/001565123456"]},
    "time": {"type": "string", "format": "date-time"},
    "datacontenttype": {"const": "application/json"},
    "data": {"type": ["object", "null"]},
    "sequence": {"type": "string", "description": "The position in the log."},
    "streamversion": {"type": "integer", "minimum": 1},
    "correlationid": {"type": "string"},
    "causationid": {"type": "string"},
    "by": {"type": "string"}
  }
})";

constexpr std::size_t most_limit = 1000;

Result<events::PageQuery> read_query(const Query& query) {
  events::PageQuery wanted;
  auto filter = events::read_filter(query, {"after", "before", "order", "limit"});
  if (!filter) return filter.error();
  wanted.filter = std::move(*filter);
  if (const auto after = query.find("after")) {
    const auto position = events::parse_position("after", *after);
    if (!position) return position.error();
    wanted.after = *position;
  }
  if (const auto before = query.find("before")) {
    const auto position = events::parse_position("before", *before);
    if (!position) return position.error();
    wanted.before = *position;
  }
  wanted.newest_first = !query.find("after");
  if (const auto order = query.find("order")) {
    if (*order != "asc" && *order != "desc")
      return malformed("bad_order", "order must be asc, oldest first, or desc, newest first.");
    wanted.newest_first = *order == "desc";
  }
  if (const auto limit = query.find("limit")) {
    const auto read = std::from_chars(limit->data(), limit->data() + limit->size(), wanted.limit);
    if (read.ec != std::errc() || read.ptr != limit->data() + limit->size() || wanted.limit == 0 ||
        wanted.limit > most_limit)
      return malformed("bad_limit", "limit must be a whole number from 1 to " + std::to_string(most_limit) + ".");
  }
  return wanted;
}

struct EventsPage {
  std::string body;
  Position reached{};
  bool more = false;
};

Result<EventsPage> find(EventLog& log, const events::PageQuery& wanted) {
  const auto page = events::read_page(log, wanted);
  if (!page) return page.error();
  EventsPage found{"[", page->reached, page->more};
  for (const auto& record : page->events) {
    if (found.body.size() > 1) found.body += ',';
    found.body += to_cloud_event(record, events::source);
  }
  found.body += ']';
  return found;
}

Awaitable<Result<Response>> list_events(Context& context, const Request& request) {
  const auto query = request.query();
  const auto wanted = read_query(query);
  if (!wanted) co_return wanted.error();
  const auto work = [&log = context.services.log, query_of = *wanted] { return find(log, query_of); };
  auto found = co_await offloaded(request, context.lanes.reads, work);
  if (!found) co_return found.error();

  const auto reached = std::to_string(number(found->reached));
  auto response = Response::json(std::move(found->body));
  response.set("X-Total-Count", std::to_string(number(context.services.log.last_position())));
  response.set("X-Last-Position", reached);
  if (found->more) {
    const std::string_view cursor = wanted->newest_first ? "before" : "after";
    std::string next(request.path);
    next += "?" + std::string(cursor) + "=" + reached;
    for (const auto& [name, value] : query.all())
      if (name != cursor) next += "&" + percent_encode(name) + "=" + percent_encode(value);
    response.set("Link", "<" + next + ">; rel=\"next\"");
  }
  co_return response;
}

}  // namespace

void add_events(Router& router, const ContextPtr& context) {
  router.add_schema("Event", std::string(cloud_event_schema));
  router.add({.method = Method::get,
              .pattern = "/api/events",
              .id = "listEvents",
              .tag = "events",
              .summary = "Read the event log",
              .description =
                  "The newest events first, or from a position on in the order of the log. A page may hold fewer "
                  "events than its limit, or none, where what is asked for is rare: a "
                  "request looks at a bounded part of the log. The Link header tells where it goes on; there "
                  "is none at the end. X-Last-Position is how far this page came, X-Total-Count how many "
                  "events the log has.",
              .parameters = event_parameters(
                  {{.name = "after",
                    .description = "Only events behind this position.",
                    .schema = R"({"type":"integer","minimum":0,"default":0})"},
                   {.name = "before",
                    .description = "Only events before this position. Without it, up to the end.",
                    .schema = R"({"type":"integer","minimum":0})"},
                   {.name = "order",
                    .description = "asc: in the order of the log. desc: newest first. By default desc, or asc "
                                   "where after is given.",
                    .schema = R"({"type":"string","enum":["asc","desc"]})"},
                   {.name = "limit",
                    .description = "How many at most.",
                    .schema = R"({"type":"integer","minimum":1,"maximum":1000,"default":100})"}}),
              .replies = {{.status = 200,
                           .description = "A page of events",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Event"}})",
                           .headers = {"Link", "X-Total-Count", "X-Last-Position"}}},
              .errors = {400},
              .handler = AsyncHandler([context](const Request& request) { return list_events(*context, request); })});
}

}  // namespace strowger::http::routes
