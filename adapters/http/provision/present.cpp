#include "adapters/http/provision/present.hpp"

#include "adapters/http/services.hpp"

#include <algorithm>

namespace strowger::http::provision {

SettingsApplied settings_applied(const config::Settings& settings, std::string external_ip, std::uint16_t sip_port,
                                 std::uint16_t api_port) {
  SettingsApplied applied;
  applied.provisioning_enabled = settings.provisioning.enabled;
  applied.url_format = settings.provisioning.url_format;
  applied.sip_server = external_ip;
  applied.external_ip = std::move(external_ip);
  applied.api_port = api_port;
  applied.sip_port = sip_port;
  applied.sip_realm = settings.server.sip_realm;
  applied.server_name = settings.server.server_name;
  return applied;
}

bool Present::allows(const asio::ip::address& peer) const {
  config::IpBytes bytes{};
  if (peer.is_v4()) {
    bytes = asio::ip::make_address_v6(asio::ip::v4_mapped, peer.to_v4()).to_bytes();
  } else {
    bytes = peer.to_v6().to_bytes();
  }
  return std::any_of(allowed.begin(), allowed.end(), [&](const auto& network) { return network.contains(bytes); });
}

PresentPtr PresentSource::get() {
  auto settings = services_.settings();
  auto renderer = services_.renderer();
  auto external_ip = services_.external_ip();
  const auto api_port = services_.api_port();
  const auto sip_port = services_.sip_port();
  const auto fits = [&](const PresentPtr& present) {
    return present && present->settings == settings && present->renderer == renderer && present->api_port == api_port &&
           present->server.sip_port == sip_port && present->external_ip == external_ip;
  };
  if (auto last = last_.load(); fits(last)) return last;
  const std::lock_guard lock(mutex_);
  auto last = last_.load();
  if (fits(last)) return last;

  auto present = std::make_shared<Present>();
  present->applied = settings_applied(*settings, external_ip, sip_port, api_port);
  present->server = provisioning::server_values(present->applied);
  present->api_port = api_port;
  for (const auto& text : settings->provisioning.access.allowed_networks)
    if (auto network = config::Network::parse(text)) present->allowed.push_back(*network);  // the loader checked them
  // Of the templates nobody knows since when they are as they are: at the first look since the start, then since the
  // look that found them changed.
  present->since = std::max(settings->modified_at, last ? services_.clock() : services_.started_at);
  present->external_ip = std::move(external_ip);
  present->settings = std::move(settings);
  present->renderer = std::move(renderer);
  last_.store(present);
  return present;
}

}  // namespace strowger::http::provision
