#include "adapters/http/routes/history_view.hpp"

#include "actors/history/retention.hpp"
#include "actors/provisioning/format.hpp"

namespace strowger::http::routes {

namespace bj = boost::json;

bj::object view_of(const provisioning::Origin& origin) {
  return {{"position", number(origin.position)},
          {"time", iso(origin.time)},
          {"by", text(origin.by)},
          {"type", text(origin.type)},
          {"stream", text(origin.stream.text())},
          {"correlation_id", text(origin.correlation.text())}};
}

bj::object view_of(const history::Moment& moment) {
  return {{"position", number(moment.position)}, {"time", iso(moment.time)}};
}

bj::object view_of(const history::ServedFile& served) {
  const auto& event = served.event;
  if (served.folded) {
    const auto& folded = *served.folded;
    return {
        {"position", number(served.position)},
        {"time", iso(served.time)},
        {"folded", true},
        {"day", text(folded.day)},
        {"fetches", folded.fetches},
        {"not_modified", folded.not_modified},
        {"bytes", folded.bytes},
        {"last_served", iso(folded.last_served)},
        {"etag", text(event.etag)},
        {"ip_address", text(event.ip)},
        {"summary", folded.summary},
        {"note", text("The retention time of these fetches has passed (log.retention.config_served). What is left of "
                      "them is the summary of their day: event " +
                      std::to_string(folded.summary) + " of the stream " + history::summaries_stream().text() + ".")}};
  }
  return {{"position", number(served.position)},
          {"time", iso(served.time)},
          {"etag", text(event.etag)},
          {"size", event.size},
          {"status", event.status},
          {"path", text(event.path)},
          {"ip_address", text(event.ip)},
          {"user_agent", text(event.user_agent)},
          {"tls_identity", event.tls_identity.empty() ? bj::value(nullptr) : bj::value(text(event.tls_identity))},
          {"extension_number", text(event.extension.text())},
          {"vendor", text(event.vendor)},
          {"model", text(event.model)},
          {"by", text(served.by)},
          {"count", served.count},
          {"first_seen", time_or_null(served.first_seen)},
          {"event_id", text(served.id.text())},
          {"correlation_id", text(served.correlation.text())},
          {"causation_id", served.causation.is_nil() ? bj::value(nullptr) : bj::value(text(served.causation.text()))}};
}

bj::object basis_view(const provisioning::Past& past) {
  const auto& published = *past.published.value;
  return {{"extension_number", text(past.extension.number.text())},
          {"vendor", text(past.device.vendor.value)},
          {"model", text(past.device.model.value)},
          {"template", bj::object{{"name", text(published.name)},
                                  {"custom", published.origin == TemplateOrigin::custom},
                                  {"sha256", text(published.sha256)},
                                  {"published", view_of(past.published.origin)}}}};
}

bj::string safe_text(std::string_view bytes) {
  return text(provisioning::valid_utf8(bytes));
}

Parameter point_parameter(std::string name, std::string description, bool required) {
  description +=
      " A time in ISO 8601, which means the end of the smallest unit that it is written in; a position of the "
      "log, as 12345 or pos:12345; or now";
  description += required ? "." : ", which is the default.";
  return {.name = std::move(name), .description = std::move(description), .required = required};
}

std::string_view origin_schema() {
  return R"({
  "type": "object",
  "description": "The event that something came from.",
  "required": ["position", "time", "by", "type", "stream", "correlation_id"],
  "properties": {
    "position": {"type": "integer"},
    "time": {"type": "string", "format": "date-time"},
    "by": {"type": "string", "examples": ["admin:ann"]},
    "type": {"type": "string", "examples": ["extension.changed"]},
    "stream": {"type": "string", "examples": ["extension/1001"]},
    "correlation_id": {"type": "string", "format": "uuid"}
  }
})";
}

std::string_view served_schema() {
  return R"({
  "type": "object",
  "description": "A file that a phone was served, as it was recorded then.",
  "required": ["position", "time", "etag", "size", "status", "path", "ip_address", "user_agent", "tls_identity",
               "extension_number", "vendor", "model", "by", "count", "first_seen", "event_id", "correlation_id",
               "causation_id"],
  "properties": {
    "position": {"type": "integer", "description": "Of the log; …/config?at= takes it."},
    "time": {"type": "string", "format": "date-time", "description": "Of the last, where there are several."},
    "count": {"type": "integer", "description": "Fetches of the very same bytes that were alike and are one entry."},
    "first_seen": {"type": ["string", "null"], "format": "date-time", "description": "Of the first, where there are several."},
    "etag": {"type": "string"},
    "size": {"type": "integer", "description": "Of the file, also where the phone had it already (304)."},
    "status": {"type": "integer", "enum": [200, 304]},
    "path": {"type": "string", "description": "As it was requested."},
    "ip_address": {"type": "string"},
    "user_agent": {"type": "string"},
    "tls_identity": {"type": ["string", "null"], "description": "The name in the certificate that the phone proved itself with."},
    "extension_number": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "by": {"type": "string", "examples": ["phone:001565123456"]},
    "event_id": {"type": "string", "format": "uuid"},
    "correlation_id": {"type": "string", "format": "uuid",
                       "description": "Of the reboot that the phone was told to do, where the fetch came of one."},
    "causation_id": {"type": ["string", "null"], "format": "uuid", "description": "The event that led to it."}
  }
})";
}

std::string_view folded_schema() {
  return R"({
  "type": "object",
  "description": "Fetches of one day whose retention time has passed: what the summary of the day tells of them.",
  "required": ["position", "time", "folded", "day", "fetches", "not_modified", "bytes", "last_served", "etag",
               "ip_address", "summary", "note"],
  "properties": {
    "position": {"type": "integer", "description": "Of the first of them."},
    "time": {"type": "string", "format": "date-time", "description": "Of the first of them."},
    "folded": {"const": true},
    "day": {"type": "string", "format": "date"},
    "fetches": {"type": "integer"},
    "not_modified": {"type": "integer", "description": "Of those."},
    "bytes": {"type": "integer", "description": "Of the files that were sent."},
    "last_served": {"type": "string", "format": "date-time"},
    "etag": {"type": "string", "description": "Of the last of them."},
    "ip_address": {"type": "string", "description": "Of the last of them."},
    "summary": {"type": "integer", "description": "Its version in the stream history/summaries."},
    "note": {"type": "string"}
  }
})";
}

std::string_view past_config_schema() {
  return R"({
  "type": "object",
  "description": "A phone's file at a point in time.",
  "required": ["mac_address", "at", "extension_number", "vendor", "model", "template", "content_type", "etag", "size",
               "exact", "secrets", "note", "config"],
  "properties": {
    "mac_address": {"type": "string"},
    "at": {"$ref": "#/components/schemas/Moment"},
    "extension_number": {"type": "string"},
    "vendor": {"type": "string"},
    "model": {"type": "string"},
    "template": {
      "type": "object",
      "required": ["name", "custom", "sha256", "published"],
      "properties": {
        "name": {"type": "string"},
        "custom": {"type": "boolean"},
        "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "published": {"$ref": "#/components/schemas/Origin"}
      }
    },
    "content_type": {"type": "string"},
    "etag": {"type": ["string", "null"],
             "description": "Of the file with its secrets, as phones are served it; null where it cannot be made again."},
    "size": {"type": ["integer", "null"], "description": "Of the file with its secrets, in bytes."},
    "exact": {"type": "boolean", "description": "Whether the file can still be made as it was, byte by byte."},
    "secrets": {"enum": ["masked", "shown", "destroyed"]},
    "note": {"type": ["string", "null"]},
    "config": {"type": "string"}
  }
})";
}

}  // namespace strowger::http::routes
