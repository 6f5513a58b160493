// The server under measurement: the whole house behind HTTP on a real log, but for SIP.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace strowger::bench {

inline constexpr const char* admin_password = "bench-s3cret";  // of the user admin
std::string file_name(unsigned device);                        // 001565000000.cfg, …

// Serves `devices` devices, an extension each, until SIGTERM: all of one model, or the fleet of storm.hpp. The exit
// code.
int serve_site(const std::filesystem::path& folder, std::uint16_t port, unsigned devices, bool fleet);

}  // namespace strowger::bench
