// Asking the running server on this machine, as an administrator: whoever can read the data directory may.
#pragma once

#include "config/settings.hpp"
#include "events/error.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace strowger::cli {

// The body of a 2xx answer to `POST path` with a JSON body; waits for as long as the server takes. By TLS where the
// settings say so, to no other certificate than theirs. `server_unreachable`, or the error that the server gave.
Result<std::string> post(const config::Settings& settings, const std::string& path, const std::string& json);
// A file as the body; `sent` is called with how much of it is under way.
Result<std::string> post_file(const config::Settings& settings, const std::string& path, const std::string& body,
                              const std::string& content_type,
                              const std::function<void(std::size_t done, std::size_t of)>& sent);
Result<std::string> get(const config::Settings& settings, const std::string& path);

}  // namespace strowger::cli
