// What phones that ask the LAN by PnP are told: as the provisioning plane says, and on the record.
#pragma once

#include "adapters/http/provision/files.hpp"
#include "adapters/sip/pnp.hpp"
#include "config/settings.hpp"
#include "events/log.hpp"

#include <functional>
#include <memory>

namespace strowger::application {

// All outlive what it is given to.
struct PnpWorld {
  std::shared_ptr<http::provision::Files> files;
  EventLog& log;
  IdSource& ids;
  std::function<config::SettingsPtr()> settings;
  std::shared_ptr<spdlog::logger> logger;
  Clock clock;
};

// A phone that is answered is a PnpAnswered of its device, at most once within log.repeat_window.
sip::PnpInvite pnp_invite(PnpWorld world);

// As provisioning.pnp says; off where that does.
sip::PnpOptions pnp_options(const config::Settings& settings, sip::PnpInvite invite);

}  // namespace strowger::application
