// Every route of the house (API.md), and the server that serves them.
#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/server.hpp"
#include "events/error.hpp"

#include <functional>
#include <memory>

namespace strowger::http {

struct Services;

// Fills the router, which must not move from then on. `services` outlives it; `counts` are the server's own, for
// /metrics.
void add_routes(Router& router, Services& services, std::function<Counts()> counts = {});

// Who a bearer token is of, by services.token_key and the revocations that the projections know. `services` outlives
// it.
std::function<Result<Principal>(std::string_view token)> authenticator(Services& services);

// Router, authentication (as api.require_authentication says), TLS and faults to the log, at api.host and api.port.
Result<std::unique_ptr<Server>> start_server(Services& services);

}  // namespace strowger::http
