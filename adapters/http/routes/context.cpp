#include "adapters/http/routes/context.hpp"

#include "actors/provisioning/recorded.hpp"
#include "adapters/http/prepared.hpp"
#include "events/utf8.hpp"

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
      files(with, sightings, file_lanes),
      surveys(with),
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
  if (const auto match = request.header(headers::if_match); !match.empty() && match != "*") {
    std::uint64_t version = 0;
    const auto* const end = match.data() + match.size();
    const bool quoted = match.size() > 2 && match.front() == '"' && match.back() == '"';
    if (!quoted || std::from_chars(match.data() + 1, end - 1, version).ptr != end - 1)
      return Error{ErrorKind::stale, "version_mismatch",
                   "If-Match must be the ETag that this server gave, such as \"7\"."};
    meta.if_match = StreamVersion{version};
  }
  if (const auto key = request.header(headers::idempotency_key); !key.empty()) {
    if (key.size() > 255) return malformed("bad_idempotency_key", "Idempotency-Key must have at most 255 characters.");
    meta.idempotency_key = "http/" + request.who.by() + "/" +
                           std::string(boost::beast::http::to_string(request.method)) + "/" +
                           std::string(request.path) + "/" + std::string(key);
  }
  return meta;
}

Uuid id_of_new(Services& services, const actors::AskMeta& meta) {
  if (meta.idempotency_key.empty()) return services.ids.next();
  const auto hash = provisioning::sha256_of(meta.idempotency_key);
  Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i)
    std::from_chars(hash.data() + 2 * i, hash.data() + 2 * i + 2, id.bytes[i], 16);
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

std::string etag_of(StreamVersion version) {
  return "\"" + std::to_string(number(version)) + "\"";
}

Response json_response(const boost::json::value& value, std::uint16_t status) {
  auto body = boost::json::serialize(value);
  utf8::mend(body);  // Boost writes the bytes of a text as they are
  return Response::json(std::move(body), status);
}

std::vector<std::string> event_warnings(const Services& services) {
  auto warnings =
      services.quarantine_rows != nullptr ? services.quarantine_rows->warnings() : std::vector<std::string>{};
  if (services.dead_letters != nullptr)
    for (auto& warning : services.dead_letters->warnings()) warnings.push_back(std::move(warning));
  return warnings;
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

Offload& lane_of(Context& context, const Page& page) {
  constexpr std::size_t short_page = 500;
  return page.limit > short_page ? context.lanes.scans : context.lanes.reads;
}

Response page_response(const Request& request, boost::json::array items, std::size_t total,
                       const std::string& next_cursor) {
  return page_response(request, boost::json::serialize(items), total, next_cursor);
}

Response page_response(const Request& request, std::string array, std::size_t total, const std::string& next_cursor) {
  auto response = Response::json(std::move(array));
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
          .description =
              "A repeated request with the same key is not carried out again: it is given the first answer, for as "
              "long as api.idempotency_window says. With another method, path or body it is refused with 422, while "
              "the first is under way with 409.",
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
