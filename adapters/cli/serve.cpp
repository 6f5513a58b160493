#include "adapters/application/application.hpp"
#include "adapters/application/logging.hpp"
#include "adapters/application/stop_limit.hpp"
#include "adapters/cli/commands.hpp"

#include <chrono>
#include <csignal>
#include <iostream>

namespace strowger::cli {
namespace {

// Two orderly ends of 5 seconds, of the HTTP server and of Kafka, overlap with nothing: longer than that is a fault.
constexpr std::chrono::seconds longest_stop{9};

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

config::SettingsPtr with_overrides(config::Settings settings, const ServeOptions& options) {
  if (options.data_dir) settings.data_dir = *options.data_dir;
  if (options.api_port) settings.api.port = *options.api_port;
  if (options.sip_port) settings.server.sip_port = *options.sip_port;
  return std::make_shared<const config::Settings>(std::move(settings));
}

// The password is for this terminal and never for a log, which is kept and shipped elsewhere.
void show_first_admin(const application::FirstAdmin& admin) {
  std::cerr << "\nThe administrator was created: user '" << admin.name << "', password '" << admin.password
            << "'.\nIt is shown once and kept in " << admin.file.string() << "; delete that file when you have it.\n\n";
}

}  // namespace

int serve(const ServeOptions& options) {
  // Blocked before any thread is made, so that all threads inherit it and sigwait below is the only receiver.
  const auto signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto loaded = settings_of(options.config);
  if (!loaded) return fail(loaded.error());
  const auto settings = with_overrides(std::move(*loaded), options);
  auto logging = application::Logging::start(settings->logging);
  if (!logging) return fail(logging.error());
  const auto logger = (*logging)->logger();

  auto started = application::Application::start(settings, logger);
  if (!started) {
    logger->critical("{}", started.error().message);
    return fail(started.error());
  }
  auto& application = **started;
  if (application.first_admin()) show_first_admin(*application.first_admin());

  for (;;) {
    int signal = 0;
    sigwait(&signals, &signal);
    if (signal != SIGHUP) break;
    auto again = settings_of(options.config);
    if (!again) {
      logger->error("The settings were not reloaded: {}", again.error().message);
      continue;
    }
    const auto fresh = with_overrides(std::move(*again), options);
    if (application.reload(fresh)) (*logging)->set_level(fresh->logging.level);
  }
  logger->info("Strowger stops");
  const application::StopLimit limit(longest_stop, [&logger] {
    const auto* const words = "Strowger did not stop in time and is ended. What was acknowledged is on the disk.";
    logger->critical("{}", words);
    std::cerr << words << std::endl;
  });
  started->reset();
  return 0;
}

}  // namespace strowger::cli
