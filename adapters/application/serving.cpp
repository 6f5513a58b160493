#include "actors/provisioning/user_agent.hpp"
#include "adapters/application/event_metrics.hpp"
#include "adapters/application/house.hpp"
#include "adapters/application/kafka_metrics.hpp"
#include "adapters/application/metrics.hpp"
#include "adapters/application/pnp.hpp"
#include "adapters/application/rotate.hpp"
#include "adapters/application/tftp.hpp"
#include "adapters/application/version.hpp"
#include "adapters/vault/password.hpp"
#include "config/external_address.hpp"

#include <algorithm>

namespace strowger::application {

std::shared_ptr<const std::string> Application::House::find_address(const config::Settings& from) const {
  if (!from.server.external_ip.empty()) return std::make_shared<const std::string>(from.server.external_ip);
  const auto found = config::external_address();
  logger->info("server.external_ip is not set: phones are told {} ({})", found.ip, found.reason);
  return std::make_shared<const std::string>(found.ip);
}

// Before any file is rendered with them.
Result<void> Application::House::publish(const config::Settings& from, const provisioning::Renderer& templates,
                                         const std::string& ip, const std::string& by) {
  const auto recorded =
      publisher->publish(templates, http::provision::settings_applied(from, ip, sip->port(), api_port.load()), by);
  if (!recorded) return recorded.error();
  for (const auto& line : *recorded) logger->info("{}", line);
  return {};
}

std::optional<sip::Credential> Application::House::credential(const ExtensionNumber& number) const {
  const auto row = extension_rows.find(number);
  if (!row) return std::nullopt;
  return sip::Credential{strowger::number(row->version),
                         [this, row]() -> std::optional<std::string> {
                           auto clear = vault->open(row->password);
                           if (clear) return std::move(*clear);
                           logger->error("The password of extension {} cannot be read: {}", row->number.text(),
                                         clear.error().message);
                           return std::nullopt;
                         },
                         row->enabled};
}

Result<void> Application::House::start_sip() {
  auto options = sip::options_from(*settings.get());
  if (options.external_ip.empty()) options.external_ip = *address.get();
  auto& connections = options.connections;
  connections.in_all = std::min(connections.in_all, descriptors.sip_connections);
  connections.per_source = std::min(connections.per_source, descriptors.sip_connections / 4);
  // Told like failed logins by HTTP: one event, then one with a count for each window. A name that is no extension's is
  // not kept, for it may be a password in the wrong field.
  wrong_passwords = std::make_unique<http::Sightings>(
      *log, ids, system_now, runner.get(),
      http::SightingOptions{.window = [this] { return settings.get()->log.repeat_window; }});
  options.on_wrong_password = [this](const std::optional<ExtensionNumber>& extension, const std::string& ip) {
    wrong_passwords->login_failed({extension ? "SIP extension " + extension->text() : "SIP, an unknown extension", ip});
  };
  options.made_by = [this](const MacAddress& mac, std::string_view user_agent) {
    const auto* maker = vendors.vendor_of(mac);
    return maker != nullptr && maker->vendor == provisioning::parse_sip_user_agent(user_agent).vendor;
  };
  options.is_local = [this](std::string_view source) {
    const auto now = settings.get();
    const auto bytes = config::parse_ip(source);
    return bytes && std::ranges::any_of(now->provisioning.access.allowed_networks, [&](const auto& text) {
             const auto network = config::Network::parse(text);
             return network && network->contains(*bytes);
           });
  };
  sip = std::make_unique<sip::Server>(
      options, *log, ids, [this](const ExtensionNumber& number) { return credential(number); },
      vault->derive_key("sip-nonce"), clock, logger);
  return sip->start();
}

Result<void> Application::House::start_kafka() {
  const auto now = settings.get();
  if (!now->kafka.enabled) return {};
  kafka::SinkOptions options;
  options.settings = now->kafka;
  options.warn = warnings();
  options.info = [to = logger](const std::string& line) { to->info(line); };
  auto started = kafka::Sink::start(*log, std::move(options));
  if (!started) return started.error();
  kafka = std::move(*started);
  logger->info("Events are copied to the Kafka topic {} at {}", now->kafka.topic, now->kafka.brokers);
  return {};
}

http::Services Application::House::services() {
  return http::Services{
      [this] { return settings.get(); },
      [this] { return renderer.get(); },
      [this] { return *address.get(); },
      [this] { return api_port.load(); },
      [this] { return sip->port(); },
      clock,
      ids,
      *log,
      *vault,
      *logger,
      *extensions,
      *devices,
      *users,
      *phone_settings,
      *runner,
      extension_rows,
      device_rows,
      request_rows,
      user_rows,
      phone_settings_rows,
      sip->bindings(),
      vendors,
      [](const PasswordHash& hash, std::string_view password) { return vault::verify_password(hash, password); },
      [this] { return vault->derive_key("api-token"); },
      [this] {
        return metrics_text(*log, *runner, sip->metrics(), *extensions, *devices, *users, *world->counters,
                            retention_running.load(), convergence_counters, settings.get()->data_dir, store_sizes) +
               (kafka ? metrics_text(kafka->status()) : std::string()) + metrics_text(tftp_running.load()) +
               metrics_text(quarantine_rows.counts(), *dead_letters);
      },
      std::string(version),
      started_at,
      [this](const std::string& by) -> Result<http::Services::MasterKeyRotation> {
        const std::lock_guard lock(backing_up);  // a backup takes a log and the key that opens it
        const auto done = rotate(*vault, ids, by);
        if (!done) return done.error();
        logger->info("{} rotated the master key; it is in {} now", by, done->key_file.string());
        return http::Services::MasterKeyRotation{done->data_keys, done->key_file.string(),
                                                 done->previous_file.string()};
      },
      [this](bool with_master_key) { return create_backup(with_master_key); },
      [this] { return list_backups(); },
      own_templates.get(),
      [this] {
        std::vector<http::StreamOut> all;
        if (!kafka) return all;
        const auto status = kafka->status();
        auto& out = all.emplace_back(http::StreamOut{"kafka", status.delivered, status.lag, status.events,
                                                     status.failures, status.error, status.parked.count});
        for (const auto& one : status.parked.newest)
          out.newest_parked.push_back({Position{one.position}, one.stream, one.type, one.reason, one.parked_at});
        out.folded = status.folded.count;
        out.first_folded = status.folded.first;
        out.last_folded = status.folded.last;
        return all;
      },
  };
}

Result<void> Application::House::start_http() {
  directories = start_syncs({*log, ids, *runner, extension_rows, user_rows, device_rows, directory_rows, *extensions,
                             *devices, *users, *vault, [this] { return settings.get(); }, logger, clock});
  http_services = std::make_unique<http::Services>(services());
  http_services->most_connections = descriptors.http_connections;
  http_services->most_connections_per_source = descriptors.http_connections_per_source;
  http_services->quarantine_rows = &quarantine_rows;
  http_services->dead_letters = dead_letters.get();
  http_services->retention = [this] {
    const auto* running = retention_running.load();
    return running != nullptr ? running->status() : history::RetentionStatus{};
  };
  http_services->campaigns = campaigns.get();
  http_services->campaign_rows = &campaign_rows;
  http_services->directories = directories.get();
  http_services->directory_rows = &directory_rows;
  http_services->contacts = contacts.get();
  http_services->contact_rows = &contact_rows;
  http_services->discovered_rows = &discovered_rows;
  const auto now = settings.get();
  api_port = now->api.port;
  if (api_port != 0)
    if (auto done = publish(*now, *renderer.get(), *address.get()); !done) return done.error();
  auto started = http::start_server(*http_services);
  if (!started) return started.error();
  http = std::move(*started);
  auto by_tftp = start_tftp(*now, http->files(), *logger, descriptors.tftp_transfers);
  if (!by_tftp) return by_tftp.error();
  tftp = std::move(*by_tftp);
  tftp_running = tftp.get();
  api_port = http->port();  // known only now where the settings leave the choice to the system
  if (auto done = publish(*now, *renderer.get(), *address.get()); !done) return done.error();
  pnp_invite = application::pnp_invite({http->files(), *log, ids, [this] { return settings.get(); }, logger, clock});
  follow_pnp();
  return {};
}

void Application::House::follow_pnp() {
  sip->serve_pnp(pnp_options(*settings.get(), pnp_invite));
}

}  // namespace strowger::application
