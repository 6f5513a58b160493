#include "adapters/http/admission.hpp"

#include "adapters/http/errors.hpp"
#include "events/nearest.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/system/errc.hpp>

namespace strowger::http {
namespace {

using boost::beast::http::error;

bool takes_any(const std::vector<std::string>& types) {
  return types.size() == 1 && types.front() == "*/*";
}

// Whether a Content-Type is one of the media types, whatever its parameters.
bool is_one_of(std::string_view header, const std::vector<std::string>& types) {
  const auto end = header.find(';');
  auto essence = header.substr(0, end);
  while (!essence.empty() && (essence.back() == ' ' || essence.back() == '\t')) essence.remove_suffix(1);
  return std::any_of(types.begin(), types.end(),
                     [&](const std::string& type) { return boost::beast::iequals(essence, type); });
}

}  // namespace

Response Refused::response() const {
  return error_response(status, code, reason);
}

Refused for_bad_head(const error_code& fault, std::string_view line) {
  constexpr std::string_view tls_handshake = "\x16\x03";
  if (line.starts_with(tls_handshake))
    return {400, "tls_on_plain_port",
            "The client speaks TLS, and this port plain HTTP: its URL must begin with http://."};
  if (fault == error::header_limit || fault == error::buffer_overflow)
    return {431, "head_too_large", "The request's header is larger than this server reads."};
  if (fault == error::bad_version) return {505, "http_version", "This server speaks HTTP/1.1 and HTTP/1.0."};
  if (fault == boost::system::errc::not_supported)
    return {501, "transfer_coding_not_supported",
            "The body is in a transfer coding that this server does not read. Send it with Content-Length, or with "
            "Transfer-Encoding: chunked alone."};
  if (fault == error::bad_transfer_encoding)
    return {400, "bad_transfer_encoding",
            "Transfer-Encoding must be exactly chunked, once, with HTTP/1.1 and without Content-Length."};
  if (fault == error::bad_target)
    return {400, "bad_target", "The request's target must begin with a slash, or be an http:// or https:// URL."};
  return {400, "malformed_request", "This is not an HTTP request: " + fault.message() + "."};
}

Response for_bad_body(const error_code& fault, std::size_t limit) {
  if (fault == error::body_limit)
    return error_response(Error{ErrorKind::too_large, "body_too_large",
                                "The body is larger than the " + std::to_string(limit) + " bytes taken here."});
  return error_response(400, "malformed_request", "The request's body is broken: " + fault.message() + ".");
}

Result<Principal> identify(const Options& options, const Request& request) {
  if (!options.authenticate) return Principal{"admin", Role::admin, {}, {}};
  constexpr std::string_view scheme = "Bearer ";
  const auto header = request.header(headers::authorization);
  if (header.size() <= scheme.size() || !boost::beast::iequals(header.substr(0, scheme.size()), scheme))
    return Error{ErrorKind::unauthenticated, "unauthenticated",
                 "A bearer token is needed: log in at /api/auth/login and send Authorization: Bearer <token>."};
  auto token = header.substr(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return options.authenticate(token);
}

Admission admit(const Common& common, const RequestParser& parser, Request& request) {
  const auto refuse = [](Response reply) { return Admission{nullptr, std::move(reply)}; };
  const auto refuse_unread = [](std::uint16_t status, std::string code, std::string reason) {
    Refused unread{status, std::move(code), std::move(reason)};
    auto reply = unread.response();
    return Admission{nullptr, std::move(reply), std::move(unread)};
  };
  if (const auto* twice = request.repeated())
    return refuse_unread(400, "repeated_header",
                         "The header " + std::string(twice->name) + " comes more than once. Send it once.");
  if (parser.version() == 11 && !request.has(headers::host))
    return refuse_unread(400, "malformed_request", "An HTTP/1.1 request must have one Host header.");
  const auto expected = request.header(headers::expect);
  if (!std::all_of(expected.begin(), expected.end(), is_continue))
    return refuse_unread(417, "expectation_failed", "Only Expect: 100-continue is understood.");

  const auto match = common.router->find(request.method, request.path, request.parameters);
  if (match.route == nullptr) {
    if (match.malformed) return refuse_unread(400, "malformed_path", "The path has an escape that cannot be decoded.");
    if (match.misspelt)
      return refuse_unread(400, "malformed_path",
                           "Write the path plainly: one slash between its parts, and no escapes where none are needed. "
                           "See /api/openapi.json.");
    if (match.allow.empty())
      return refuse_unread(404, "not_found", "There is nothing at this path. See /api/openapi.json.");
    auto refused = refuse_unread(405, "method_not_allowed", "This path takes only " + match.allow + ".");
    refused.refusal.set("Allow", match.allow);
    return refused;
  }
  const Route& route = *match.route;

  if (route.role) {
    auto who = identify(common.options, request);
    if (!who) return refuse(error_response(who.error()));
    request.who = std::move(*who);
    if (!request.who.may(*route.role))
      return refuse(
          error_response(Error{ErrorKind::forbidden, "forbidden",
                               "This needs the role " + std::string(to_text(*route.role)) + "; " + request.who.name +
                                   " has " + std::string(to_text(request.who.role)) + "."}));
  }

  if (!route.role && route.recognises)
    if (auto who = identify(common.options, request)) request.who = std::move(*who);

  if (route.gate) {
    const auto length = parser.content_length();
    if (auto refusal = route.gate(request, length ? std::optional(*length) : std::nullopt))
      return refuse(std::move(*refusal));
  }
  const bool has_body = !parser.is_done();
  if (route.body_schema.empty()) return {&route};
  if (!has_body) {
    if (!route.body_required) return {&route};
    return refuse(error_response(400, "missing_body", "A body of type " + listed(route.body_types) + " is required."));
  }
  if (!takes_any(route.body_types) && !is_one_of(request.header(headers::content_type), route.body_types))
    return refuse(error_response(415, "unsupported_media_type",
                                 "The body must be sent with Content-Type: " + listed(route.body_types) + "."));
  if (request.has(headers::content_encoding))
    return refuse(error_response(415, "unsupported_media_type", "The body must be sent without Content-Encoding."));
  if (parser.content_length().value_or(0) > route.body_limit)
    return refuse(for_bad_body(error::body_limit, route.body_limit));
  return {&route};
}

}  // namespace strowger::http
