#include "adapters/http/errors.hpp"

#include "events/json.hpp"
#include "events/utf8.hpp"

#include <boost/json/serialize.hpp>

namespace strowger::http {
namespace {

Response make(std::uint16_t status, std::string_view code, std::string_view message,
              const boost::json::object& details) {
  Response response;
  response.status = status;
  response.body = R"({"error":)";
  json::write_string(response.body, message);
  response.body += R"(,"code":)";
  json::write_string(response.body, code);
  if (!details.empty()) {
    response.body += R"(,"details":)";
    response.body += utf8::valid(boost::json::serialize(details));
  }
  response.body += '}';
  if (status == 401) response.set("WWW-Authenticate", R"(Bearer realm="strowger")");
  if (status == 429 || status == 503) response.set("Retry-After", "1");
  return response;
}

}  // namespace

std::uint16_t status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::malformed:
      return 400;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::forbidden:
      return 403;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::stale:
      return 412;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::unacceptable:
      return 422;
    case ErrorKind::overloaded:
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::internal:
      break;
  }
  return 500;
}

Response error_response(const Error& error) {
  // What went wrong inside is for the log; a stranger gets the kind.
  if (error.kind == ErrorKind::internal)
    return make(500, "internal_error", "The server failed to answer this request. Its log says why.", {});
  return make(status_of(error.kind), error.code, error.message, error.details);
}

Response error_response(std::uint16_t status, std::string_view code, std::string_view message) {
  return make(status, code, message, {});
}

}  // namespace strowger::http
