// /api/events: the log, a page at a time, as CloudEvents without secrets.
#include "adapters/http/routes/context.hpp"

#include <charconv>

namespace strowger::http::routes {
namespace {

constexpr std::string_view event_schema = R"({
  "type": "object",
  "description": "A CloudEvents 1.0 event in its JSON format. Secrets are masked.",
  "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data", "sequence",
               "streamversion", "correlationid", "by"],
  "properties": {
    "specversion": {"const": "1.0"},
    "id": {"type": "string", "format": "uuid"},
    "source": {"type": "string"},
    "type": {"type": "string", "examples": ["strowger.device.registered.v1"]},
    "subject": {"type": "string", "examples": ["device/001565123456"]},
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

constexpr std::string_view event_source = "urn:strowger";
constexpr std::size_t default_limit = 100;
constexpr std::size_t most_limit = 1000;
constexpr std::size_t step = 512;
constexpr std::size_t most_scanned = 50'000;  // in one request; the Link goes on from there

struct Wanted {
  Position after{};
  std::optional<StreamId> stream;
  std::string type;  // device.registered; a version behind it is left away
  std::size_t limit = default_limit;
};

struct Found {
  std::vector<std::string> events;
  Position last{};    // up to which the log was looked at
  bool more = false;  // the log goes on behind it
};

// strowger.device.registered.v1, or device.registered.
std::string plain_type(std::string_view type) {
  constexpr std::string_view prefix = "strowger.";
  if (type.starts_with(prefix)) type.remove_prefix(prefix.size());
  const auto dot = type.rfind(".v");
  if (dot != std::string_view::npos && type.find_first_not_of("0123456789", dot + 2) == std::string_view::npos)
    type = type.substr(0, dot);
  return std::string(type);
}

template <class Number>
bool parse_number(std::string_view text, Number& out) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

Result<Wanted> read_query(const Query& query) {
  Wanted wanted;
  if (const auto after = query.find("after")) {
    std::uint64_t position = 0;
    if (!parse_number(*after, position))
      return malformed("bad_position",
                       "after must be a position in the log: a whole number, the sequence of an event.");
    wanted.after = Position{position};
  }
  if (const auto limit = query.find("limit"))
    if (!parse_number(*limit, wanted.limit) || wanted.limit == 0 || wanted.limit > most_limit)
      return malformed("bad_limit", "limit must be a whole number from 1 to " + std::to_string(most_limit) + ".");
  if (const auto stream = query.find("stream")) {
    auto parsed = StreamId::parse(*stream);
    if (!parsed) return parsed.error();
    wanted.stream = std::move(*parsed);
  }
  if (const auto type = query.find("type")) wanted.type = plain_type(*type);
  return wanted;
}

// One stream is read by its own versions; positions rise with them.
Result<Found> scan_stream(EventLog& log, const Wanted& wanted) {
  Found found{{}, wanted.after, false};
  StreamVersion version{};
  for (;;) {
    const auto records = log.read_stream(*wanted.stream, version, step);
    if (!records) return records.error();
    for (const auto& record : *records) {
      version = record.version;
      if (record.position <= wanted.after) continue;
      if (found.events.size() == wanted.limit) {
        found.more = true;
        return found;
      }
      found.last = record.position;
      if (wanted.type.empty() || record.type == wanted.type)
        found.events.push_back(to_cloud_event(record, event_source));
    }
    if (records->size() < step) return found;
  }
}

Result<Found> scan(EventLog& log, const Wanted& wanted) {
  if (wanted.stream) return scan_stream(log, wanted);
  Found found{{}, wanted.after, false};
  for (std::size_t scanned = 0; scanned < most_scanned;) {
    const auto records = log.read_all(found.last, step);
    if (!records) return records.error();
    for (const auto& record : *records) {
      if (found.events.size() == wanted.limit) {
        found.more = true;
        return found;
      }
      found.last = record.position;
      if (wanted.type.empty() || record.type == wanted.type)
        found.events.push_back(to_cloud_event(record, event_source));
    }
    if (records->size() < step) return found;
    scanned += records->size();
  }
  found.more = true;
  return found;
}

Awaitable<Result<Response>> list(Context& context, const Request& request) {
  const auto query = request.query();
  const auto wanted = read_query(query);
  if (!wanted) co_return wanted.error();
  const auto work = [&log = context.services.log, query_of = *wanted] { return scan(log, query_of); };
  const auto found = co_await offloaded(request, context.pool, work);
  if (!found) co_return found.error();

  std::string body = "[";
  for (const auto& event : found->events) {
    if (body.size() > 1) body += ',';
    body += event;
  }
  body += ']';
  auto response = Response::json(std::move(body));
  response.set("X-Total-Count", std::to_string(number(context.services.log.last_position())));
  response.set("X-Last-Position", std::to_string(number(found->last)));
  if (found->more) {
    std::string next(request.path);
    next += "?after=" + std::to_string(number(found->last));
    for (const auto& [name, value] : query.all())
      if (name != "after") next += "&" + percent_encode(name) + "=" + percent_encode(value);
    response.set("Link", "<" + next + ">; rel=\"next\"");
  }
  co_return response;
}

}  // namespace

void add_events(Router& router, const ContextPtr& context) {
  router.add_schema("Event", std::string(event_schema));
  router.add({.method = Method::get,
              .pattern = "/api/events",
              .id = "listEvents",
              .tag = "events",
              .summary = "Read the event log",
              .description = "In the order of the log. X-Last-Position is where the next reading goes on, also when "
                             "this one found nothing that was asked for.",
              .parameters = {{.name = "after",
                              .description = "Only events behind this position.",
                              .schema = R"({"type":"integer","minimum":0})"},
                             {.name = "stream", .description = "Only of this stream, such as device/001565123456."},
                             {.name = "type", .description = "Only of this type, such as device.registered."},
                             {.name = "limit",
                              .description = "How many at most.",
                              .schema = R"({"type":"integer","minimum":1,"maximum":1000,"default":100})"}},
              .replies = {{.status = 200,
                           .description = "A page of events",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/Event"}})",
                           .headers = {"Link", "X-Total-Count", "X-Last-Position"}}},
              .errors = {400},
              .handler = AsyncHandler([context](const Request& request) { return list(*context, request); })});
}

}  // namespace strowger::http::routes
