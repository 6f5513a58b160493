// The peer: nginx, tuned for small static files.
#pragma once

#include "benchmarks/http/process.hpp"

#include <filesystem>

namespace strowger::bench {

// Serves the files of `folder`/files; keeps its own in `folder`.
Process start_nginx(const std::filesystem::path& folder, std::uint16_t port, unsigned workers);

}  // namespace strowger::bench
