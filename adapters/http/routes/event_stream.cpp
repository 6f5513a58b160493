#include "adapters/http/routes/event_stream.hpp"

#include "adapters/http/events/stream.hpp"
#include "adapters/http/routes/event_parameters.hpp"

namespace strowger::http::routes {
namespace {

// Last-Event-ID wins: a browser that comes back sends it to the same URL as the first time.
Result<Position> start_of(const Request& request, const Query& query, EventLog& log) {
  auto name = headers::last_event_id.name;
  auto text = request.header(headers::last_event_id);
  if (text.empty()) {
    name = "after";
    text = query.find("after").value_or("now");
    if (text == "now") return log.last_position();
  }
  const auto position = events::parse_position(name, text);
  if (!position) return position;
  if (const auto last = log.last_position(); *position > last)
    return unacceptable("position_ahead", std::string(name) + " is " + std::to_string(number(*position)) +
                                              ", but the log ends at " + std::to_string(number(last)) +
                                              ": it is not the log that this position is of. Start with after=0 or "
                                              "after=now.");
  return position;
}

Result<Response> open(const std::shared_ptr<events::Feed>& feed, const Request& request) {
  const auto query = request.query();
  auto filter = events::read_filter(query, {"after"});
  if (!filter) return filter.error();
  const auto start = start_of(request, query, feed->log());
  if (!start) return start.error();
  const auto& token = request.who.token;
  auto seat = feed->seat(token.is_nil() ? std::string(request.peer) : token.text());
  if (!seat) return seat.error();
  Response response{.content_type = "text/event-stream"};
  response.set("X-Accel-Buffering", "no");  // a proxy must pass it on as it comes
  response.stream = events::stream(feed, std::move(*seat), request, std::move(*filter), *start);
  return response;
}

}  // namespace

void add_event_stream(Router& router, const std::shared_ptr<events::Feed>& feed) {
  router.add({.method = Method::get,
              .pattern = "/api/events/stream",
              .id = "streamEvents",
              .tag = "events",
              .summary = "Follow the event log",
              .description =
                  "Server-Sent Events: id is the position, event the CloudEvents type, data the CloudEvent. "
                  "First what is stored behind the given position, then what happens, each event once and in "
                  "order. A comment comes where nothing happens; it may move the id on. The stream ends when "
                  "the token does, when the server stops, and when the reader is too slow; come back with "
                  "Last-Event-ID. One token has at most 8 streams at once, and all together 500; one more is "
                  "answered with 503.",
              .parameters = event_parameters(
                  {{.name = "after",
                    .description = "Only events behind this position; now: only what happens from now on.",
                    .schema = R"({"oneOf":[{"type":"integer","minimum":0},{"const":"now"}],"default":"now"})"},
                   {.name = "Last-Event-ID",
                    .description = "The id of the last event that was read; counts instead of after.",
                    .in = Parameter::In::header,
                    .schema = R"({"type":"integer","minimum":0})"}}),
              .replies = {{.status = 200,
                           .description = "The stream",
                           .schema = R"({"type":"string"})",
                           .content_type = "text/event-stream"}},
              .errors = {400, 422},
              .handler = Handler([feed](const Request& request) { return open(feed, request); })});
}

}  // namespace strowger::http::routes
