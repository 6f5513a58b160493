// The subcommands of `strowger`. Read this first: each takes what the command line said and returns the exit code.
#pragma once

#include "config/settings.hpp"
#include "events/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace strowger::cli {

struct ServeOptions {
  std::filesystem::path config;  // empty: the defaults
  // These win over the settings.
  std::optional<std::string> data_dir;
  std::optional<std::uint16_t> api_port;
  std::optional<std::uint16_t> sip_port;
};

struct TokenOptions {
  std::filesystem::path config;
  std::optional<std::string> data_dir;
  std::string user = "admin";
  unsigned hours = 12;
};

struct ConfigAcceptOptions {
  std::filesystem::path config;
  std::optional<std::string> data_dir;  // of the server, where not as the settings say
};

// Where a server's data is.
struct DataOptions {
  std::filesystem::path config;
  std::optional<std::string> data_dir;  // instead of the settings, or over them
};

struct LogVerifyOptions {
  DataOptions data;
  std::string anchor;          // position:hash that must still be there; empty: none
  std::filesystem::path file;  // an export, instead of the log
};

struct LogRepairOptions {
  DataOptions data;
  bool apply = false;  // else only what would be done is said
};

struct LogExportOptions {
  DataOptions data;
  std::string from, to;       // position or time; empty: from the first, to the last
  std::filesystem::path out;  // empty: stdout
  bool events_only = false;
};

struct LogImportOptions {
  DataOptions data;
  std::filesystem::path file;
};

struct KeyOptions {
  DataOptions data;
  std::optional<std::uint16_t> api_port;  // of the running server, where not as the settings say
};

struct BackupCreateOptions {
  DataOptions data;
  std::optional<std::uint16_t> api_port;  // of the running server, where not as the settings say
  bool with_master_key = false;
};

struct BackupRestoreOptions {
  DataOptions data;
  std::string backup;  // a folder, or the name of one below backups/
};

struct DhcpOptions {
  std::filesystem::path config;
  std::string server = "dnsmasq";  // isc, kea or dnsmasq
};

// Of the running server, for what only it does.
struct ServerOptions {
  DataOptions data;
  std::optional<std::uint16_t> api_port;  // where not as the settings say
};

struct DeadLetterOptions {
  ServerOptions server;
  std::string handler;  // the reactor
  std::string event;    // the event's id
};

struct CampaignStartOptions {
  ServerOptions server;
  std::string name;
  bool all = false;
  bool stale = false;
  std::vector<std::string> extensions, devices;
  std::string vendor, model, site;
  std::string verb = "reboot";
  std::optional<unsigned> max_in_flight, max_per_second, per_site, abort_percent;
  std::optional<std::string> quiet_hours;
  bool watch = false;
};

struct CampaignOptions {
  ServerOptions server;
  std::string id;
};

struct ImportOptions {
  ServerOptions server;
  std::string what;            // devices or extensions
  std::filesystem::path file;  // .json, else CSV
  bool dry_run = false;
};

struct ExportOptions {
  ServerOptions server;
  std::string what;           // devices or extensions
  std::filesystem::path out;  // empty: stdout
  std::string format = "csv";
};

struct TemplateLintOptions {
  std::vector<std::filesystem::path> files;
  std::string vendor, model;  // empty: as the files' names say
};

struct TemplateCoverageOptions {
  std::vector<std::filesystem::path> files;  // custom templates, in place of the built-in ones
  bool json = false;
};

struct DirectoryOptions {
  ServerOptions server;
  std::string directory = "ad";
  bool dry_run = false;
  bool force = false;
  bool changes_only = false;
};

struct EventsOptions {
  ServerOptions server;
  std::size_t limit = 30;
  std::string stream;  // empty: all
  std::string type;
  std::string correlation;
  bool templates = false;
};

struct HelpOptions {
  std::string topic;  // empty: list all
};

// Serves until SIGTERM or SIGINT; SIGHUP reads the settings again.
int serve(const ServeOptions& options);
int token(const TokenOptions& options);
int config_check(const std::filesystem::path& config);
int config_accept(const ConfigAcceptOptions& options);
int dhcp_snippet(const DhcpOptions& options);
// Whether the server runs or not.
int rotate_key(const KeyOptions& options);
// Prints a guide of config/guide, or the list of them.
int help(const HelpOptions& options);
int version();
int lint_templates(const TemplateLintOptions& options);
// Prints which settings each template writes, without a server. Fails where a file is refused.
int template_coverage(const TemplateCoverageOptions& options);
int log_verify(const LogVerifyOptions& options);
int log_repair(const LogRepairOptions& options);
int log_export(const LogExportOptions& options);
int log_import(const LogImportOptions& options);
int backup_create(const BackupCreateOptions& options);
int backup_list(const DataOptions& options);
int backup_restore(const BackupRestoreOptions& options);
int import_file(const ImportOptions& options);
int export_file(const ExportOptions& options);
// Prints the newest events, a line each, in the order of the log. Without `templates` those are left out which a start
// publishes for each template.
int events(const EventsOptions& options);
int reactors_list(const ServerOptions& options);
int reactors_settle(const DeadLetterOptions& options, const std::string& what);  // retry or skip
int campaign_start(const CampaignStartOptions& options);
int campaign_list(const ServerOptions& options);
int campaign_watch(const CampaignOptions& options);                             // until it has ended
int campaign_command(const CampaignOptions& options, const std::string& what);  // pause, resume or cancel
int directory_sync(const DirectoryOptions& options);
int directory_check(const DirectoryOptions& options);

// The settings of a file, or the defaults.
Result<config::Settings> settings_of(const std::filesystem::path& config);
Result<config::Settings> settings_of(const ServerOptions& options);
Result<std::filesystem::path> data_folder(const DataOptions& options);
// Says an error on stderr and gives the exit code for it.
int fail(const Error& error);

}  // namespace strowger::cli
