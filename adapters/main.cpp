// The program: what the command line says, handed to one of the commands.

#include "adapters/cli/commands.hpp"

#include <CLI/CLI.hpp>

using namespace strowger;

int main(int argc, char** argv) {
  CLI::App app{"Strowger provisions IP phones with no hands, keeps them right, and connects their calls."};
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::help);
  int exit_code = 0;

  cli::ServeOptions serving;
  auto* serve = app.add_subcommand("serve", "Serve phones and administrators until told to stop");
  serve->add_option("--config", serving.config, "Settings (YAML); without it, defaults that serve at once");
  serve->add_option("--data-dir", serving.data_dir, "Where everything is kept (default: data)");
  serve->add_option("--api-port", serving.api_port, "HTTP port (default: 8080)");
  serve->add_option("--sip-port", serving.sip_port, "SIP port, UDP and TCP (default: 5060)");
  serve->callback([&] { exit_code = cli::serve(serving); });

  cli::HelpOptions help_options;
  auto* guides = app.add_subcommand("help", "Print a guide, or list the guides");
  guides->add_option("topic", help_options.topic, "The guide; without one, all are listed");
  guides->callback([&] { exit_code = cli::help(help_options); });

  cli::TokenOptions token_options;
  auto* token = app.add_subcommand("token", "Print an administrator's bearer token, for whoever can read the data");
  token->add_option("--config", token_options.config, "Settings (YAML) of the server");
  token->add_option("--data-dir", token_options.data_dir, "Its data directory, where not as the settings say");
  token
      ->add_option("--user", token_options.user,
                   "Whose name events carry; a change of that user's password or role ends it")
      ->capture_default_str();
  token->add_option("--hours", token_options.hours, "How long it is good for")
      ->check(CLI::Range(1, 24 * 366))
      ->capture_default_str();
  token->callback([&] { exit_code = cli::token(token_options); });

  auto* config = app.add_subcommand("config", "What concerns the settings");
  config->require_subcommand(1);
  std::filesystem::path checked;
  auto* check = config->add_subcommand("check", "Say all that is wrong with a settings file");
  check->add_option("file", checked, "The file")->required();
  check->callback([&] { exit_code = cli::config_check(checked); });
  cli::ConfigAcceptOptions accepted;
  auto* accept = config->add_subcommand(
      "accept", "Accept a settings file that lets in more than before, for the next reload of the running server");
  accept->add_option("file", accepted.config, "The file that the server reads")->required();
  accept->add_option("--data-dir", accepted.data_dir, "The server's data directory, where not as the settings say");
  accept->callback([&] { exit_code = cli::config_accept(accepted); });

  cli::DhcpOptions dhcp_options;
  auto* dhcp = app.add_subcommand("dhcp-snippet", "Print what a DHCP server has to tell the phones of each vendor");
  dhcp->add_option("server", dhcp_options.server, "isc, kea or dnsmasq")->capture_default_str();
  dhcp->add_option("--config", dhcp_options.config, "Settings (YAML) of the server");
  dhcp->callback([&] { exit_code = cli::dhcp_snippet(dhcp_options); });

  auto* templates = app.add_subcommand("template", "What concerns templates of one's own");
  templates->require_subcommand(1);
  cli::TemplateLintOptions linting;
  auto* lint =
      templates->add_subcommand("lint", "Say what keeps templates from being put in force, with line and column");
  lint->add_option("files", linting.files, "Files named vendor_model.template")->required();
  auto* lint_vendor = lint->add_option("--vendor", linting.vendor, "Whose they are, where their names do not say");
  auto* lint_model = lint->add_option("--model", linting.model, "Of which model");
  lint_vendor->needs(lint_model);
  lint_model->needs(lint_vendor);
  lint->callback([&] { exit_code = cli::lint_templates(linting); });
  cli::TemplateCoverageOptions covering;
  auto* coverage = templates->add_subcommand("coverage", "Print which settings each template writes");
  coverage->add_option("files", covering.files, "Custom templates, named vendor_model.template");
  coverage->add_flag("--json", covering.json, "Print JSON, as GET /api/provisioning/templates/coverage answers");
  coverage->callback([&] { exit_code = cli::template_coverage(covering); });

  auto* key = app.add_subcommand("key", "What concerns the master key, which every secret hangs on");
  key->require_subcommand(1);
  cli::KeyOptions key_options;
  auto* rotate = key->add_subcommand("rotate", "Put a new master key in force, whether the server runs or not");
  rotate->add_option("--config", key_options.data.config, "Settings (YAML) of the server");
  rotate->add_option("--data-dir", key_options.data.data_dir, "Its data directory, where not as the settings say");
  rotate->add_option("--api-port", key_options.api_port, "Its HTTP port, where not as the settings say");
  rotate->callback([&] { exit_code = cli::rotate_key(key_options); });

  const auto add_data_options = [](CLI::App* command, cli::DataOptions& options) {
    auto* config_option = command->add_option("--config", options.config, "Settings (YAML) of the server");
    command->add_option("--data-dir", options.data_dir, "Its data directory (default: data)")->excludes(config_option);
  };

  auto* log = app.add_subcommand("log", "What concerns the event log as a whole");
  log->require_subcommand(1);
  cli::LogVerifyOptions verifying;
  auto* verify = log->add_subcommand(
      "verify", "Prove every record: checksums, positions, stream versions, hash chain; also beside a running server");
  add_data_options(verify, verifying.data);
  verify->add_option("--anchor", verifying.anchor,
                     "The head (position:hash) that an earlier verify printed and that must still be there");
  verify->add_option("--file", verifying.file, "Prove this export instead")
      ->excludes("--config")
      ->excludes("--data-dir");
  verify->callback([&] { exit_code = cli::log_verify(verifying); });

  cli::LogRepairOptions repairing;
  auto* repair = log->add_subcommand(
      "repair", "Show which events cannot be decoded and what would be done about them; --apply does it");
  add_data_options(repair, repairing.data);
  repair->add_flag("--apply", repairing.apply, "Do it; the server must be stopped. Take a backup first");
  repair->callback([&] { exit_code = cli::log_repair(repairing); });

  cli::LogExportOptions exporting;
  auto* export_command = log->add_subcommand(
      "export", "Write events as CloudEvents, a line each, with all that proves them; also beside a running server");
  add_data_options(export_command, exporting.data);
  export_command->add_option("--from", exporting.from, "First event: its position, or a time (2026-01-08T19:40:00Z)");
  export_command->add_option("--to", exporting.to, "Last event, likewise");
  export_command->add_option("--out", exporting.out,
                             "The file; one that an interrupted export left is continued (default: stdout)");
  export_command->add_flag("--events-only", exporting.events_only,
                           "Leave away what is beside the events: it can be proved, but not imported");
  export_command->callback([&] { exit_code = cli::log_export(exporting); });
  cli::LogImportOptions importing;
  auto* import_command =
      log->add_subcommand("import", "Restore an exported log into an empty data directory, byte for byte");
  add_data_options(import_command, importing.data);
  import_command->add_option("file", importing.file, "The export of a whole log")->required();
  import_command->callback([&] { exit_code = cli::log_import(importing); });

  auto* backup = app.add_subcommand("backup", "Backups of the log");
  backup->require_subcommand(1);
  cli::BackupCreateOptions backing_up;
  auto* backup_create = backup->add_subcommand(
      "create", "Take one: by the running server, through its API, or of a stopped one's data directory");
  backup_create->add_option("--config", backing_up.data.config, "Settings (YAML) of the server");
  backup_create->add_option("--data-dir", backing_up.data.data_dir,
                            "Its data directory, where not as the settings say");
  backup_create->add_option("--api-port", backing_up.api_port, "Its HTTP port, where not as the settings say");
  backup_create->add_flag("--with-master-key", backing_up.with_master_key,
                          "Take the master key along: who has the backup can then read every password");
  backup_create->callback([&] { exit_code = cli::backup_create(backing_up); });
  cli::DataOptions listing;
  auto* backup_list = backup->add_subcommand("list", "Show those that there are");
  add_data_options(backup_list, listing);
  backup_list->callback([&] { exit_code = cli::backup_list(listing); });
  cli::BackupRestoreOptions restoring;
  auto* backup_restore = backup->add_subcommand("restore", "Make an empty data directory's log of one, and prove it");
  add_data_options(backup_restore, restoring.data);
  backup_restore->add_option("backup", restoring.backup, "Its folder, or its name in the data directory's backups/")
      ->required();
  backup_restore->callback([&] { exit_code = cli::backup_restore(restoring); });

  auto* campaign = app.add_subcommand("campaign", "Campaigns: reboot sets of devices at a pace, by the running server");
  campaign->require_subcommand(1);
  const auto add_server_options = [](CLI::App* command, cli::ServerOptions& options) {
    command->add_option("--config", options.data.config, "Settings (YAML) of the server");
    command->add_option("--data-dir", options.data.data_dir, "Its data directory, where not as the settings say");
    command->add_option("--api-port", options.api_port, "Its HTTP port, where not as the settings say");
  };
  cli::ImportOptions taking;
  cli::ExportOptions giving;
  const auto add_files = [&](const std::string& what, const std::string& help, const std::string& import_help) {
    auto* group = app.add_subcommand(what, help);
    group->require_subcommand(1);
    auto* take = group->add_subcommand("import", import_help);
    add_server_options(take, taking.server);
    take->add_option("file", taking.file, "CSV whose first line names the columns, or .json")->required();
    take->add_flag("--dry-run", taking.dry_run, "Only say what would become of each row");
    take->callback([&, what] {
      taking.what = what;
      exit_code = cli::import_file(taking);
    });
    auto* give = group->add_subcommand("export", "Write all " + what + " as a file that import takes");
    add_server_options(give, giving.server);
    give->add_option("--out", giving.out, "The file; stdout if not given");
    give->add_option("--format", giving.format, "csv or json")
        ->check(CLI::IsMember({"csv", "json"}))
        ->capture_default_str();
    give->callback([&, what] {
      giving.what = what;
      exit_code = cli::export_file(giving);
    });
  };
  add_files("devices", "Many devices at once, by the running server",
            "Register the devices of a file, with their extensions: all of them, or none");
  add_files("extensions", "Many extensions at once, by the running server",
            "Create or change the extensions of a file: all of them, or none");

  cli::CampaignStartOptions starting;
  auto* campaign_start = campaign->add_subcommand("start", "Start one with the devices that fit all that is given");
  add_server_options(campaign_start, starting.server);
  campaign_start->add_flag("--all", starting.all, "Every device");
  campaign_start->add_flag("--stale", starting.stale, "Who runs another configuration than it would be sent now");
  campaign_start->add_option("--extension", starting.extensions, "Devices of these extensions");
  campaign_start->add_option("--device", starting.devices, "These devices, by MAC address");
  campaign_start->add_option("--vendor", starting.vendor, "Devices of a vendor");
  campaign_start->add_option("--model", starting.model, "Devices of a model");
  campaign_start->add_option("--site", starting.site, "Devices at a site");
  campaign_start->add_option("--name", starting.name, "A name for people");
  campaign_start->add_option("--verb", starting.verb, "reboot or resync")
      ->check(CLI::IsMember({"reboot", "resync"}))
      ->capture_default_str();
  campaign_start->add_option("--max-in-flight", starting.max_in_flight, "Phones told and not back yet; 0: no limit");
  campaign_start->add_option("--max-per-second", starting.max_per_second, "Phones told in a second; 0: no limit");
  campaign_start->add_option("--per-site", starting.per_site, "Phones told and not back yet at one site; 0: no limit");
  campaign_start->add_option("--quiet-hours", starting.quiet_hours, "Hours in which nobody is told: 08:00-18:00");
  campaign_start->add_option("--abort-percent", starting.abort_percent, "Stop where more fail; 0: never");
  campaign_start->add_flag("--watch", starting.watch, "Show how far it is until it has ended");
  campaign_start->callback([&] { exit_code = cli::campaign_start(starting); });
  cli::ServerOptions campaigns_of;
  auto* campaign_list = campaign->add_subcommand("list", "Show the newest campaigns and how far they are");
  add_server_options(campaign_list, campaigns_of);
  campaign_list->callback([&] { exit_code = cli::campaign_list(campaigns_of); });
  cli::CampaignOptions one_campaign;
  const auto add_campaign_command = [&](const char* name, const char* help) {
    auto* command = campaign->add_subcommand(name, help);
    add_server_options(command, one_campaign.server);
    command->add_option("id", one_campaign.id, "The campaign's id")->required();
    return command;
  };
  add_campaign_command("watch", "Show how far one is until it has ended")->callback([&] {
    exit_code = cli::campaign_watch(one_campaign);
  });
  for (const auto& [name, help] :
       {std::pair{"pause", "Tell nobody else until it is resumed"}, std::pair{"resume", "Go on with a paused one"},
        std::pair{"cancel", "End one: nobody else is told"}})
    add_campaign_command(name, help)->callback([&, what = std::string(name)] {
      exit_code = cli::campaign_command(one_campaign, what);
    });

  cli::EventsOptions events_options;
  auto* events = app.add_subcommand("events", "Show the newest events of the running server");
  add_server_options(events, events_options.server);
  events->add_option("-n,--limit", events_options.limit, "How many at most")->check(CLI::Range(1, 1000));
  events->add_option("--stream", events_options.stream, "Only of a stream, such as device/001565123456 or device/*");
  events->add_option("--type", events_options.type, "Only of a type, such as device.registered or device.*");
  events->add_option("--correlation", events_options.correlation, "Only what one command led to");
  events->add_flag("--templates", events_options.templates, "Also what a start publishes for each template");
  events->callback([&] { exit_code = cli::events(events_options); });

  auto* reactors = app.add_subcommand("reactors", "Settle events that a reactor of the running server gave up on");
  reactors->require_subcommand(1);
  cli::ServerOptions reactors_of;
  auto* reactors_list = reactors->add_subcommand("list", "Show the parked events, with the reason for each");
  add_server_options(reactors_list, reactors_of);
  reactors_list->callback([&] { exit_code = cli::reactors_list(reactors_of); });
  cli::DeadLetterOptions one_letter;
  for (const auto& [name, help] : {std::pair{"retry", "Handle a parked event again"},
                                   std::pair{"skip", "Forget a parked event: nothing is done for it"}}) {
    auto* settle = reactors->add_subcommand(name, help);
    add_server_options(settle, one_letter.server);
    settle->add_option("reactor", one_letter.handler, "The reactor, as `list` shows it")->required();
    settle->add_option("event", one_letter.event, "The event's id")->required();
    settle->callback([&, what = std::string(name)] { exit_code = cli::reactors_settle(one_letter, what); });
  }

  auto* directory = app.add_subcommand("directory", "Users that come from Active Directory or LDAP");
  directory->require_subcommand(1);
  cli::DirectoryOptions directory_options;
  const auto add_directory_options = [&](CLI::App* command) {
    add_server_options(command, directory_options.server);
    command->add_option("directory", directory_options.directory, "ad or ldap")
        ->check(CLI::IsMember({"ad", "ldap"}))
        ->capture_default_str();
  };
  auto* directory_sync = directory->add_subcommand("sync", "Have the running server take its users now");
  add_directory_options(directory_sync);
  directory_sync->add_flag("--dry-run", directory_options.dry_run, "Only say what would change");
  directory_sync->add_flag("--force", directory_options.force, "Disable more than max_change_percent");
  directory_sync->add_flag("--changes-only", directory_options.changes_only,
                           "Read what changed since the last sync, and not everything");
  directory_sync->callback([&] { exit_code = cli::directory_sync(directory_options); });
  auto* directory_check =
      directory->add_subcommand("check", "Try all that a sync needs, step by step, and say what to do where one fails");
  add_directory_options(directory_check);
  directory_check->callback([&] { exit_code = cli::directory_check(directory_options); });

  app.add_subcommand("version", "Print the version")->callback([&] { exit_code = cli::version(); });

  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
