// Every route of the house (API.md), and the server that serves them.
#pragma once

#include "adapters/http/router.hpp"
#include "adapters/http/server.hpp"
#include "events/error.hpp"

#include <functional>
#include <memory>

namespace strowger::http {

struct Services;
namespace provision {
class Files;
}

// Fills the router, which must not move from then on. `services` outlives it; `counts` are the server's own, for
// /metrics.
void add_routes(Router& router, Services& services, std::function<Counts()> counts = {});

// Who a bearer token is of, by services.token_key and the revocations that the projections know. `services` outlives
// it.
std::function<Result<Principal>(std::string_view token)> authenticator(Services& services);

// The listeners of the house: the API's, where phones find their files too, and those for phones alone, over TLS.
class Servers {
 public:
  std::uint16_t port() const { return main_->port(); }
  std::uint16_t https_port() const { return https_ ? https_->port() : std::uint16_t{0}; }     // 0: there is none
  std::uint16_t legacy_port() const { return legacy_ ? legacy_->port() : std::uint16_t{0}; }  // 0: there is none
  // What answers phones, for other protocols; whoever holds it lets go before the services end.
  const std::shared_ptr<provision::Files>& files() const { return files_; }
  Counts counts() const;                       // any thread
  void refresh_certificates();                 // any thread
  void stop(std::chrono::milliseconds grace);  // see Server::stop

 private:
  friend Result<std::unique_ptr<Servers>> start_server(Services& services);
  std::unique_ptr<Server> main_;
  std::unique_ptr<Server> https_;
  std::unique_ptr<Server> legacy_;
  std::shared_ptr<provision::Files> files_;
};

// Router, authentication (as api.require_authentication says), TLS and faults to the log, at api.host and api.port; and
// what provisioning.https says.
Result<std::unique_ptr<Servers>> start_server(Services& services);

}  // namespace strowger::http
