// /api/auth and /api/users/me: logging in, logging out, and who one is.
#include "adapters/http/errors.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/context.hpp"

#include <sodium.h>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;
using namespace std::chrono_literals;

constexpr auto token_lifetime = 12h;
constexpr auto longest_directory_wait = 60s;

constexpr std::string_view credentials_schema = R"({
  "type": "object",
  "required": ["password"],
  "additionalProperties": false,
  "properties": {
    "username": {"type": "string", "description": "An administrative user; or extension."},
    "extension": {"type": ["string", "integer"], "description": "An extension, with the password of its phones; or username."},
    "password": {"type": "string"}
  }
})";
constexpr std::string_view user_schema = R"({
  "type": "object",
  "required": ["username", "role", "sip_extension"],
  "properties": {
    "username": {"type": "string"},
    "role": {"enum": ["admin", "operator", "viewer", "user"]},
    "sip_extension": {"type": ["string", "null"]}
  }
})";
constexpr std::string_view session_schema = R"({
  "type": "object",
  "required": ["success", "token", "expires_at", "user"],
  "properties": {
    "success": {"type": "boolean"},
    "token": {"type": "string", "description": "Send it as Authorization: Bearer <token>."},
    "expires_at": {"type": "string", "format": "date-time"},
    "user": {"$ref": "#/components/schemas/Me"}
  }
})";

bj::object principal_view(const Services& services, const Principal& who) {
  bj::object view{{"username", text(who.name)}, {"role", text(to_text(who.role))}, {"sip_extension", nullptr}};
  const auto extension = ExtensionNumber::parse(who.name);
  if (who.role == Role::user && extension && services.extension_rows.find(*extension))
    view["sip_extension"] = text(extension->text());
  return view;
}

bool is_same_secret(const Result<std::string>& secret, const std::string& given) {
  return secret && secret->size() == given.size() && sodium_memcmp(secret->data(), given.data(), given.size()) == 0;
}

struct Login {
  std::string name;
  bool is_extension = false;
  std::string password;
};

// Off the loops: argon2id takes its time by design.
Result<Principal> check(Services& services, const Login& login) {
  const Error refused{ErrorKind::unauthenticated, "bad_credentials", "The name or the password is wrong."};
  if (login.is_extension) {
    const auto extension = ExtensionNumber::parse(login.name);
    const auto row = extension ? services.extension_rows.find(*extension) : nullptr;
    if (!row || !row->enabled || !is_same_secret(services.vault.open(row->password), login.password)) return refused;
    return Principal{extension->text(), Role::user, {}, {}};
  }
  const auto user = services.user_rows.find(login.name);
  // An unknown name is checked against nothing, which takes as long.
  const bool right = services.verify_password(user ? user->password : PasswordHash{}, login.password);
  if (!user || !user->enabled || !right) return refused;
  return Principal{user->name, user->role, {}, {}};
}

// Who has their role from a directory has their password there.
Awaitable<Result<Principal>> check(Context& context, const Request& request, const Login& login) {
  auto& services = context.services;
  const auto user = login.is_extension ? nullptr : services.user_rows.find(login.name);
  if (!user || user->directory.empty() || services.directories == nullptr) {
    const auto work = [&services, login] { return check(services, login); };
    co_return co_await offloaded(request, context.pool, work);
  }
  const Error refused{ErrorKind::unauthenticated, "bad_credentials", "The name or the password is wrong."};
  if (!user->enabled) co_return refused;
  const auto start = [&](auto done) {
    services.directories->authenticate(user->directory, user->name, login.password, done);
  };
  const auto identity = co_await completion<Uuid>(request, start, longest_directory_wait);
  if (!identity) co_return identity.error();
  if (*identity != user->identity) co_return refused;  // the account is somebody else's by now
  co_return Principal{user->name, user->role, {}, {}};
}

Awaitable<Result<Response>> log_in(Context& context, const Request& request) {
  const auto body = JsonBody::parse(request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  const auto username = fields.text("username");
  const auto extension = fields.text_or_number("extension");
  Login login{username.value_or(extension.value_or("")), !username, fields.required_text("password")};
  if (auto fault = fields.fault()) co_return std::move(*fault);
  if (username.has_value() == extension.has_value())
    co_return malformed("missing_field", "Send either 'username' or 'extension', with 'password'.");
  if (login.name.size() > 128 || login.password.size() > 1024)
    co_return Error{ErrorKind::unauthenticated, "bad_credentials", "The name or the password is wrong."};

  const std::string address(request.peer);
  if (const auto seconds = context.logins.must_wait(address, login.name); seconds > 0) {
    auto wait = error_response(429, "too_many_logins",
                               "Too many failed logins. Try again in " + std::to_string(seconds) + " seconds.");
    std::erase_if(wait.headers, [](const auto& header) { return header.first == "Retry-After"; });
    wait.set("Retry-After", std::to_string(seconds));
    co_return wait;
  }
  auto who = co_await check(context, request, login);
  if (!who) {
    if (who.error().kind == ErrorKind::unauthenticated) {
      context.logins.failed(address, login.name);
      context.sightings.login_failed({login.name, address});
    }
    co_return who.error();
  }
  context.logins.succeeded(address, login.name);

  const auto expires_at = context.services.clock() + token_lifetime;
  const auto token = context.signer.issue(who->name, who->role, context.services.ids.next(), expires_at);
  bj::object answer{{"success", true},
                    {"token", text(token)},
                    {"expires_at", iso(std::chrono::floor<std::chrono::seconds>(expires_at))},
                    {"user", principal_view(context.services, *who)}};
  co_return json_response(answer);
}

Awaitable<Result<Response>> log_out(Context& context, const Request& request) {
  bj::object answer{{"success", true}, {"message", "Logged out"}};
  if (request.who.token.is_nil()) co_return json_response(answer);  // without authentication there is nothing to end
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  actors::User::Command command = actors::RevokeToken{request.who.token, request.who.expires_at};
  const auto outcome =
      co_await decide(context, request, context.services.users, request.who.name, std::move(command), std::move(*meta));
  if (!outcome) co_return outcome.error();
  co_return json_response(answer);
}

}  // namespace

void add_auth(Router& router, const ContextPtr& context) {
  router.add_schema("Credentials", std::string(credentials_schema));
  router.add_schema("Me", std::string(user_schema));
  router.add_schema("Session", std::string(session_schema));
  router.add({.method = Method::post,
              .pattern = "/api/auth/login",
              .id = "logIn",
              .tag = "auth",
              .summary = "Get a bearer token for a name and a password",
              .role = std::nullopt,
              .body_schema = "#Credentials",
              .body_limit = std::size_t{16} * 1024,
              .replies = {{.status = 200, .description = "Logged in for twelve hours", .schema = "#Session"}},
              .errors = {401, 429},
              .handler = AsyncHandler([context](const Request& request) { return log_in(*context, request); })});
  router.add({.method = Method::post,
              .pattern = "/api/auth/logout",
              .id = "logOut",
              .tag = "auth",
              .summary = "Revoke the token that this request is sent with",
              .role = Role::user,
              .replies = {{.status = 200, .description = "The token is refused from now on", .schema = "#Done"}},
              .handler = AsyncHandler([context](const Request& request) { return log_out(*context, request); })});
  router.add({.method = Method::get,
              .pattern = "/api/users/me",
              .id = "getMe",
              .tag = "auth",
              .summary = "Who this request is from",
              .role = Role::user,
              .replies = {{.status = 200, .description = "The user of the token", .schema = "#Me"}},
              .handler = Handler([context](const Request& request) -> Result<Response> {
                return json_response(principal_view(context->services, request.who));
              })});
}

}  // namespace strowger::http::routes
