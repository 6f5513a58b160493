#include "adapters/application/house.hpp"

namespace strowger::application {
void Application::House::start_actors() {
  actors = std::make_unique<caf::actor_system>(actor_config);
  world = std::make_unique<actors::EntityWorld>(actors::EntityWorld{*log, ids, clock});
  world->readers = std::make_shared<actors::Readers>();
  extensions = std::make_unique<actors::Entities<actors::Extension>>(*actors, *world);
  devices = std::make_unique<actors::Entities<actors::Device>>(*actors, *world);
  campaigns = std::make_unique<actors::Entities<actors::Campaign>>(*actors, *world);
  users = std::make_unique<actors::Entities<actors::User>>(*actors, *world);
  phone_settings = std::make_unique<actors::Entities<actors::PhoneSettings>>(*actors, *world);
  contacts = std::make_unique<actors::Entities<actors::Contact>>(*actors, *world);
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

Result<void> Application::House::start_reactors() {
  const auto from = log->last_position();
  // What they look up in the tables must be there up to the first event that they are handed.
  if (auto done = catch_up(from); !done) return done;
  reboots = std::make_unique<reboot::RebootReactor>(
      reboot::RebootReactor::World{*log, *devices, device_rows, sip->bindings(), sip->notifier(), calls,
                                   [this](const std::string& vendor, RebootVerb verb) {
                                     const auto event = vendors.notify_event(vendor, verb);
                                     return event ? *event : std::string("check-sync");
                                   },
                                   [to = logger](const std::string& line) { to->info(line); }, troubles("Reboots"),
                                   dead_letters.get()},
      from);
  convergence = std::make_unique<convergence::ConvergenceReactor>(
      convergence::ConvergenceReactor::World{
          *log, *devices, device_rows, sip->bindings(), calls,
          [this](const DefinitionPtr& device) { return http_services->current_etag(device); },
          [this](Position position, std::function<void()> done) { runner->when_applied(position, std::move(done)); },
          [this](const std::string& vendor, RebootReason reason) { return vendors.verb_for(vendor, reason); },
          [this] { return policy(); }, clock, [to = logger](const std::string& line) { to->info(line); },
          troubles("Convergence"), &convergence_counters},
      from);
  directories->watch(convergence->looked());
  coordinator = std::make_unique<campaign::Coordinator>(campaign::Coordinator::World{
      *campaigns, *devices, campaign_rows, device_rows, sip->bindings(),
      [this](const DefinitionPtr& device) { return http_services->current_etag(device); }, clock, calls});
  evictions = std::make_unique<convergence::Evictions>(
      convergence::Evictions::World{
          *log, *devices, device_rows, extension_rows, sip->bindings(), calls,
          [this](const DefinitionPtr& device) { return http_services->current_etag(device); },
          [this](Position position, std::function<void()> done) { runner->when_applied(position, std::move(done)); },
          [this] { return policy().pace; },
          [this](const ExtensionNumber& number, UnregisterReason reason) { sip->drop_extension(number, reason); },
          clock, [to = logger](const std::string& line) { to->info(line); },
          troubles("Phones of extensions that are gone")},
      from);
  deletions = std::make_unique<actors::DeletionReactor>(*log, *vault, troubles("Deletions"), Drive::own_thread,
                                                        dead_letters.get());
  snapshot_sweep = std::make_unique<actors::SnapshotSweep<actors::Device>>(
      *world,
      [this] {
        std::vector<std::string> keys;
        for (const auto& mac : device_rows.macs()) keys.push_back(mac.text());
        return keys;
      },
      [to = logger](const std::string& line) { to->info("{}", line); }, troubles("Snapshots"));
  device_settings = std::make_unique<actors::DeviceSettingsReactor>(
      actors::DeviceSettingsReactor::World{*log, *vault, *runner, phone_settings_rows, *phone_settings},
      troubles("Settings of devices that are gone"), Drive::own_thread, dead_letters.get());
  return {};
}

void Application::House::start_retention() {
  history::Retention::World with{*log, ids, clock};
  with.times = [this] {
    const auto& times = settings.get()->log.retention;
    return history::RetentionTimes{.config_served = times.config_served,
                                   .refused = times.refused,
                                   .failed_logins = times.failed_logins,
                                   .wait_for_readers = times.wait_for_sinks};
  };
  with.readers = [this] {
    std::vector<history::LogReader> all;
    if (kafka) all.push_back({"kafka", kafka->status().delivered});
    for (const auto* reactor : {&deletions->reactor(), &device_settings->reactor()})
      all.push_back({reactor->name(), reactor->handled()});
    for (const auto& projection : runner->status().projections)
      all.push_back({"projection " + projection.name, projection.position});
    return all;
  };
  with.warn = [to = logger](const std::string& line) { to->warn("{}", line); };
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
  key_sweep =
      std::make_unique<KeySweep>(*vault, [to = logger](const std::string& line) { to->info(line); }, warnings());
}

}  // namespace strowger::application
