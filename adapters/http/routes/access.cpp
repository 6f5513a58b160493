// /api/provisioning/devices/{mac}/access: what a phone proves itself with; /api/provisioning/access/blocked: sources
// that tried MAC addresses.
#include "actors/provisioning/recorded.hpp"
#include "adapters/http/json_body.hpp"
#include "adapters/http/routes/device_view.hpp"
#include "events/controls.hpp"

#include <algorithm>

namespace strowger::http::routes {
namespace {

namespace bj = boost::json;

constexpr std::size_t shortest_password = 8;
constexpr std::size_t longest_password = 128;
constexpr std::size_t longest_username = 64;

constexpr std::string_view access_schema = R"({
  "type": "object",
  "required": ["mac_address", "username", "password_set_at", "token_issued_at", "previous_token_until", "config_url",
               "enrolment"],
  "properties": {
    "mac_address": {"type": "string"},
    "username": {"type": ["string", "null"], "description": "For HTTP Basic and Digest; null: no password is set."},
    "password_set_at": {"type": ["string", "null"], "format": "date-time"},
    "token_issued_at": {"type": ["string", "null"], "format": "date-time", "description": "null: its URL has no token."},
    "previous_token_until": {"type": ["string", "null"], "format": "date-time",
                             "description": "How long the token before is still taken."},
    "config_url": {"type": "string", "description": "With the token, which only operators and administrators see."},
    "enrolment": {
      "type": "object",
      "required": ["state", "opened_at", "until", "registered_at", "ip_address"],
      "properties": {
        "state": {"enum": ["off", "open", "locked"],
                  "description": "off: provisioning.access.enrolment_minutes is 0. open: served without proof. locked: served with proof, or from the network where it was enrolled."},
        "opened_at": {"type": "string", "format": "date-time"},
        "until": {"type": ["string", "null"], "format": "date-time"},
        "registered_at": {"type": ["string", "null"], "format": "date-time",
                          "description": "Its phone's first SIP registration since, which closed the window."},
        "ip_address": {"type": ["string", "null"], "description": "Where its phone was first seen since."}
      }
    }
  }
})";
constexpr std::string_view device_credentials_schema = R"({
  "type": "object",
  "required": ["password"],
  "additionalProperties": false,
  "properties": {
    "username": {"type": "string", "maxLength": 64, "description": "Without one: the MAC address, 12 lower-case hex digits."},
    "password": {"type": "string", "minLength": 8, "maxLength": 128}
  }
})";
constexpr std::string_view token_schema = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "grace_minutes": {"type": "integer", "minimum": 0, "maximum": 525600,
                      "description": "How long the token before is still taken. Without it: provisioning.access.token_grace_minutes."}
  }
})";
constexpr std::string_view blocked_schema = R"({
  "type": "object",
  "required": ["source", "until", "unknown_macs"],
  "properties": {
    "source": {"type": "string", "examples": ["192.0.2.7", "2001:db8::/64"]},
    "until": {"type": "string", "format": "date-time"},
    "unknown_macs": {"type": "integer"}
  }
})";

Error no_such_device(const MacAddress& mac) {
  return not_found("device_not_found",
                   "Device " + mac.text() + " is not registered. Register it with POST /api/provisioning/devices.");
}

bj::object access_view(Context& context, const DeviceRow& row, const Principal& who) {
  const auto present = context.files.present();
  const auto& device = *row.definition;
  const auto& enrolment = row.enrolment;
  const DeviceCredentials none;
  const auto& credentials = row.credentials ? *row.credentials : none;
  const auto window = present->access.enrolment;
  const auto until = enrolment.opened_at + window;
  const bool open = !enrolment.registered_at && context.services.clock.within(enrolment.opened_at, window);
  const bool previous = provision::in_grace(credentials, context.services.clock);
  const auto shown = [](bool there, Timestamp time) { return there ? bj::value(iso(time)) : bj::value(nullptr); };
  const bool has_password = !credentials.username.empty();
  return {{"mac_address", text(device.mac.text())},
          {"username", has_password ? bj::value(text(credentials.username)) : bj::value(nullptr)},
          {"password_set_at", shown(has_password, credentials.password_set_at)},
          {"token_issued_at", shown(!credentials.token_sha256.empty(), credentials.token_issued_at)},
          {"previous_token_until", previous ? bj::value(iso(*credentials.previous_until)) : bj::value(nullptr)},
          {"config_url", text(who.may(Role::operator_) ? config_url_of(context.services, *present, device)
                                                       : masked_config_url(*present, device))},
          {"enrolment",
           bj::object{{"state", window.count() == 0 ? "off"
                                : open              ? "open"
                                                    : "locked"},
                      {"opened_at", iso(enrolment.opened_at)},
                      {"until", shown(window.count() > 0 && open, until)},
                      {"registered_at", time_or_null(enrolment.registered_at)},
                      {"ip_address", enrolment.ip.empty() ? bj::value(nullptr) : bj::value(text(enrolment.ip))}}}};
}

Result<Response> shown(Context& context, const MacAddress& mac, const Principal& who) {
  const auto row = context.services.device_rows.find(mac);
  if (!row) return no_such_device(mac);
  return json_response(access_view(context, *row, who));
}

Result<Response> read_access(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) return mac.error();
  return shown(context, *mac, request.who);
}

// Asks the device's entity, and shows what is then.
Awaitable<Result<Response>> command(Context& context, const Request& request, MacAddress mac,
                                    actors::Device::Command wanted) {
  auto meta = ask_meta(request);
  if (!meta) co_return meta.error();
  const auto outcome =
      co_await decide(context, request, context.services.devices, mac.text(), std::move(wanted), std::move(*meta));
  if (!outcome) co_return outcome.error();
  co_return shown(context, mac, request.who);
}

// A new data key is written durably: off this thread. A secret that takes another's place is sealed with its key.
Awaitable<Result<SealedSecret>> sealed(Context& context, const Request& request, SealedSecret before,
                                       std::string clear) {
  const auto seal = [&vault = context.services.vault, before = std::move(before), clear = std::move(clear)] {
    return before.empty() ? vault.seal(clear) : vault.seal_like(before, clear);
  };
  co_return co_await offloaded(request, context.lanes.writes, seal);
}

// A secret that was sealed for nothing leaves no key behind; where it is open whether it was taken, it stays.
void drop_unless_taken(Context& context, bool fresh, SealedSecret secret, const Result<Response>& reply) {
  if (!fresh || reply || reply.error().kind == ErrorKind::unavailable) return;
  context.lanes.writes.post(
      [&vault = context.services.vault, secret = std::move(secret)] { static_cast<void>(vault.shred(secret)); });
}

std::optional<Error> check_credentials(const Context& context, const MacAddress& mac, const std::string& username,
                                       const std::string& password) {
  const auto bad = [](const std::string& value) { return find_control(value).has_value(); };
  if (username.empty() || username.size() > longest_username || bad(username) ||
      username.find_first_of(":\"\\") != std::string::npos)
    return unacceptable("bad_username",
                        "username: it has 1 to 64 characters, and no colon, quote, backslash or control character")
        .with("field", "username");
  if (password.size() < shortest_password || password.size() > longest_password || bad(password))
    return unacceptable("bad_password", "password: it has 8 to 128 characters and no control character")
        .with("field", "password");
  const auto other = context.services.device_rows.with_username(username);
  if (other && *other != mac)
    return conflict("username_taken",
                    "The user name " + username + " is that of device " + other->text() + ". Each device has its own.");
  return std::nullopt;
}

Awaitable<Result<Response>> set_credentials(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  const auto body = JsonBody::parse(request.body);
  if (!body) co_return body.error();
  Fields fields(body->root());
  const auto username = fields.text("username").value_or(mac->text());
  const auto password = fields.required_text("password");
  if (auto fault = fields.fault()) co_return std::move(*fault);
  if (auto fault = check_credentials(context, *mac, username, password)) co_return std::move(*fault);
  const auto row = context.services.device_rows.find(*mac);
  if (!row) co_return no_such_device(*mac);
  auto before = row->credentials ? row->credentials->password : SealedSecret{};
  const bool fresh = before.empty();
  auto clear = password;
  const auto secret = co_await sealed(context, request, before, std::move(clear));
  if (!secret) co_return secret.error();
  actors::Device::Command wanted = actors::SetDeviceCredentials{username, *secret, std::move(before)};
  auto reply = co_await command(context, request, *mac, std::move(wanted));
  drop_unless_taken(context, fresh, *secret, reply);
  co_return reply;
}

Awaitable<Result<Response>> issue_token(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  std::chrono::minutes grace(context.services.settings()->provisioning.access.token_grace_minutes);
  if (!request.body.empty()) {
    const auto body = JsonBody::parse(request.body);
    if (!body) co_return body.error();
    Fields fields(body->root());
    if (const auto minutes = fields.integer("grace_minutes", 0, 525'600)) grace = std::chrono::minutes(*minutes);
    if (auto fault = fields.fault()) co_return std::move(*fault);
  }
  const auto row = context.services.device_rows.find(*mac);
  if (!row) co_return no_such_device(*mac);
  auto token = provision::new_token();
  auto hash = provisioning::sha256_of(token);
  auto before = row->definition->token;
  const bool fresh = before.empty();
  const auto secret = co_await sealed(context, request, before, std::move(token));
  if (!secret) co_return secret.error();
  actors::Device::Command wanted = actors::IssueDeviceToken{*secret, std::move(hash), grace, std::move(before)};
  auto reply = co_await command(context, request, *mac, std::move(wanted));
  drop_unless_taken(context, fresh, *secret, reply);
  co_return reply;
}

template <class Command>
Awaitable<Result<Response>> plain(Context& context, const Request& request) {
  const auto mac = mac_parameter(request);
  if (!mac) co_return mac.error();
  actors::Device::Command wanted = Command{};
  co_return co_await command(context, request, *mac, std::move(wanted));
}

Result<Response> blocked(Context& context, const Request&) {
  bj::array list;
  for (const auto& source : context.files.access().blocked())
    list.push_back(bj::object{
        {"source", text(source.source)}, {"until", iso(source.until)}, {"unknown_macs", source.unknown_macs}});
  return json_response(list);
}

Awaitable<Result<Response>> unblock(Context& context, const Request& request) {
  const auto& source = request.parameter(0);
  bool was = false;
  const auto lift = [&](auto done) {
    was = context.files.access().unblock(source, request.who.by(), done);
    if (!was) done(Result<Receipt>(Receipt{}));
  };
  const auto written = co_await completion<Receipt>(request, lift);
  if (!was)
    co_return not_found("source_not_blocked",
                        "This source is not blocked. GET /api/provisioning/access/blocked lists those that are.");
  if (!written) co_return written.error();
  co_return json_response(bj::object{{"success", true}, {"message", "Source unblocked"}});
}

}  // namespace

void add_access(Router& router, const ContextPtr& context) {
  router.add_schema("DeviceAccess", std::string(access_schema));
  router.add_schema("DeviceCredentials", std::string(device_credentials_schema));
  router.add_schema("DeviceTokenRequest", std::string(token_schema));
  router.add_schema("BlockedSource", std::string(blocked_schema));
  const std::vector<Reply> answer{{.status = 200, .description = "What is now", .schema = "#DeviceAccess"}};
  const auto route = [&](Method method, const char* part, const char* id, const char* summary, const char* description,
                         auto handler) {
    return Route{.method = method,
                 .pattern = std::string("/api/provisioning/devices/{mac}/access") + part,
                 .id = id,
                 .tag = "access",
                 .summary = summary,
                 .description = description,
                 .role = Role::operator_,
                 .parameters = {mac_path_parameter(), idempotency_parameter()},
                 .replies = answer,
                 .errors = {400, 404},
                 .handler = AsyncHandler(std::move(handler))};
  };
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/devices/{mac}/access",
              .id = "getDeviceAccess",
              .tag = "access",
              .summary = "What a phone may prove itself with",
              .parameters = {mac_path_parameter()},
              .replies = answer,
              .errors = {400, 404},
              .handler = Handler([context](const Request& request) { return read_access(*context, request); })});
  auto credentials = route(
      Method::put, "/credentials", "setDeviceCredentials", "Set or rotate the HTTP user name and password",
      "Phones in provisioning.access.credential_networks are served with them (Basic and Digest). They go in, and "
      "never out.",
      [context](const Request& request) { return set_credentials(*context, request); });
  credentials.body_schema = "#DeviceCredentials";
  credentials.errors = {400, 404, 409, 422};
  router.add(std::move(credentials));
  router.add(
      route(Method::delete_, "/credentials", "removeDeviceCredentials", "Take the HTTP password away", "",
            [context](const Request& request) { return plain<actors::RemoveDeviceCredentials>(*context, request); }));
  auto token = route(Method::post, "/token", "issueDeviceToken", "Put a new token into the device's URL",
                     "config_url carries it from now on, and so does the phone's file: let the phone fetch it before "
                     "the grace of the token before is over.",
                     [context](const Request& request) { return issue_token(*context, request); });
  token.body_schema = "#DeviceTokenRequest";
  token.body_required = false;
  token.errors = {400, 404, 422};
  router.add(std::move(token));
  router.add(route(Method::delete_, "/token", "revokeDeviceToken", "Take the token out of the device's URL, at once",
                   "",
                   [context](const Request& request) { return plain<actors::RevokeDeviceToken>(*context, request); }));
  router.add(
      route(Method::post, "/enrolment", "openDeviceEnrolment", "Open the device's enrolment anew",
            "For provisioning.access.enrolment_minutes, or until its phone registers by SIP, it is served "
            "without proof.",
            [context](const Request& request) { return plain<actors::OpenDeviceEnrolment>(*context, request); }));
  router.add({.method = Method::get,
              .pattern = "/api/provisioning/access/blocked",
              .id = "listBlockedSources",
              .tag = "access",
              .summary = "Sources that are blocked because they tried MAC addresses",
              .replies = {{.status = 200,
                           .description = "Those that are blocked now",
                           .schema = R"({"type":"array","items":{"$ref":"#/components/schemas/BlockedSource"}})"}},
              .handler = Handler([context](const Request& request) { return blocked(*context, request); })});
  router.add(
      {.method = Method::delete_,
       .pattern = "/api/provisioning/access/blocked/{source}",
       .id = "unblockSource",
       .tag = "access",
       .summary = "Lift a block",
       .role = Role::operator_,
       .parameters =
           {{.name = "source",
             .description =
                 "As the list names it: an IPv4 address, or the /64 of an IPv6 one, of which the /64 may be left out.",
             .in = Parameter::In::path}},
       .replies = {{.status = 200, .description = "Lifted", .schema = "#Done"}},
       .errors = {404},
       .handler = AsyncHandler([context](const Request& request) { return unblock(*context, request); })});
}

}  // namespace strowger::http::routes
