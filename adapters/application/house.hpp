// The parts of the running server, in the order in which they are made. What makes them is in storage.cpp (log, vault,
// projections, backups), templates.cpp, serving.cpp (SIP, HTTP, Kafka) and reactors.cpp (entities and what drives
// them).
#pragma once

#include "actors/campaign/coordinator.hpp"
#include "actors/convergence/convergence_reactor.hpp"
#include "actors/convergence/evictions.hpp"
#include "actors/dead_letters.hpp"
#include "actors/extension/deletion_reactor.hpp"
#include "actors/history/publisher.hpp"
#include "actors/history/retention.hpp"
#include "actors/phone_settings/device_settings_reactor.hpp"
#include "actors/reboot/reboot_reactor.hpp"
#include "actors/snapshot_sweep.hpp"
#include "adapters/application/application.hpp"
#include "adapters/application/current.hpp"
#include "adapters/application/descriptors.hpp"
#include "adapters/application/directories.hpp"
#include "adapters/application/folder_watch.hpp"
#include "adapters/application/key_sweep.hpp"
#include "adapters/application/store_sizes.hpp"
#include "adapters/http/provision/own_templates.hpp"
#include "adapters/http/provision/present.hpp"
#include "adapters/http/provision/services.hpp"
#include "adapters/http/routes.hpp"
#include "adapters/http/server.hpp"
#include "adapters/http/sightings.hpp"
#include "adapters/kafka/sink.hpp"
#include "adapters/rocksdb/projection_store.hpp"
#include "adapters/rocksdb/rocks_log.hpp"
#include "adapters/sip/server.hpp"
#include "adapters/tftp/server.hpp"
#include "adapters/vault/sodium_vault.hpp"
#include "events/projections/quarantine.hpp"

#include <atomic>
#include <filesystem>
#include <mutex>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

namespace strowger::application {

// ARCHITECTURE section 9: the work-stealing scheduler stalls with tens of thousands of runnable actors.
struct ActorConfig : caf::actor_system_config {
  ActorConfig() {
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", 2);
    set("scheduler.max-throughput", 300);
    set("logger.console", caf::atom("none"));
  }
};

inline constexpr auto stop_grace = std::chrono::seconds(5);

// Members are in the order in which they are made, which is the reverse of that in which they end.
struct Application::House {
  House(config::SettingsPtr from, std::shared_ptr<spdlog::logger> to) : logger(std::move(to)) {
    settings.set(std::move(from));
  }
  House(House&&) = delete;

  Result<void> open_storage();
  Result<void> start_projections();
  Result<void> catch_up(Position position) const;
  void start_actors();
  Result<void> prepare_first_start();
  void make_own_templates();
  Result<http::provision::RendererPtr> load_templates(const config::Settings& from) const;
  void follow_templates();
  std::shared_ptr<const std::string> find_address(const config::Settings& from) const;
  Result<void> publish(const config::Settings& from, const provisioning::Renderer& templates, const std::string& ip,
                       const std::string& by = "system");
  static http::provision::OwnTemplates::Folder templates_folder(const config::Settings& from);
  Result<void> start_sip();
  Result<void> start_kafka();
  Result<void> start_http();
  void follow_pnp();
  Result<void> start_reactors();
  void start_retention();
  convergence::Policy policy() const;
  void announce() const;
  Result<void> check_access(const config::Settings& present, const config::Settings& wanted) const;
  void tell_config_url(const config::Settings& present, const config::Settings& wanted,
                       const std::string& wanted_ip) const;
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
  DescriptorBudget descriptors;
  Current<config::Settings> settings;
  Current<provisioning::Renderer> renderer;
  Current<std::string> address;   // external_ip as set or found
  const Clock clock{system_now};  // everybody's: what one part sees of its steps, all know
  const Timestamp started_at = clock();
  const provisioning::VendorCatalog vendors = provisioning::VendorCatalog::built_in();
  IdSource ids{clock};

  StoreSizes store_sizes{{"log", "projections"}};
  std::mutex backing_up;  // one at a time
  std::unique_ptr<rocks::RocksLog> log;
  std::unique_ptr<vault::SodiumVault> vault;
  std::unique_ptr<rocks::RocksProjectionStore> store;
  std::unique_ptr<history::Publisher> publisher;
  std::unique_ptr<actors::DeadLetters> dead_letters;

  QuarantineProjection quarantine_rows;
  ExtensionsProjection extension_rows;
  DevicesProjection device_rows;
  CampaignsProjection campaign_rows;
  RequestsProjection request_rows;
  UsersProjection user_rows;
  PhoneSettingsProjection phone_settings_rows;
  DirectoriesProjection directory_rows;
  ContactsProjection contact_rows;
  DiscoveredProjection discovered_rows;
  std::unique_ptr<ProjectionRunner> runner;

  ActorConfig actor_config;
  std::unique_ptr<caf::actor_system> actors;
  std::unique_ptr<actors::EntityWorld> world;
  std::unique_ptr<actors::Entities<actors::Extension>> extensions;
  std::unique_ptr<actors::Entities<actors::Device>> devices;
  std::unique_ptr<actors::Entities<actors::Campaign>> campaigns;
  std::unique_ptr<actors::Entities<actors::User>> users;
  std::unique_ptr<actors::Entities<actors::PhoneSettings>> phone_settings;
  std::unique_ptr<actors::Entities<actors::Contact>> contacts;

  std::unique_ptr<directory::Syncs> directories;
  std::unique_ptr<kafka::Sink> kafka;
  std::unique_ptr<http::Sightings> wrong_passwords;  // that SIP was given; outlives it
  std::unique_ptr<sip::Server> sip;
  std::atomic<std::uint16_t> api_port = 0;
  std::unique_ptr<http::provision::OwnTemplates> own_templates;
  std::unique_ptr<http::Services> http_services;

  reboot::NoCalls calls;
  std::unique_ptr<http::Servers> http;
  sip::PnpInvite pnp_invite;                                // asks the HTTP side
  std::unique_ptr<tftp::Server> tftp;                       // none: it is off
  std::atomic<const tftp::Server*> tftp_running = nullptr;  // it starts after HTTP does
  std::unique_ptr<reboot::RebootReactor> reboots;
  convergence::Counters convergence_counters;
  std::unique_ptr<convergence::ConvergenceReactor> convergence;
  std::unique_ptr<campaign::Coordinator> coordinator;
  std::unique_ptr<convergence::Evictions> evictions;
  std::unique_ptr<actors::DeletionReactor> deletions;
  std::unique_ptr<KeySweep> key_sweep;
  std::unique_ptr<history::Retention> retention;
  std::atomic<const history::Retention*> retention_running = nullptr;  // it starts after HTTP does
  std::unique_ptr<actors::DeviceSettingsReactor> device_settings;
  std::unique_ptr<actors::SnapshotSweep<actors::Device>> snapshot_sweep;
  std::unique_ptr<FolderWatch> template_watch;

  std::optional<FirstAdmin> first_admin;

  ~House() {
    // Nobody new comes in, what is under way is finished, and only then what it needs ends.
    template_watch.reset();
    if (retention) retention->stop();  // it asks the reactors how far they are; HTTP asks it for its status
    snapshot_sweep.reset();
    key_sweep.reset();
    device_settings.reset();
    deletions.reset();
    evictions.reset();
    coordinator.reset();
    convergence.reset();
    reboots.reset();
    if (http) http->stop(stop_grace);
    tftp.reset();
    if (sip) sip->serve_pnp({});
    pnp_invite = nullptr;
    http.reset();
    retention.reset();
    directories.reset();
    if (sip) sip->stop();
    contacts.reset();
    phone_settings.reset();
    users.reset();
    campaigns.reset();
    devices.reset();
    extensions.reset();
    if (world) world->readers->stop();
    actors.reset();  // waits for the actors
    if (kafka)
      kafka->stop(kafka->status().error.empty() ? stop_grace
                                                : std::chrono::seconds(1));  // the log keeps what is not delivered
    if (runner) runner->stop();
    runner.reset();
    sip.reset();
  }
};

}  // namespace strowger::application
