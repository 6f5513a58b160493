#include "actors/provisioning/config_url.hpp"
#include "adapters/application/accepted_settings.hpp"
#include "adapters/application/house.hpp"
#include "adapters/application/version.hpp"
#include "config/access_changes.hpp"

namespace strowger::application {

void Application::House::announce() const {
  const auto now = settings.get();
  logger->info("Strowger {} serves", version);
  logger->info("API port: {}", api_port.load());
  logger->info("SIP port: {}", sip->port());
  logger->info("External address: {}", *address.get());
  logger->info("config_url: {}",
               provisioning::config_url({now->provisioning.url_format, *address.get(), api_port.load()}, "{mac}"));
}

// What was closed is opened only where somebody said that this is meant: a file that was cut off, or is not yet written
// to its end, has fewer keys, and the default of many of them is open.
Result<void> Application::House::check_access(const config::Settings& present, const config::Settings& wanted) const {
  std::string wider;
  for (const auto& change : config::access_changes(present, wanted)) {
    logger->warn("A reload changes who is let in: {}{}", change.text(), change.wider ? " (wider)" : "");
    if (change.wider) wider += (wider.empty() ? "" : ", ") + change.text();
  }
  if (wider.empty()) return {};
  if (take_acceptance(present.data_dir, wanted)) {
    logger->warn("It was accepted by `strowger config accept`");
    return {};
  }
  return unacceptable("access_wider", "they let in more than those in force, which stay: " + wider +
                                          ". If that is meant, run `strowger config accept " + wanted.source +
                                          "` and reload again, or restart; else look whether the file is whole");
}

void Application::House::tell_config_url(const config::Settings& present, const config::Settings& wanted,
                                         const std::string& wanted_ip) const {
  const auto url = [&](const config::Settings& of, const std::string& ip) {
    return provisioning::config_url({of.provisioning.url_format, ip, api_port.load()}, "{mac}");
  };
  const auto before = url(present, *address.get());
  const auto after = url(wanted, wanted_ip);
  if (before != after)
    logger->warn(
        "A reload changes where phones find their files: config_url: {} -> {}. All whose files name it are told to "
        "fetch",
        before, after);
}

Application::Application(std::unique_ptr<House> house) : house_(std::move(house)) {}
Application::~Application() = default;

Result<std::unique_ptr<Application>> Application::start(config::SettingsPtr settings,
                                                        std::shared_ptr<spdlog::logger> logger) {
  auto house = std::make_unique<House>(std::move(settings), std::move(logger));
  const auto now = house->settings.get();
  if (auto done = check_directories(*now); !done) return done.error();
  auto descriptors = budget_descriptors(*house->logger);
  if (!descriptors) return descriptors.error();
  house->descriptors = *descriptors;
  if (!now->api.require_authentication)
    house->logger->warn("api.require_authentication is false: whoever reaches {} administers this server",
                        now->api.host);
  if (auto done = house->open_storage(); !done) return done.error();
  if (auto done = house->start_projections(); !done) return done.error();
  house->start_actors();
  if (auto done = house->prepare_first_start(); !done) return done.error();
  house->make_own_templates();
  auto templates = house->load_templates(*now);
  if (!templates) return templates.error();
  house->renderer.set(std::move(*templates));
  house->address.set(house->find_address(*now));
  if (auto done = house->start_sip(); !done) return done.error();
  if (auto done = house->start_kafka(); !done) return done.error();
  if (auto done = house->start_http(); !done) return done.error();
  if (auto done = house->start_reactors(); !done) return done.error();
  house->start_retention();
  house->follow_templates();
  house->announce();
  return std::unique_ptr<Application>(new Application(std::move(house)));
}

bool Application::reload(config::SettingsPtr settings) {
  auto merged = std::make_shared<config::Settings>(*settings);
  const auto present = house_->settings.get();
  const auto keep = [&](const char* key, auto& wanted, const auto& running) {
    if (wanted == running) return;
    house_->logger->warn("{} changed in the settings; that needs a restart and was not taken", key);
    wanted = running;
  };
  keep("data_dir", merged->data_dir, present->data_dir);
  keep("server.sip_host", merged->server.sip_host, present->server.sip_host);
  keep("server.sip_port", merged->server.sip_port, present->server.sip_port);
  keep("server.sip_realm", merged->server.sip_realm, present->server.sip_realm);
  keep("server.sip_digest", merged->server.sip_digest, present->server.sip_digest);
  keep("server.sip_digest_without_qop", merged->server.sip_digest_without_qop, present->server.sip_digest_without_qop);
  keep("server.force_rport", merged->server.force_rport, present->server.force_rport);
  keep("api.host", merged->api.host, present->api.host);
  keep("api.port", merged->api.port, present->api.port);
  keep("api.idempotency_window", merged->api.idempotency_window, present->api.idempotency_window);
  keep("api.require_authentication", merged->api.require_authentication, present->api.require_authentication);
  keep("api.tls.cert_file", merged->api.tls.cert_file, present->api.tls.cert_file);
  keep("api.tls.key_file", merged->api.tls.key_file, present->api.tls.key_file);
  keep("provisioning.https", merged->provisioning.https, present->provisioning.https);
  keep("provisioning.tftp", merged->provisioning.tftp, present->provisioning.tftp);
  keep("integrations.kafka", merged->kafka, present->kafka);
  keep("log.engine", merged->log.engine, present->log.engine);
  const auto refuse = [&](const Error& error) {
    house_->logger->error("The settings were not reloaded: {}", error.message);
    return false;
  };
  if (auto done = check_directories(*merged); !done) return refuse(done.error());
  if (auto done = house_->check_access(*present, *merged); !done) return refuse(done.error());
  const auto held = house_->own_templates->hold();
  auto templates = house_->load_templates(*merged);
  if (!templates) return refuse(templates.error());
  auto address = house_->find_address(*merged);
  house_->tell_config_url(*present, *merged, *address);
  if (auto done = house_->publish(*merged, **templates, *address); !done) return refuse(done.error());
  house_->renderer.set(std::move(*templates));
  house_->address.set(std::move(address));
  house_->settings.set(std::move(merged));
  house_->http->refresh_certificates();
  house_->directories->wake();
  house_->template_watch->look_at(house_->templates_folder(*house_->settings.get()).path);
  house_->follow_pnp();
  house_->logger->info("Settings reloaded");
  house_->announce();
  return true;
}

std::uint16_t Application::api_port() const {
  return house_->api_port;
}
std::uint16_t Application::sip_port() const {
  return house_->sip->port();
}
std::string Application::external_ip() const {
  return *house_->address.get();
}
const std::optional<FirstAdmin>& Application::first_admin() const {
  return house_->first_admin;
}

}  // namespace strowger::application
