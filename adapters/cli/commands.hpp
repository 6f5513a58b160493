// The subcommands of `strowger`. Read this first: each takes what the command line said and returns the exit code.
#pragma once

#include "config/settings.hpp"
#include "events/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace strowger::cli {

struct ServeOptions {
  std::filesystem::path config;  // empty: the defaults
  // These win over the settings.
  std::optional<std::string> data_dir;
  std::optional<std::uint16_t> api_port;
  std::optional<std::uint16_t> sip_port;
};

struct TokenOptions {
  std::filesystem::path config;
  std::optional<std::string> data_dir;
  std::string user = "admin";
  unsigned hours = 12;
};

struct KeyOptions {
  std::filesystem::path config;
  std::optional<std::string> data_dir;
  std::optional<std::uint16_t> api_port;  // of the running server, where not as the settings say
};

// Serves until SIGTERM or SIGINT; SIGHUP reads the settings again.
int serve(const ServeOptions& options);
int token(const TokenOptions& options);
int config_check(const std::filesystem::path& config);
// Whether the server runs or not.
int rotate_key(const KeyOptions& options);
int version();

// The settings of a file, or the defaults.
Result<config::Settings> settings_of(const std::filesystem::path& config);
// Says an error on stderr and gives the exit code for it.
int fail(const Error& error);

}  // namespace strowger::cli
