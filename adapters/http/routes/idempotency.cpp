#include "adapters/http/routes/idempotency.hpp"

#include "actors/provisioning/recorded.hpp"
#include "adapters/http/await.hpp"
#include "adapters/http/errors.hpp"
#include "adapters/http/offload.hpp"
#include "adapters/http/token_mask.hpp"
#include "events/json.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <boost/beast/http/verb.hpp>
#include <boost/describe/class.hpp>

namespace strowger::http::routes {
namespace {

constexpr std::size_t longest_key = 255;
constexpr std::size_t largest_answer = std::size_t{1} << 20;
constexpr std::array<std::uint16_t, 3> own_errors{400, 409, 422};
constexpr std::string_view json_type = "application/json";

struct KeptHeader {
  std::string name, value;
};
BOOST_DESCRIBE_STRUCT(KeptHeader, (), (name, value))

struct KeptAnswer {
  std::string asked;  // SHA-256 of the request
  std::uint16_t status = 0;
  std::vector<KeptHeader> headers;
  std::string body;
};
BOOST_DESCRIBE_STRUCT(KeptAnswer, (), (asked, status, headers, body))

// What is asked; each part with its length, so that no two requests are the same text.
std::string fingerprint(const Request& request) {
  std::string text;
  for (const auto part : {std::string_view(boost::beast::http::to_string(request.method)), request.target,
                          request.header(headers::content_type), request.header(headers::if_match), request.body})
    text += std::to_string(part.size()) + ":" + std::string(part);
  return provisioning::sha256_of(text);
}

bool is_kept(const Response& response) {
  return response.status >= 200 && response.status < 300 && !response.prepared && !response.stream &&
         response.content_type == json_type && response.body.size() <= largest_answer;
}

// Whether a folder in it is as long as a token and made of its characters (http_auth.hpp). Not told by its look alone:
// an ETag is as long.
bool holds_token(std::string_view body) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  for (auto at = body.find('/'); at != std::string_view::npos;) {
    const auto end = body.find('/', at + 1);
    const auto folder = body.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    if (end != std::string_view::npos && folder.size() == token_size && std::all_of(folder.begin(), folder.end(), fits))
      return true;
    at = end;
  }
  return false;
}

KeptAnswer kept(std::string asked, const Response& response) {
  KeptAnswer answer{std::move(asked), response.status, {}, response.body};
  for (const auto& [name, value] : response.headers) answer.headers.push_back({name, value});
  return answer;
}

Response given(KeptAnswer answer) {
  Response response{.status = answer.status, .body = std::move(answer.body)};
  for (auto& header : answer.headers) response.set(std::move(header.name), std::move(header.value));
  return response;
}

}  // namespace

// Held while a request with a key is under way.
struct Idempotency::Claim {
  Claim(Idempotency& of, std::string key) : owner(of), name(std::move(key)) {
    const std::lock_guard lock(owner.mutex_);
    mine = owner.under_way_.insert(name).second;
  }
  ~Claim() {
    if (!mine) return;
    const std::lock_guard lock(owner.mutex_);
    owner.under_way_.erase(name);
  }
  Claim(Claim&&) = delete;

  Idempotency& owner;
  const std::string name;
  bool mine = false;
};

void Idempotency::guard(Route& route) {
  const auto takes_key = [](const Parameter& parameter) {
    return parameter.in == Parameter::In::header && parameter.name == headers::idempotency_key.name;
  };
  auto* handler = std::get_if<AsyncHandler>(&route.handler);
  if (handler == nullptr || std::none_of(route.parameters.begin(), route.parameters.end(), takes_key)) return;
  for (const auto status : own_errors)
    if (std::find(route.errors.begin(), route.errors.end(), status) == route.errors.end())
      route.errors.push_back(status);
  route.handler = AsyncHandler([self = shared_from_this(), inner = std::move(*handler)](const Request& request) {
    return request.header(headers::idempotency_key).empty() ? inner(request) : self->answer(inner, request);
  });
}

Awaitable<Result<Response>> Idempotency::answer(const AsyncHandler& handler, const Request& request) {
  const auto key = request.header(headers::idempotency_key);
  if (key.size() > longest_key)
    co_return malformed("bad_idempotency_key",
                        "Idempotency-Key must have at most " + std::to_string(longest_key) + " characters.");
  const Claim claim(*this, "http-answer/" + request.who.by() + "/" + std::string(key));
  if (!claim.mine)
    co_return conflict("idempotency_key_in_use",
                       "The first request with this Idempotency-Key is still under way. Ask again in a moment.");
  const auto look = [&log = log_, name = claim.name] { return log.find_receipt(name); };
  const auto before = co_await offloaded(request, reads_, look);
  if (!before) co_return before.error();
  auto asked = fingerprint(request);
  if (*before) {
    auto answer = json::from_string<KeptAnswer>((*before)->note);
    if (!answer) co_return answer.error();
    if (answer->asked != asked)
      co_return unacceptable("idempotency_key_reused",
                             "This Idempotency-Key was used before for another request. Make a new key for each "
                             "request, and repeat a request as it was.");
    co_return given(std::move(*answer));
  }
  auto result = co_await handler(request);
  if (!result || !is_kept(*result) || holds_token(result->body)) co_return result;
  AppendRequest append;
  append.idempotency_key = claim.name;
  append.receipt_note = json::to_string(kept(std::move(asked), *result));
  const auto start = [&](auto done) { log_.append(std::move(append), done); };
  // What was asked is done, whatever becomes of this: then a repetition is answered by what is there.
  static_cast<void>(co_await completion<Receipt>(request, start));
  co_return result;
}

}  // namespace strowger::http::routes
