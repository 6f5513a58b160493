#include "adapters/http/provision/present.hpp"

#include "adapters/http/provision/services.hpp"

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

AccessRules access_rules(const config::ProvisioningAccess& settings) {
  const auto parsed = [](const std::vector<std::string>& texts) {
    std::vector<config::Network> networks;
    for (const auto& text : texts)
      if (auto network = config::Network::parse(text)) networks.push_back(*network);  // the loader checked them
    return networks;
  };
  AccessRules rules;
  rules.allowed = parsed(settings.allowed_networks);
  rules.with_credentials = parsed(settings.credential_networks);
  rules.trusted_proxies = parsed(settings.trusted_proxies);
  rules.require_credentials = settings.require_credentials;
  rules.schemes.basic = settings.http_authentication == "both" || settings.http_authentication == "basic";
  rules.schemes.digest = settings.http_authentication == "both" || settings.http_authentication == "digest";
  rules.enrolment = std::chrono::minutes(settings.enrolment_minutes);
  rules.enumeration.unknown_macs = settings.enumeration_limit;
  rules.enumeration.block = std::chrono::minutes(settings.enumeration_block_minutes);
  return rules;
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
  present->access = access_rules(settings->provisioning.access);
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
