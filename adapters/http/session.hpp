// A connection: reads requests, has them answered, writes the answers; over TCP or TLS, the same.
#pragma once

#include "adapters/http/loop.hpp"

namespace strowger::http {

// Runs until the connection ends, or the loop, which owns the coroutine. `address` was entered in Occupancy and is left
// at the end.
Awaitable<void> serve(Loop& loop, Socket socket, asio::ip::address address);
Awaitable<void> serve_tls(Loop& loop, Socket socket, asio::ip::address address);

}  // namespace strowger::http
