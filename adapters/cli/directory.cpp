// strowger directory: asks the running server; a check works without one too.
#include "adapters/application/directories.hpp"
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"
#include "events/json.hpp"

#include <iostream>

namespace strowger::cli {
namespace {

// As the server answers.
struct SaidChange {
  std::string change;
  std::string extension;
  std::string user;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(SaidChange, (), (change, extension, user, detail))
struct SaidSync {
  std::string mode;
  std::string server;
  std::uint32_t read_count = 0, without_number = 0, created = 0, updated = 0, disabled = 0, enabled = 0, unchanged = 0,
                devices_moved = 0, roles_changed = 0, skipped_count = 0, rebooted_count = 0, phones_changed = 0;
  std::vector<SkippedUser> skipped;
  std::vector<SaidChange> changes;
};
BOOST_DESCRIBE_STRUCT(SaidSync, (),
                      (mode, server, read_count, without_number, created, updated, disabled, enabled, unchanged,
                       devices_moved, roles_changed, skipped_count, rebooted_count, phones_changed, skipped, changes))

std::string directory_path(const DirectoryOptions& options, const std::string& what) {
  return "/api/integrations/" + options.directory + "/" + what;
}

int say(const std::vector<directory::Source::Step>& steps) {
  bool all = true;
  for (const auto& step : steps) {
    std::cout << (step.ok ? "ok      " : "FAILED  ") << step.name
              << std::string(12 - std::min<std::size_t>(step.name.size(), 11), ' ') << step.said << '\n';
    all = all && step.ok;
  }
  return all ? 0 : 1;
}

}  // namespace

int directory_sync(const DirectoryOptions& options) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  const std::string query = std::string("?dry_run=") + (options.dry_run ? "true" : "false") +
                            "&force=" + (options.force ? "true" : "false") +
                            "&full=" + (options.changes_only ? "false" : "true");
  const auto answer = post(*settings, directory_path(options, "sync") + query, "");
  if (!answer) return fail(answer.error());
  const auto sync = json::from_string<SaidSync>(*answer);
  if (!sync) return fail(sync.error());
  for (const auto& change : sync->changes)
    std::cout << change.change << "  " << change.extension << "  " << change.user << "  " << change.detail << '\n';
  for (const auto& skipped : sync->skipped) std::cout << "skipped  " << skipped.user << ": " << skipped.reason << '\n';
  if (sync->skipped_count > sync->skipped.size())
    std::cout << "skipped  and " << sync->skipped_count - sync->skipped.size() << " more\n";
  std::cout << (options.dry_run ? "Nothing was changed. It would be, of " : "Of ") << sync->read_count
            << " users read from " << sync->server << " (" << sync->mode << "): " << sync->created << " created, "
            << sync->updated << " updated, " << sync->enabled << " enabled, " << sync->disabled << " disabled, "
            << sync->unchanged << " unchanged, " << sync->skipped_count << " skipped, " << sync->without_number
            << " without a number; " << sync->devices_moved << " phones moved, " << sync->roles_changed
            << " roles changed\n";
  if (!options.dry_run)
    std::cout << sync->phones_changed << " phones have another configuration, " << sync->rebooted_count
              << " were asked to fetch it so far\n";
  return 0;
}

int directory_check(const DirectoryOptions& options) {
  const auto settings = settings_of(options.server);
  if (!settings) return fail(settings.error());
  const auto answer = post(*settings, directory_path(options, "check"), "");
  if (answer) {
    const auto steps = json::from_string<std::vector<directory::Source::Step>>(*answer);
    if (!steps) return fail(steps.error());
    return say(*steps);
  }
  if (answer.error().code == "directory_disabled") return fail(answer.error());
  // No server runs here yet: all but the conflicts, which only it can know.
  const auto setup = application::directory_setup(options.directory, *settings);
  if (!setup) return fail(setup.error());
  return say(setup->source->check());
}

}  // namespace strowger::cli
