#include "adapters/http/routes/retention_view.hpp"

#include "adapters/http/routes/context.hpp"

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr auto told_for = std::chrono::days(30);

}  // namespace

std::string_view retention_schema() {
  return R"({
  "type": "object",
  "description": "Facts of high volume are folded into summaries of their days when their time (log.retention) has passed, but not before every reader of the log has read them, up to log.retention.wait_for_sinks.",
  "required": ["held", "missed"],
  "properties": {
    "held": {
      "type": ["object", "null"],
      "description": "Facts whose time has passed and that wait for a reader, as of the last run, which is once an hour.",
      "properties": {
        "reader": {"type": "string", "description": "The one that is furthest behind, such as kafka."},
        "reached": {"type": "integer", "description": "The position up to which it has read."},
        "first": {"type": "integer", "description": "Position of the first fact that waits."},
        "events": {"type": "integer", "description": "Events of the log from there on whose time has passed."},
        "due": {"type": "string", "format": "date-time", "description": "When the time of the first passed."},
        "until": {"type": "string", "format": "date-time", "description": "When it is folded all the same."}
      }
    },
    "missed": {
      "type": "array",
      "description": "Readers that had not read events when these were folded, since the log began: they get a marker (`history.folded`) in the place of each.",
      "items": {"type": "object", "properties": {
        "reader": {"type": "string"},
        "first": {"type": "integer", "description": "Position of the first event of the newest stretch."},
        "last": {"type": "integer"},
        "events": {"type": "integer", "description": "Folded in that stretch."},
        "total": {"type": "integer", "description": "Since the log began."},
        "at": {"type": "string", "format": "date-time"}
      }}
    }
  }
})";
}

bj::object retention_view(const history::RetentionStatus& status) {
  bj::value held = nullptr;
  if (status.held)
    held = bj::object{{"reader", text(status.held->reader)}, {"reached", number(status.held->reached)},
                      {"first", number(status.held->first)}, {"events", status.held->events},
                      {"due", iso(status.held->due)},        {"until", iso(status.held->until)}};
  bj::array missed;
  for (const auto& [reader, events] : status.missed)
    missed.push_back(bj::object{{"reader", text(reader)},
                                {"first", events.first},
                                {"last", events.last},
                                {"events", events.events},
                                {"total", events.total},
                                {"at", iso(events.at)}});
  return {{"held", std::move(held)}, {"missed", std::move(missed)}};
}

std::vector<std::string> retention_warnings(const history::RetentionStatus& status, Timestamp now) {
  std::vector<std::string> all;
  if (const auto& held = status.held)
    all.push_back("Retention waits for " + held->reader + ", which has read the log up to position " +
                  std::to_string(number(held->reached)) + ": " + std::to_string(held->events) +
                  " events are kept beyond their time. Make " + held->reader + " work again before " +
                  to_iso8601(held->until) +
                  ", when they are folded all the same, or raise log.retention.wait_for_sinks.");
  for (const auto& [reader, events] : status.missed)
    if (events.at + told_for > now)
      all.push_back(std::to_string(events.events) + " events from position " + std::to_string(events.first) + " to " +
                    std::to_string(events.last) + " were folded before " + reader +
                    " had read them; it gets markers (history.folded) in their places. Their sums are in the stream "
                    "history/summaries. Raise log.retention.wait_for_sinks to wait longer.");
  return all;
}

}  // namespace strowger::http::routes
