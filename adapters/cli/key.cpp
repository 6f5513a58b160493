#include "adapters/application/rotate.hpp"
#include "adapters/cli/api_call.hpp"
#include "adapters/cli/commands.hpp"

#include <iostream>

#include <boost/json.hpp>

namespace strowger::cli {
namespace {

void say(std::uint64_t data_keys, const std::string& key_file, const std::string& previous_file) {
  std::cout << data_keys << " data keys are wrapped by a new master key, which is in " << key_file << ".\n";
  if (previous_file.empty())
    std::cout << "The old one was supplied from outside: supply the new one in its place. Until then the server finds "
                 "it in that file, which it deletes at the first start that does not need it.\n";
  else
    std::cout << "The old one is kept in " << previous_file
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
    say(done->data_keys, done->key_file.string(), done->previous_file.string());
    return 0;
  }
  if (done.error().code != "log_locked") return fail(done.error());
  // It runs: it does it itself.
  const auto answer = post(*settings, "/api/system/master-key/rotate", "{}");
  if (!answer) return fail(answer.error());
  boost::system::error_code ec;
  const auto said = boost::json::parse(*answer, ec);
  if (ec || !said.is_object()) return fail(internal_error("the server's answer is not JSON: " + *answer));
  const auto text = [&](const char* name) {
    const auto* member = said.as_object().if_contains(name);
    return member != nullptr && member->is_string() ? std::string(member->as_string()) : std::string();
  };
  say(said.at("data_keys").to_number<std::uint64_t>(), text("key_file"), text("previous_file"));
  return 0;
}

}  // namespace strowger::cli
