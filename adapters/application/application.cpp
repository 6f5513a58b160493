#include "adapters/application/application.hpp"

#include "actors/campaign/coordinator.hpp"
#include "actors/convergence/convergence_reactor.hpp"
#include "actors/extension/deletion_reactor.hpp"
#include "actors/history/publisher.hpp"
#include "actors/history/retention.hpp"
#include "actors/phone_settings/device_settings_reactor.hpp"
#include "actors/provisioning/config_url.hpp"
#include "actors/provisioning/custom_templates.hpp"
#include "actors/reboot/reboot_reactor.hpp"
#include "adapters/application/current.hpp"
#include "adapters/application/directories.hpp"
#include "adapters/application/kafka_metrics.hpp"
#include "adapters/application/metrics.hpp"
#include "adapters/application/rotate.hpp"
#include "adapters/application/version.hpp"
#include "adapters/http/provision/present.hpp"
#include "adapters/http/routes.hpp"
#include "adapters/http/server.hpp"
#include "adapters/http/services.hpp"
#include "adapters/kafka/sink.hpp"
#include "adapters/rocksdb/archive/backup.hpp"
#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/sip/server.hpp"
#include "adapters/vault/password.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "config/external_address.hpp"
#include "events/json.hpp"

#include <atomic>
#include <filesystem>
#include <mutex>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

namespace strowger::application {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto catch_up_report = 2s;  // between progress lines while projections catch up at the start
constexpr auto stop_grace = 5s;

// ARCHITECTURE section 9: the work-stealing scheduler stalls with tens of thousands of runnable actors.
struct ActorConfig : caf::actor_system_config {
  ActorConfig() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 2);
    set("scheduler.max-throughput", 300);
    set("logger.console", caf::atom("none"));
  }
};

}  // namespace

// Members are in the order in which they are made, which is the reverse of that in which they end.
struct Application::House {
  House(config::SettingsPtr from, std::shared_ptr<spdlog::logger> to) : logger(std::move(to)) {
    settings.set(std::move(from));
  }
  House(House&&) = delete;

  Result<void> open_storage();
  Result<void> start_projections();
  void start_actors();
  Result<void> prepare_first_start();
  Result<std::shared_ptr<const provisioning::Renderer>> load_templates(const config::Settings& from) const;
  std::shared_ptr<const std::string> find_address(const config::Settings& from) const;
  Result<void> publish(const config::Settings& from, const provisioning::Renderer& templates, const std::string& ip,
                       const std::string& by = "system");
  fs::path templates_directory() const;
  Result<void> start_sip();
  Result<void> start_kafka();
  Result<void> start_http();
  void start_reactors();
  void start_retention();
  convergence::Policy policy() const;
  void announce() const;
  Result<std::string> create_backup(bool with_master_key);
  Result<std::string> list_backups() const;

  std::function<void(const std::string&)> warnings() const {
    return [to = logger](const std::string& line) { to->warn(line); };
  }
  std::function<void(const Error&)> troubles(std::string whose) const {
    return [to = logger, whose = std::move(whose)](const Error& error) { to->error("{}: {}", whose, error.message); };
  }
  std::optional<sip::Credential> credential(const ExtensionNumber& number) const;
  http::Services services();

  std::shared_ptr<spdlog::logger> logger;
  Current<config::Settings> settings;
  Current<provisioning::Renderer> renderer;
  Current<std::string> address;  // external_ip as set or found
  const Timestamp started_at = system_now();
  const provisioning::VendorCatalog vendors = provisioning::VendorCatalog::built_in();
  IdSource ids;

  std::mutex backing_up;  // one at a time
  std::unique_ptr<rocks::RocksLog> log;
  std::unique_ptr<vault::SodiumVault> vault;
  std::unique_ptr<rocks::RocksProjectionStore> store;
  std::unique_ptr<history::Publisher> publisher;

  ExtensionsProjection extension_rows;
  DevicesProjection device_rows;
  CampaignsProjection campaign_rows;
  RequestsProjection request_rows;
  UsersProjection user_rows;
  PhoneSettingsProjection phone_settings_rows;
  DirectoriesProjection directory_rows;
  std::unique_ptr<ProjectionRunner> runner;

  ActorConfig actor_config;
  std::unique_ptr<caf::actor_system> actors;
  std::unique_ptr<actors::EntityWorld> world;
  std::unique_ptr<actors::Entities<actors::Extension>> extensions;
  std::unique_ptr<actors::Entities<actors::Device>> devices;
  std::unique_ptr<actors::Entities<actors::Campaign>> campaigns;
  std::unique_ptr<actors::Entities<actors::User>> users;
  std::unique_ptr<actors::Entities<actors::PhoneSettings>> phone_settings;

  std::unique_ptr<directory::Syncs> directories;
  std::unique_ptr<kafka::Sink> kafka;
  std::unique_ptr<sip::Server> sip;
  std::atomic<std::uint16_t> api_port = 0;
  std::unique_ptr<http::provision::OwnTemplates> own_templates;
  std::unique_ptr<http::Services> http_services;

  reboot::NoCalls calls;
  std::unique_ptr<http::Servers> http;
  std::unique_ptr<reboot::RebootReactor> reboots;
  std::unique_ptr<convergence::ConvergenceReactor> convergence;
  std::unique_ptr<campaign::Coordinator> coordinator;
  std::unique_ptr<actors::DeletionReactor> deletions;
  std::unique_ptr<history::Retention> retention;
  std::atomic<const history::Retention*> retention_running = nullptr;  // it starts after HTTP does
  std::unique_ptr<actors::DeviceSettingsReactor> device_settings;

  std::optional<FirstAdmin> first_admin;

  ~House() {
    // Nobody new comes in, what is under way is finished, and only then what it needs ends.
    device_settings.reset();
    deletions.reset();
    coordinator.reset();
    convergence.reset();
    reboots.reset();
    if (http) http->stop(stop_grace);
    http.reset();
    retention.reset();
    directories.reset();
    if (sip) sip->stop();
    phone_settings.reset();
    users.reset();
    campaigns.reset();
    devices.reset();
    extensions.reset();
    actors.reset();                                                           // waits for the actors
    if (kafka) kafka->stop(kafka->status().error.empty() ? stop_grace : 1s);  // the log keeps what is not delivered
    if (runner) runner->stop();
    runner.reset();
    sip.reset();
  }
};

Result<void> Application::House::open_storage() {
  const fs::path data_dir = settings.get()->data_dir;
  std::error_code fault;
  fs::create_directories(data_dir, fault);
  if (fault)
    return unavailable("data_dir_unusable", "data_dir: cannot make " + data_dir.string() + ": " + fault.message());
  rocks::LogOptions log_options;
  log_options.folder = data_dir / "log";
  log_options.report = warnings();
  auto opened_log = rocks::RocksLog::open(std::move(log_options));
  if (!opened_log) return opened_log.error();
  log = std::move(*opened_log);
  auto opened_vault = vault::SodiumVault::open(*log, vault::MasterKeySource::from_environment(data_dir));
  if (!opened_vault) return opened_vault.error();
  vault = std::move(*opened_vault);
  publisher = std::make_unique<history::Publisher>(*log, ids, *vault, system_now);
  rocks::ProjectionStoreOptions store_options;
  store_options.folder = data_dir / "projections";
  store_options.report = warnings();
  auto opened_store = rocks::RocksProjectionStore::open(std::move(store_options));
  if (!opened_store) return opened_store.error();
  store = std::move(*opened_store);
  return {};
}

Result<void> Application::House::start_projections() {
  RunnerOptions options;
  options.report = warnings();
  runner = std::make_unique<ProjectionRunner>(
      *log, *store,
      std::vector<Projection*>{&extension_rows, &device_rows, &campaign_rows, &request_rows, &user_rows,
                               &phone_settings_rows, &directory_rows},
      options);
  if (auto started = runner->start(); !started) return started.error();
  const auto end = log->last_position();
  while (!runner->wait_applied(end, std::chrono::steady_clock::now() + catch_up_report)) {
    const auto status = runner->status();
    if (status.stopped) return *status.stopped;
    for (const auto& projection : status.projections)
      if (projection.lag > 0)
        logger->info("Projection {} is at event {} of {}", projection.name, number(projection.position), number(end));
  }
  return {};
}

void Application::House::start_actors() {
  actors = std::make_unique<caf::actor_system>(actor_config);
  world = std::make_unique<actors::EntityWorld>(actors::EntityWorld{*log, ids, system_now});
  extensions = std::make_unique<actors::Entities<actors::Extension>>(*actors, *world);
  devices = std::make_unique<actors::Entities<actors::Device>>(*actors, *world);
  campaigns = std::make_unique<actors::Entities<actors::Campaign>>(*actors, *world);
  users = std::make_unique<actors::Entities<actors::User>>(*actors, *world);
  phone_settings = std::make_unique<actors::Entities<actors::PhoneSettings>>(*actors, *world);
}

Result<void> Application::House::prepare_first_start() {
  const auto now = settings.get();
  auto admin = create_first_admin(*users, user_rows, now->data_dir);
  if (!admin) return admin.error();
  first_admin = std::move(*admin);
  const auto seeded = seed({*log, ids, *vault, *extensions, *devices, vendors}, *now);
  if (!seeded) return seeded.error();
  if (*seeded && ((*seeded)->extensions > 0 || (*seeded)->devices > 0))
    logger->info("Took {} extensions and {} devices of the settings into the new log", (*seeded)->extensions,
                 (*seeded)->devices);
  const auto started =
      append_and_wait(*log, {StreamId("system", "server"),
                             ExpectedVersion::any(),
                             {encode(ServerStarted{std::string(version)}, Cause{"system", {}, {}}, system_now(), ids)},
                             {},
                             {}});
  if (!started) return started.error();
  runner->wait_applied(started->position, std::chrono::steady_clock::now() + 60s);
  return {};
}

// Without one in the settings, what the API puts there.
fs::path Application::House::templates_directory() const {
  const auto now = settings.get();
  const auto& set = now->provisioning.custom_templates_dir;
  return set.empty() ? fs::path(now->data_dir) / "templates" : fs::path(set);
}

Result<std::shared_ptr<const provisioning::Renderer>> Application::House::load_templates(
    const config::Settings& from) const {
  fs::path directory = from.provisioning.custom_templates_dir;
  std::error_code ignored;
  if (const auto own = fs::path(from.data_dir) / "templates"; directory.empty() && fs::exists(own, ignored))
    directory = own;
  const auto custom = provisioning::read_custom_templates(directory);
  for (const auto& fault : custom.faults) logger->error("{}", fault.message);
  auto made = provisioning::Renderer::make(vendors, custom.templates);
  if (!made) return made.error();
  for (const auto& fault : made->refused) logger->error("{}; the built-in template stays in force", fault.message);
  return std::move(made->renderer);
}

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
  sip = std::make_unique<sip::Server>(
      options, *log, ids, [this](const ExtensionNumber& number) { return credential(number); },
      vault->derive_key("sip-nonce"), system_now, logger);
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
      system_now,
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
                            retention_running.load(), settings.get()->data_dir) +
               (kafka ? metrics_text(kafka->status()) : std::string());
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
        all.push_back({"kafka", status.delivered, status.lag, status.events, status.failures, status.error});
        return all;
      },
  };
}

Result<std::string> Application::House::create_backup(bool with_master_key) {
  const std::lock_guard lock(backing_up);
  const fs::path data_dir = settings.get()->data_dir;
  const auto key = with_master_key ? master_key_file(data_dir) : Result<std::optional<fs::path>>(std::nullopt);
  if (!key) return key.error();
  const auto made = rocks::create_backup(
      data_dir / "backups", system_now(), [this](const fs::path& folder) { return log->checkpoint(folder); }, *key);
  if (!made) {
    logger->error("No backup was made: {}", made.error().message);
    return made.error();
  }
  logger->info("Backup {} of {} events was made{}", made->name, made->events,
               with_master_key ? ", with the master key in it" : "");
  return json::to_string(*made);
}

Result<std::string> Application::House::list_backups() const {
  const auto all = rocks::list_backups(fs::path(settings.get()->data_dir) / "backups");
  if (!all) return all.error();
  return json::to_string(*all);
}

Result<void> Application::House::start_http() {
  own_templates = std::make_unique<http::provision::OwnTemplates>(http::provision::OwnTemplates::World{
      vendors, [this] { return templates_directory(); }, [this] { return renderer.get(); },
      [this](http::provision::RendererPtr fresh) { renderer.set(std::move(fresh)); },
      [this](const provisioning::Renderer& fresh, const std::string& by) {
        return publish(*settings.get(), fresh, *address.get(), by);
      }});
  directories = start_syncs({*log, ids, *runner, extension_rows, user_rows, device_rows, directory_rows, *extensions,
                             *devices, *users, *vault, [this] { return settings.get(); }, logger});
  http_services = std::make_unique<http::Services>(services());
  http_services->campaigns = campaigns.get();
  http_services->campaign_rows = &campaign_rows;
  http_services->directories = directories.get();
  http_services->directory_rows = &directory_rows;
  const auto now = settings.get();
  api_port = now->api.port;
  if (api_port != 0)
    if (auto done = publish(*now, *renderer.get(), *address.get()); !done) return done.error();
  auto started = http::start_server(*http_services);
  if (!started) return started.error();
  http = std::move(*started);
  api_port = http->port();  // known only now where the settings leave the choice to the system
  return publish(*now, *renderer.get(), *address.get());
}

convergence::Policy Application::House::policy() const {
  const auto now = settings.get();
  const auto& from = now->provisioning.reboots;
  convergence::Policy policy;
  policy.pace.max_in_flight = from.max_in_flight;
  policy.pace.max_per_second = from.max_per_second;
  policy.pace.per_site = from.per_site;
  policy.pace.quiet = QuietHours::parse(from.quiet_hours).value();  // the loader checked it
  policy.fetch_deadline = std::chrono::seconds(from.fetch_deadline);
  policy.retries = static_cast<std::uint16_t>(from.retries);
  return policy;
}

void Application::House::start_reactors() {
  const auto from = log->last_position();
  runner->wait_applied(from, std::chrono::steady_clock::now() + 60s);
  reboots = std::make_unique<reboot::RebootReactor>(
      reboot::RebootReactor::World{*log, *devices, device_rows, sip->bindings(), sip->notifier(), calls,
                                   [this](const std::string& vendor, RebootVerb verb) {
                                     const auto event = vendors.notify_event(vendor, verb);
                                     return event ? *event : std::string("check-sync");
                                   },
                                   [to = logger](const std::string& line) { to->info(line); }, troubles("Reboots")},
      from);
  convergence = std::make_unique<convergence::ConvergenceReactor>(
      convergence::ConvergenceReactor::World{
          *log, *devices, device_rows, sip->bindings(),
          [this](const DefinitionPtr& device) { return http_services->current_etag(device); },
          [this](Position position, std::function<void()> done) { runner->when_applied(position, std::move(done)); },
          [this](const std::string& vendor, RebootReason reason) { return vendors.verb_for(vendor, reason); },
          [](const DeviceDefinition&) { return std::string(); }, [this] { return policy(); }, system_now,
          [to = logger](const std::string& line) { to->info(line); }, troubles("Convergence")},
      from);
  directories->watch(convergence->looked());
  coordinator = std::make_unique<campaign::Coordinator>(
      campaign::Coordinator::World{*campaigns, *devices, campaign_rows, device_rows, sip->bindings(),
                                   [this](const DefinitionPtr& device) { return http_services->current_etag(device); },
                                   [](const DeviceDefinition&) { return std::string(); }, system_now});
  deletions = std::make_unique<actors::DeletionReactor>(
      *log, *vault, *runner, extension_rows,
      [this](const ExtensionNumber& number, UnregisterReason reason) { sip->drop_extension(number, reason); },
      troubles("Deletions"));
  device_settings = std::make_unique<actors::DeviceSettingsReactor>(
      actors::DeviceSettingsReactor::World{*log, *vault, *runner, phone_settings_rows, *phone_settings},
      troubles("Settings of devices that are gone"));
}

void Application::House::start_retention() {
  history::Retention::World with{*log, ids, system_now};
  with.times = [this] {
    const auto& times = settings.get()->log.retention;
    return history::RetentionTimes{times.config_served, times.refused, times.failed_logins};
  };
  with.served_since = [this](const MacAddress& mac, Timestamp time) {
    const auto row = device_rows.find(mac);
    return !row || (row->activity.last_provisioned && *row->activity.last_provisioned > time);
  };
  with.fold = [this](const std::vector<FoldedRecord>& records, const MakeSummary& make) {
    return log->fold(records, make);
  };
  with.folded = [this](Position first, Position last) {
    if (const auto done = log->compact(first, last); !done) logger->warn("{}", done.error().message);
  };
  with.report = [to = logger](const std::string& line) { to->info("{}", line); };
  with.trouble = troubles("Retention");
  retention = std::make_unique<history::Retention>(std::move(with));
  retention_running = retention.get();
}

void Application::House::announce() const {
  const auto now = settings.get();
  logger->info("Strowger {} serves", version);
  logger->info("API port: {}", api_port.load());
  logger->info("SIP port: {}", sip->port());
  logger->info("External address: {}", *address.get());
  logger->info("config_url: {}",
               provisioning::config_url({now->provisioning.url_format, *address.get(), api_port.load()}, "{mac}"));
}

Result<std::optional<fs::path>> master_key_file(const fs::path& data_dir) {
  const auto source = vault::MasterKeySource::from_environment(data_dir);
  std::error_code ignored;
  const bool elsewhere = source.text || (source.credentials_directory &&
                                         fs::exists(*source.credentials_directory / "strowger-master-key", ignored));
  if (!elsewhere && fs::exists(source.file, ignored)) return std::optional(source.file);
  return unacceptable("master_key_elsewhere", "the master key is not in " + source.file.string() +
                                                  "; it was handed to the server from elsewhere, back it up there");
}

Application::Application(std::unique_ptr<House> house) : house_(std::move(house)) {}
Application::~Application() = default;

Result<std::unique_ptr<Application>> Application::start(config::SettingsPtr settings,
                                                        std::shared_ptr<spdlog::logger> logger) {
  auto house = std::make_unique<House>(std::move(settings), std::move(logger));
  const auto now = house->settings.get();
  if (auto done = check_directories(*now); !done) return done.error();
  if (!now->api.require_authentication)
    house->logger->warn("api.require_authentication is false: whoever reaches {} administers this server",
                        now->api.host);
  if (auto done = house->open_storage(); !done) return done.error();
  if (auto done = house->start_projections(); !done) return done.error();
  house->start_actors();
  if (auto done = house->prepare_first_start(); !done) return done.error();
  auto templates = house->load_templates(*now);
  if (!templates) return templates.error();
  house->renderer.set(std::move(*templates));
  house->address.set(house->find_address(*now));
  if (auto done = house->start_sip(); !done) return done.error();
  if (auto done = house->start_kafka(); !done) return done.error();
  if (auto done = house->start_http(); !done) return done.error();
  house->start_reactors();
  house->start_retention();
  house->announce();
  return std::unique_ptr<Application>(new Application(std::move(house)));
}

void Application::reload(config::SettingsPtr settings) {
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
  keep("api.host", merged->api.host, present->api.host);
  keep("api.port", merged->api.port, present->api.port);
  keep("api.require_authentication", merged->api.require_authentication, present->api.require_authentication);
  keep("api.tls.cert_file", merged->api.tls.cert_file, present->api.tls.cert_file);
  keep("api.tls.key_file", merged->api.tls.key_file, present->api.tls.key_file);
  keep("provisioning.https", merged->provisioning.https, present->provisioning.https);
  keep("integrations.kafka", merged->kafka, present->kafka);
  keep("log.engine", merged->log.engine, present->log.engine);
  const auto refuse = [&](const Error& error) {
    house_->logger->error("The settings were not reloaded: {}", error.message);
  };
  if (auto done = check_directories(*merged); !done) return refuse(done.error());
  auto templates = house_->load_templates(*merged);
  if (!templates) return refuse(templates.error());
  auto address = house_->find_address(*merged);
  if (auto done = house_->publish(*merged, **templates, *address); !done) return refuse(done.error());
  house_->renderer.set(std::move(*templates));
  house_->address.set(std::move(address));
  house_->settings.set(std::move(merged));
  house_->http->refresh_certificates();
  house_->directories->wake();
  house_->logger->info("Settings reloaded");
  house_->announce();
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
