// The composition root: makes every part of the house, hands each what it needs, and ends them in the reverse order.
// Nothing else in the house makes a part of another folder.
//
//   settings ─▶ vault, event log ─▶ projections ─▶ entities ─▶ SIP ─▶ HTTP ─▶ reactors
//
// Used by main and by the tests of the whole house.
#pragma once

#include "adapters/application/first_start.hpp"
#include "config/settings.hpp"
#include "events/error.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace spdlog {
class logger;
}

namespace strowger::application {

class Application {
 public:
  // Serves when it returns: everything that was acknowledged before is applied and can be asked for.
  static Result<std::unique_ptr<Application>> start(config::SettingsPtr settings,
                                                    std::shared_ptr<spdlog::logger> logger);
  ~Application();  // stops: finishes what runs, for at most some seconds
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  // Takes what can change while running (external_ip, server_name, provisioning.*, log level is the caller's) from
  // `settings`; what needs a restart is named in the log and stays as it is. What changes in who is let in, and in
  // config_url, is a warning in the log. Settings that let in more than those in force are refused, unless
  // accept_settings() was told of them. False: refused, and the log says why. Any one thread.
  bool reload(config::SettingsPtr settings);

  std::uint16_t api_port() const;
  std::uint16_t sip_port() const;
  std::string external_ip() const;
  // The administrator that this start created, if it did.
  const std::optional<FirstAdmin>& first_admin() const;

 private:
  struct House;
  explicit Application(std::unique_ptr<House> house);
  std::unique_ptr<House> house_;
};

// The file that a backup with the master key takes it from. `master_key_elsewhere` where it is in none.
Result<std::optional<std::filesystem::path>> master_key_file(const std::filesystem::path& data_dir);

// Prints a bearer token for `user`, for whoever can read the data directory; the server need not run, nor stop.
Result<std::string> issue_token(const config::Settings& settings, const std::string& user, Role role,
                                std::chrono::seconds lifetime);

}  // namespace strowger::application
