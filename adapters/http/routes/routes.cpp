#include "adapters/http/routes.hpp"

#include "adapters/http/openapi.hpp"
#include "adapters/http/routes/context.hpp"
#include "adapters/http/routes/event_stream.hpp"

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
      {.status = 304, .description = "What the phone has is current", .headers = {"ETag"}},
      {.status = 400,
       .description = "A MAC placeholder or no MAC address; what to set where",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain"},
      {.status = 403,
       .description = "Not from this network",
       .schema = R"({"type":"string"})",
       .content_type = "text/plain"},
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

}  // namespace

void add_routes(Router& router, Services& services, std::function<Counts()> counts) {
  const auto context = std::make_shared<routes::Context>(services, std::move(counts));
  routes::add_system(router, context);
  routes::add_auth(router, context);
  routes::add_extensions(router, context);
  routes::add_devices(router, context);
  routes::add_provisioning(router, context);
  routes::add_templates(router, context);
  routes::add_history(router, context);
  routes::add_history_comparison(router, context);
  routes::add_phone_settings(router, context);
  routes::add_phones(router, context);
  routes::add_reboots(router, context);
  routes::add_events(router, context);
  routes::add_event_stream(router, context->feed);
  routes::add_backups(router, context);
  add_files(router, context);
  // A table that cannot be described is a mistake in it: found at the start, not by who asks for the document.
  static_cast<void>(openapi_document(router, services.version, true));
}

std::function<Result<Principal>(std::string_view token)> authenticator(Services& services) {
  auto signer =
      std::make_shared<TokenSigner>(routes::token_key(services), services.clock, routes::revocations(services));
  return [signer](std::string_view token) { return signer->verify(token); };
}

Result<std::unique_ptr<Server>> start_server(Services& services) {
  const auto settings = services.settings();
  // The server is not there yet when the routes that show its counts are made.
  auto server = std::make_shared<std::atomic<Server*>>(nullptr);
  auto router = std::make_shared<Router>();
  add_routes(*router, services, [server] {
    const auto* running = server->load();
    return running == nullptr ? Counts{} : running->counts();
  });

  Options options{.host = settings->api.host, .port = settings->api.port};
  options.cert_file = settings->api.tls.cert_file;
  options.key_file = settings->api.tls.key_file;
  if (settings->api.require_authentication)
    options.authenticate = authenticator(services);
  else
    services.logger.warn("api.require_authentication is false: whoever reaches {} is an administrator",
                         settings->api.host);
  options.on_fault = [&logger = services.logger](std::string_view line) { logger.error("{}", line); };
  options.on_exchange = [&logger = services.logger](const Exchange& exchange) {
    if (!logger.should_log(spdlog::level::debug)) return;
    logger.debug("{} {} {} from {} by {}: {} bytes in {} us",
                 std::string(boost::beast::http::to_string(exchange.request.method)),
                 provision::escaped(exchange.request.target), exchange.status, exchange.request.peer,
                 exchange.request.who.name, exchange.bytes, exchange.took.count());
  };
  auto started = Server::start(std::move(options), std::move(router));
  if (!started) return started.error();
  server->store(started->get());
  return started;
}

}  // namespace strowger::http
