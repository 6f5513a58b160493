#include "adapters/application/rotate.hpp"
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"
#include "events/json.hpp"

#include <iostream>

namespace strowger::cli {
namespace {

// As the server answers.
struct Rotation {
  std::uint64_t data_keys = 0;
  std::string key_file;
  std::string previous_file;
};
BOOST_DESCRIBE_STRUCT(Rotation, (), (data_keys, key_file, previous_file))

void say(const Rotation& done) {
  std::cout << done.data_keys << " data keys are wrapped by a new master key, which is in " << done.key_file << ".\n";
  if (done.previous_file.empty())
    std::cout << "The old one was supplied from outside: supply the new one in its place. Until then the server finds "
                 "it in that file, which it deletes at the first start that does not need it.\n";
  else
    std::cout << "The old one is kept in " << done.previous_file
              << ": backups made before need it. Delete it when you have none of them.\n";
  std::cout << "Whoever was logged in logs in again.\n";
}

}  // namespace

int rotate_key(const KeyOptions& options) {
  auto settings = settings_of(options.data.config);
  if (!settings) return fail(settings.error());
  if (options.data.data_dir) settings->data_dir = *options.data.data_dir;
  if (options.api_port) settings->api.port = *options.api_port;

  const auto done = application::rotate_master_key(*settings, "admin:cli");
  if (done) {
    say({done->data_keys, done->key_file.string(), done->previous_file.string()});
    return 0;
  }
  if (done.error().code != "log_locked") return fail(done.error());
  // It runs: it does it itself.
  const auto answer = post(*settings, "/api/system/master-key/rotate", "");
  if (!answer) return fail(answer.error());
  const auto rotation = json::from_string<Rotation>(*answer);
  if (!rotation) return fail(rotation.error());
  say(*rotation);
  return 0;
}

}  // namespace strowger::cli
