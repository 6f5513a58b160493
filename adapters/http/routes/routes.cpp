#include "adapters/http/routes.hpp"

#include "adapters/http/openapi.hpp"
#include "adapters/http/routes/context.hpp"
#include "adapters/http/routes/event_stream.hpp"
#include "adapters/http/routes/idempotency.hpp"

#include <spdlog/logger.h>

namespace strowger::http {
namespace {

void add_files(Router& router, const routes::ContextPtr& context) {
  const Handler handler([context](const Request& request) { return context->files.answer(request); });
  const std::vector<Reply> replies{
      {.status = 200,
       .description = "The file; its type is the vendor's",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain",
       .headers = {"ETag", "Last-Modified"}},
      {.status = 206,
       .description = "A part of a firmware file",
       .schema = R"({"type":"string","format":"binary"})",
       .content_type = "application/octet-stream",
       .headers = {"Content-Range", "ETag", "Last-Modified"}},
      {.status = 304, .description = "What the phone has is current", .headers = {"ETag"}},
      {.status = 400,
       .description = "A MAC placeholder or no MAC address; what to set where",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain"},
      {.status = 401,
       .description = "The device's HTTP user name and password are asked for; also where there is no such device",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain",
       .headers = {"WWW-Authenticate"}},
      {.status = 403,
       .description = "Not from this network, or not without a proof that is right",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain"},
      {.status = 416,
       .description = "The firmware file ends before the range",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain",
       .headers = {"Content-Range"}},
      {.status = 429,
       .description = "The source is blocked: it tried MAC addresses",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain",
       .headers = {"Retry-After"}},
      {.status = 404, .description = "No such file", .schema = R"({"type":"string"})", .content_type = "text/plain"}};
  router.add({.method = Method::get,
              .pattern = "/provision/{file...}",
              .id = "getPhoneFile",
              .tag = "phone files",
              .summary = "What phones ask for",
              .description = "The name of the file tells vendor, role and MAC address; provisioning.access tells who "
                             "may fetch.",
              .role = std::nullopt,
              .replies = replies,
              .handler = handler});
  router.add({.method = Method::get,
              .pattern = "/{file...}",
              .id = "getPhoneFileAtRoot",
              .tag = "phone files",
              .summary = "The same, for phones that only take a server root",
              .role = std::nullopt,
              .replies = replies,
              .handler = handler});
}

// What phones leave here; where provisioning.uploads is off, as if there were no such routes.
void add_uploads_of_phones(Router& router, const routes::ContextPtr& context) {
  struct Place {
    Method method;
    const char* pattern;
    const char* id;
  };
  for (const auto& [method, pattern, id] : {Place{Method::put, "/provision/{file...}", "putPhoneFile"},
                                            Place{Method::post, "/provision/{file...}", "postPhoneFile"},
                                            Place{Method::put, "/{file...}", "putPhoneFileAtRoot"},
                                            Place{Method::post, "/{file...}", "postPhoneFileAtRoot"}}) {
    const auto plain = [](std::uint16_t status, std::string what) {
      return Reply{.status = status,
                   .description = std::move(what),
                   .schema = R"({"type":"string"})",
                   .content_type = "text/plain"};
    };
    router.add(
        {.method = method,
         .pattern = pattern,
         .id = id,
         .tag = "phone files",
         .summary = "What phones leave here: their logs, and what was changed at them",
         .description = "By name, as what they ask for. Only where provisioning.uploads is enabled, from "
                        "registered devices, under the rules of provisioning.access.",
         .role = std::nullopt,
         .body_schema = R"({"type":"string","format":"binary"})",
         .body_types = {"*/*"},
         .body_limit = std::size_t{4} * 1024 * 1024,
         .gate = [context](Request& request,
                           std::optional<std::uint64_t> size) { return context->files.admit_upload(request, size); },
         .replies = {plain(201, "Kept"), plain(200, "The same is kept already"),
                     plain(401, "The device's HTTP user name and password are asked for"),
                     plain(403, "Not from this network, or not without a proof that is right"),
                     plain(404, "No such device"), plain(413, "Larger than provisioning.uploads allows")},
         .handler = AsyncHandler([context](const Request& request) { return context->files.take(request); })});
  }
}

void fill(Router& router, const routes::ContextPtr& context) {
  context->services.current_etag = [weak = std::weak_ptr(context)](const DefinitionPtr& device) -> Result<std::string> {
    const auto held = weak.lock();
    if (!held) return unavailable("stopping", "the server is stopping");
    return held->files.current_etag(held->files.present(), device);
  };
  const auto idempotency = std::make_shared<routes::Idempotency>(context->services.log, context->lanes.reads);
  router.change_added([idempotency](Route& route) { idempotency->guard(route); });
  routes::add_system(router, context);
  routes::add_auth(router, context);
  routes::add_extensions(router, context);
  routes::add_extension_files(router, context);
  routes::add_devices(router, context);
  routes::add_discovery(router, context);
  routes::add_device_files(router, context);
  routes::add_timeline(router, context);
  routes::add_campaigns(router, context);
  routes::add_access(router, context);
  routes::add_directories(router, context);
  routes::add_provisioning(router, context);
  routes::add_templates(router, context);
  routes::add_firmware(router, context);
  routes::add_uploads(router, context);
  routes::add_history(router, context);
  routes::add_history_comparison(router, context);
  routes::add_phonebook(router, context);
  routes::add_phone_settings(router, context);
  routes::add_phones(router, context);
  routes::add_reboots(router, context);
  routes::add_dead_letters(router, context);
  routes::add_events(router, context);
  routes::add_event_stream(router, context->feed);
  routes::add_backups(router, context);
  add_files(router, context);
  add_uploads_of_phones(router, context);
  // A table that cannot be described is a mistake in it: found at the start, not by who asks for the document.
  static_cast<void>(openapi_document(router, context->services.version, true));
}

Options phone_listener(const config::ProvisioningHttps& set, const Options& like) {
  Options options = like;
  options.host = set.host;
  options.port = set.port;
  options.cert_file = set.cert_file;
  options.key_file = set.key_file;
  options.tls_settings = "provisioning.https";
  options.client_ca_files = set.client_ca_files;
  options.require_client_certificate = set.require_client_certificate;
  return options;
}

}  // namespace

void add_routes(Router& router, Services& services, std::function<Counts()> counts) {
  fill(router, std::make_shared<routes::Context>(services, std::move(counts)));
}

std::function<Result<Principal>(std::string_view token)> authenticator(Services& services) {
  auto signer =
      std::make_shared<TokenSigner>(routes::token_key(services), services.clock, routes::revocations(services));
  return [signer, &users = services.user_rows, clock = services.clock](std::string_view token) -> Result<Principal> {
    auto who = signer->verify(token);
    if (!who) return who;
    if (!users.stands(who->name, who->epoch, who->issued_at, clock()))
      return Error{ErrorKind::unauthenticated,
                   "token_revoked",
                   "The account " + who->name +
                       " was given another password or role, disabled or deleted since the token was issued. Log in "
                       "again, or make a token anew with 'strowger token'.",
                   {}};
    // What the directory gave it takes back at once, and not when the token ends.
    const auto user = users.find(who->name);
    if (!user || user->directory.empty()) return who;
    if (!user->enabled)
      return Error{
          ErrorKind::unauthenticated, "token_revoked", "The directory gives " + who->name + " no role any more.", {}};
    who->role = std::max(who->role, user->role);  // the lesser of both
    return who;
  };
}

Counts Servers::counts() const {
  Counts sum;
  for (const auto* server : {main_.get(), https_.get(), legacy_.get()})
    if (server != nullptr) server->add_to(sum);
  return sum;
}

void Servers::refresh_certificates() {
  for (auto* server : {main_.get(), https_.get(), legacy_.get()})
    if (server != nullptr) server->refresh_certificates();
}

void Servers::stop(std::chrono::milliseconds grace) {
  for (auto* server : {legacy_.get(), https_.get(), main_.get()})
    if (server != nullptr) server->stop(grace);
}

Result<std::unique_ptr<Servers>> start_server(Services& services) {
  const auto settings = services.settings();
  // The servers are not there yet when the routes that show their counts are made.
  auto running = std::make_shared<std::atomic<Servers*>>(nullptr);
  auto router = std::make_shared<Router>();
  const auto context = std::make_shared<routes::Context>(services, [running] {
    const auto* servers = running->load();
    return servers == nullptr ? Counts{} : servers->counts();
  });
  fill(*router, context);

  Options options{.host = settings->api.host, .port = settings->api.port};
  options.limits.connections = services.most_connections;
  options.limits.connections_per_source = services.most_connections_per_source;
  options.occupancy = make_occupancy();
  options.cert_file = settings->api.tls.cert_file;
  options.key_file = settings->api.tls.key_file;
  if (settings->api.require_authentication)
    options.authenticate = authenticator(services);
  else
    services.logger.warn("api.require_authentication is false: whoever reaches {} is an administrator",
                         settings->api.host);
  options.on_fault = [&logger = services.logger](std::string_view line) { logger.error("{}", line); };
  options.mask = context->files.mask();
  options.on_exchange = [&logger = services.logger, mask = options.mask](const Exchange& exchange) {
    if (!logger.should_log(spdlog::level::debug)) return;
    logger.debug("{} {} {} from {} by {}: {} bytes in {} us",
                 std::string(boost::beast::http::to_string(exchange.request.method)),
                 provision::escaped(mask(exchange.request.target)), exchange.status, exchange.request.peer,
                 exchange.request.who.name, exchange.bytes, exchange.took.count());
  };
  options.on_unread = [context](const Request& request, const Unread& refusal) {
    context->files.unread(request, refusal);
  };
  options.on_note = [&logger = services.logger](std::string_view line) { logger.info("{}", line); };
  auto servers = std::make_unique<Servers>();
  servers->files_ = std::shared_ptr<provision::Files>(context, &context->files);
  const auto start = [](std::unique_ptr<Server>& place, Options with, std::shared_ptr<const Router> table) {
    auto started = Server::start(std::move(with), std::move(table));
    if (started) place = std::move(*started);
    return started ? Result<void>() : Result<void>(started.error());
  };
  if (auto done = start(servers->main_, options, router); !done) return done.error();
  if (const auto& https = settings->provisioning.https; https.enabled()) {
    auto phones = std::make_shared<Router>();
    add_files(*phones, context);
    add_uploads_of_phones(*phones, context);
    auto set = phone_listener(https, options);
    if (auto done = start(servers->https_, set, phones); !done) return done.error();
    services.logger.info("Phones find HTTPS on port {}{}", servers->https_port(),
                         https.client_ca_files.empty() ? "" : ", and may prove themselves by their certificates");
    if (https.legacy) {
      set.port = https.legacy_port;
      set.legacy_tls = true;
      if (auto done = start(servers->legacy_, set, phones); !done) return done.error();
      services.logger.warn(
          "provisioning.https.legacy is on: port {} speaks TLS 1.0 and 1.1 with old ciphers, which can be listened to "
          "and "
          "forged. Only phones that know no better should use it",
          servers->legacy_port());
    }
  }
  running->store(servers.get());
  return servers;
}

}  // namespace strowger::http
