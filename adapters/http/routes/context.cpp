#include "adapters/http/routes/context.hpp"

#include "adapters/http/prepared.hpp"

#include <algorithm>
#include <charconv>

#include <boost/beast/http/verb.hpp>
#include <spdlog/logger.h>

namespace strowger::http::routes {
namespace {

events::FeedOptions feed_options(Services& services) {
  events::FeedOptions options;
  options.report = [&logger = services.logger](std::string_view line) { logger.error("{}", line); };
  return options;
}

}  // namespace

Context::Context(Services& with, std::function<Counts()> server_counts)
    : services(with),
      counts(std::move(server_counts)),
      signer(token_key(with), with.clock, revocations(with)),
      sightings(with.log, with.ids, with.clock, &with.runner,
                {.window = [&with] { return with.settings()->log.repeat_window; }}),
      files(with, sightings, reading),
      logins(with.clock),
      feed(std::make_shared<events::Feed>(with.log, feed_options(with))) {}

TokenSigner::KeySource token_key(const Services& services) {
  return services.token_key;
}

TokenSigner::Revoked revocations(const Services& services) {
  return [&users = services.user_rows](const Uuid& token) { return users.revoked(token); };
}

Result<MacAddress> mac_parameter(const Request& request, std::size_t index) {
  return MacAddress::parse(request.parameter(index));
}

Result<ExtensionNumber> extension_parameter(const Request& request, std::size_t index) {
  return ExtensionNumber::parse(request.parameter(index));
}

Result<bool> flag_parameter(const Query& query, std::string_view name) {
  const auto value = query.find(name);
  if (!value || *value == "false" || *value == "0") return false;
  if (*value == "true" || *value == "1" || value->empty()) return true;
  return malformed("bad_flag", std::string(name) + " must be true or false.");
}

Result<actors::AskMeta> ask_meta(const Request& request) {
  actors::AskMeta meta;
  meta.cause.by = request.who.by();
  if (const auto match = request.header(Field::if_match); !match.empty() && match != "*") {
    std::uint64_t version = 0;
    const auto* const end = match.data() + match.size();
    const bool quoted = match.size() > 2 && match.front() == '"' && match.back() == '"';
    if (!quoted || std::from_chars(match.data() + 1, end - 1, version).ptr != end - 1)
      return Error{ErrorKind::stale, "version_mismatch",
                   "If-Match must be the ETag that this server gave, such as \"7\"."};
    meta.if_match = StreamVersion{version};
  }
  if (const auto key = request.header("Idempotency-Key"); !key.empty()) {
    if (key.size() > 255) return malformed("bad_idempotency_key", "Idempotency-Key must have at most 255 characters.");
    meta.idempotency_key = "http/" + request.who.by() + "/" +
                           std::string(boost::beast::http::to_string(request.method)) + "/" +
                           std::string(request.path) + "/" + std::string(key);
  }
  return meta;
}

std::string etag_of(StreamVersion version) {
  return "\"" + std::to_string(number(version)) + "\"";
}

Response json_response(const boost::json::value& value, std::uint16_t status) {
  return Response::json(boost::json::serialize(value), status);
}

boost::json::string text(std::string_view view) {
  return boost::json::string(view.data(), view.size());
}

boost::json::value text_or_null(std::string_view view) {
  if (view.empty()) return nullptr;
  return text(view);
}

boost::json::value time_or_null(const std::optional<Timestamp>& time) {
  if (!time) return nullptr;
  return iso(*time);
}

boost::json::string iso(Timestamp time) {
  return text(to_iso8601(time));
}

Result<Page> page_of(const Request& request, std::size_t by_default) {
  const auto query = request.query();
  Page page{by_default, {}};
  if (const auto limit = query.find("limit")) {
    const auto read = std::from_chars(limit->data(), limit->data() + limit->size(), page.limit);
    if (read.ec != std::errc() || read.ptr != limit->data() + limit->size() || page.limit == 0 ||
        page.limit > longest_page)
      return malformed("bad_limit", "limit must be a whole number from 1 to " + std::to_string(longest_page) + ".");
  }
  if (const auto cursor = query.find("cursor")) page.cursor = std::string(*cursor);
  return page;
}

Response page_response(const Request& request, boost::json::array items, std::size_t total,
                       const std::string& next_cursor) {
  auto response = json_response(std::move(items));
  response.set("X-Total-Count", std::to_string(total));
  if (next_cursor.empty()) return response;
  std::string next(request.path);
  char separator = '?';
  const auto query = request.query();
  for (const auto& [name, value] : query.all()) {
    if (name == "cursor") continue;
    next += separator + percent_encode(name) + "=" + percent_encode(value);
    separator = '&';
  }
  next += separator + ("cursor=" + percent_encode(next_cursor));
  response.set("Link", "<" + next + ">; rel=\"next\"");
  return response;
}

Parameter limit_parameter() {
  return {.name = "limit",
          .description = "How many items at most.",
          .schema = R"({"type":"integer","minimum":1,"maximum":10000})"};
}

Parameter cursor_parameter() {
  return {.name = "cursor", .description = "Where the page before ended; the Link header has it."};
}

Parameter idempotency_parameter() {
  return {.name = "Idempotency-Key",
          .description = "A repeated request with the same key is not carried out again.",
          .in = Parameter::In::header,
          .schema = R"({"type":"string","maxLength":255})"};
}

Parameter if_match_parameter() {
  return {
      .name = "If-Match",
      .description = "The ETag that was read; the change is refused with 412 where it is no longer the present one.",
      .in = Parameter::In::header};
}

Parameter mac_path_parameter() {
  return {.name = "mac",
          .description = "A MAC address with colons, dashes, dots or no separators, in any case.",
          .in = Parameter::In::path};
}

}  // namespace strowger::http::routes
