// What every rendered file depends on besides its own device and extension, as one immutable value: a cached file is
// current while it points to the same one.
#pragma once

#include "actors/provisioning/access/enumeration.hpp"
#include "actors/provisioning/recorded.hpp"
#include "actors/provisioning/renderer.hpp"
#include "adapters/http/provision/http_auth.hpp"
#include "config/network.hpp"
#include "config/settings.hpp"
#include "events/time.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace strowger::http {
struct Services;
}

namespace strowger::http::provision {

// The values that files depend on, of settings and of what was really bound: the words in which the log keeps them.
SettingsApplied settings_applied(const config::Settings& settings, std::string external_ip, std::uint16_t sip_port,
                                 std::uint16_t api_port);

// Who may fetch, as it is looked up for each request.
struct AccessRules {
  std::vector<config::Network> allowed;
  std::vector<config::Network> with_credentials;
  std::vector<config::Network> trusted_proxies;
  bool require_credentials = false;
  Schemes schemes;
  std::chrono::minutes enrolment{0};
  provisioning::access::Enumeration::Limits enumeration;

  bool strict() const { return require_credentials || enrolment.count() > 0; }
};
AccessRules access_rules(const config::ProvisioningAccess& settings);

struct Present {
  config::SettingsPtr settings;
  std::shared_ptr<const provisioning::Renderer> renderer;
  std::string external_ip;
  std::uint16_t api_port = 0;
  SettingsApplied applied;
  provisioning::ServerValues server;  // of `applied`
  AccessRules access;
  Timestamp since;  // files cannot have changed by it earlier

  std::string config_url(std::string_view mac) const { return provisioning::config_url(applied, mac); }
};
using PresentPtr = std::shared_ptr<const Present>;

// Follows settings, templates and ports as they are reloaded. Any thread.
class PresentSource {
 public:
  explicit PresentSource(const Services& services) : services_(services) {}
  PresentPtr get();

 private:
  const Services& services_;
  std::atomic<PresentPtr> last_;
  std::mutex mutex_;  // one makes the new one
};

}  // namespace strowger::http::provision
