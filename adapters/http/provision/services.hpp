// What the routes work with: every part of the house that an HTTP request may reach, made and owned by the composition
// root (adapters/application.hpp), which outlives the server. Nothing here blocks on I/O except where its own header
// says so.
#pragma once

#include "actors/campaign/campaign.hpp"
#include "actors/contact/contact.hpp"
#include "actors/dead_letters.hpp"
#include "actors/device/device.hpp"
#include "actors/directory/syncs.hpp"
#include "actors/extension/extension.hpp"
#include "actors/history/retention.hpp"
#include "actors/phone_settings/phone_settings.hpp"
#include "actors/provisioning/renderer.hpp"
#include "actors/provisioning/vendor_catalog.hpp"
#include "actors/registrar/binding.hpp"
#include "actors/router.hpp"
#include "actors/user/user.hpp"
#include "adapters/http/provision/own_templates.hpp"
#include "config/settings.hpp"
#include "events/projection_runner.hpp"
#include "events/projections/campaigns.hpp"
#include "events/projections/contacts.hpp"
#include "events/projections/devices.hpp"
#include "events/projections/discovered.hpp"
#include "events/projections/extensions.hpp"
#include "events/projections/phone_settings.hpp"
#include "events/projections/quarantine.hpp"
#include "events/projections/requests.hpp"
#include "events/projections/users.hpp"
#include "events/secret.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spdlog {
class logger;
}

namespace strowger::http {

// A copy of the log that is sent elsewhere.
struct StreamOut {
  struct Parked {
    Position position{};
    std::string stream;
    std::string type;
    std::string reason;
    Timestamp at;
  };
  std::string name;          // kafka
  Position delivered{};      // everything up to here is there
  std::uint64_t lag = 0;     // events that are not
  std::uint64_t events = 0;  // sent since the start
  std::uint64_t failures = 0;
  std::string error;  // what is wrong now; empty: nothing
  // Events that were refused there, in whose place a reference is: how many, and the newest of them, newest first.
  std::uint64_t parked = 0;
  std::vector<Parked> newest_parked{};
  // Markers that it got, since the start, in the places of events whose retention time had passed; from where to where.
  std::uint64_t folded = 0;
  Position first_folded{};
  Position last_folded{};
};

struct Services {
  // As they are now: settings and templates can be reloaded while running. Cheap; any thread.
  std::function<config::SettingsPtr()> settings;
  std::function<std::shared_ptr<const provisioning::Renderer>()> renderer;
  // What phones and people are told to use: external_ip with the ports that are really bound.
  std::function<std::string()> external_ip;
  std::function<std::uint16_t()> api_port;
  std::function<std::uint16_t()> sip_port;

  Clock clock;
  IdSource& ids;
  EventLog& log;
  Vault& vault;
  spdlog::logger& logger;

  // Commands…
  actors::Entities<actors::Extension>& extensions;
  actors::Entities<actors::Device>& devices;
  actors::Entities<actors::User>& users;
  actors::Entities<actors::PhoneSettings>& phone_settings;

  // …and queries.
  ProjectionRunner& runner;
  const ExtensionsProjection& extension_rows;
  const DevicesProjection& device_rows;
  const RequestsProjection& request_rows;
  const UsersProjection& user_rows;
  const PhoneSettingsProjection& phone_settings_rows;
  const registrar::Bindings& bindings;
  const provisioning::VendorCatalog& vendors;

  // argon2id; takes tens of milliseconds: call it off the loop's thread.
  std::function<bool(const PasswordHash& hash, std::string_view password)> verify_password;
  // 32 bytes that tokens are signed with, now.
  std::function<std::array<std::uint8_t, 32>()> token_key;
  // Metrics of the parts that HTTP does not know, in Prometheus' text format (appended to /metrics).
  std::function<std::string()> more_metrics;

  std::string version;
  Timestamp started_at;

  // Puts a new master key in force; waits for the log and reads every data key: call it off the loop's thread.
  struct MasterKeyRotation {
    std::size_t data_keys = 0;
    std::string key_file;       // of the new one
    std::string previous_file;  // of the old one; empty where it was supplied from outside
  };
  std::function<Result<MasterKeyRotation>(const std::string& by)> rotate_master_key{};

  // Backups of the log, as JSON of the schemas Backup and a list of it. They wait for the disk: call them off the
  // loop's thread. None: this house makes no backups.
  std::function<Result<std::string>(bool with_master_key)> create_backup{};
  std::function<Result<std::string>()> list_backups{};
  // The administrator's own templates; none: they cannot be changed while this server runs.
  provision::OwnTemplates* own_templates = nullptr;
  // Those that are set up, for diagnostics. None: there are none.
  std::function<std::vector<StreamOut>()> streams_out{};
  // What retention waits for and what it did not wait for. None: this house folds nothing.
  std::function<history::RetentionStatus()> retention{};

  // Of the file that a device would be sent now; fails where it would get none. Set by add_routes (routes.hpp), which
  // owns what renders; works while the server is there.
  std::function<Result<std::string>(const DefinitionPtr& device)> current_etag{};

  // How many connections all listeners take together, and of one address: what descriptors allow.
  std::size_t most_connections = 20'000;
  std::size_t most_connections_per_source = 4'000;

  // None: this house runs no campaigns.
  actors::Entities<actors::Campaign>* campaigns = nullptr;
  const CampaignsProjection* campaign_rows = nullptr;
  // Active Directory and LDAP. None: this house takes nobody from a directory.
  directory::Syncs* directories = nullptr;
  const DirectoriesProjection* directory_rows = nullptr;
  // None: this house keeps no contacts.
  actors::Entities<actors::Contact>* contacts = nullptr;
  const ContactsProjection* contact_rows = nullptr;
  // None: this house does not say which events of its log cannot be decoded, or parks none.
  const QuarantineProjection* quarantine_rows = nullptr;
  actors::DeadLetters* dead_letters = nullptr;
  // None: this house does not keep what it saw of phones that nobody registered.
  const DiscoveredProjection* discovered_rows = nullptr;
};

}  // namespace strowger::http
