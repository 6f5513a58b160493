#include "adapters/cli/commands.hpp"

#include "adapters/application/accepted_settings.hpp"
#include "adapters/application/application.hpp"
#include "adapters/application/directories.hpp"
#include "adapters/application/version.hpp"
#include "config/loader.hpp"

#include <iostream>

namespace strowger::cli {

int fail(const Error& error) {
  std::cerr << "strowger: " << error.message << '\n';
  return error.kind == ErrorKind::malformed || error.kind == ErrorKind::unacceptable ? 2 : 1;
}

Result<config::Settings> settings_of(const std::filesystem::path& config) {
  if (!config.empty()) return config::load_file(config);
  config::Settings defaults;
  defaults.modified_at = system_now();
  return defaults;
}

Result<config::Settings> settings_of(const ServerOptions& options) {
  auto settings = settings_of(options.data.config);
  if (!settings) return settings;
  if (options.data.data_dir) settings->data_dir = *options.data.data_dir;
  if (options.api_port) settings->api.port = *options.api_port;
  return settings;
}

Result<std::filesystem::path> data_folder(const DataOptions& options) {
  if (options.data_dir) return std::filesystem::path(*options.data_dir);
  const auto settings = settings_of(options.config);
  if (!settings) return settings.error();
  return std::filesystem::path(settings->data_dir);
}

int token(const TokenOptions& options) {
  auto settings = settings_of(options.config);
  if (!settings) return fail(settings.error());
  if (options.data_dir) settings->data_dir = *options.data_dir;
  const auto issued = application::issue_token(*settings, options.user, Role::admin, std::chrono::hours(options.hours));
  if (!issued) return fail(issued.error());
  std::cout << *issued << '\n';
  return 0;
}

int config_check(const std::filesystem::path& config) {
  const auto settings = config::load_file(config);
  if (!settings) return fail(settings.error());
  if (const auto done = application::check_directories(*settings); !done) return fail(done.error());
  std::cout << config.string() << " is in order\n";
  return 0;
}

int config_accept(const ConfigAcceptOptions& options) {
  auto settings = config::load_file(options.config);
  if (!settings) return fail(settings.error());
  if (const auto done = application::check_directories(*settings); !done) return fail(done.error());
  if (options.data_dir) settings->data_dir = *options.data_dir;
  const auto kept = application::accept_settings(*settings);
  if (!kept) return fail(kept.error());
  std::cout << "The next reload takes " << options.config.string()
            << " as it is now, also where it lets in more than before. Reload now: `systemctl reload strowger`, or "
               "SIGHUP\n";
  return 0;
}

int version() {
  std::cout << "strowger " << application::version << '\n';
  return 0;
}

}  // namespace strowger::cli
