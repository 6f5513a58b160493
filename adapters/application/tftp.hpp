// TFTP for phones, as provisioning.tftp says, and what it counts, for /metrics.
#pragma once

#include "adapters/tftp/server.hpp"

#include <memory>
#include <string>

namespace strowger::application {

// None: it is off. At most so many transfers at a time. Must end before the services behind the files do.
Result<std::unique_ptr<tftp::Server>> start_tftp(const config::Settings& settings,
                                                 std::shared_ptr<http::provision::Files> files, spdlog::logger& logger,
                                                 std::size_t most_transfers);

// Empty where there is none.
std::string metrics_text(const tftp::Server* server);

}  // namespace strowger::application
