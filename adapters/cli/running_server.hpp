// Asks the server that runs on this host, by its API, as an administrator.
#pragma once

#include "config/settings.hpp"
#include "events/error.hpp"

#include <string>

#include <boost/json/value.hpp>

namespace strowger::cli {

// The answer of a 2xx; else the error that the server said, or that it cannot be reached. Whoever may read the master
// key may ask.
Result<boost::json::value> ask_server(const config::Settings& settings, const std::string& method,
                                      const std::string& target, const std::string& body = {});

}  // namespace strowger::cli
