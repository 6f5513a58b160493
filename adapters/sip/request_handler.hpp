// What each request gets: RFC 3261 section 8.2 in its order (method, Request-URI, extensions required, then the
// method's own work). SIP thread only.
//
//   REGISTER  authenticated, then the registrar
//   OPTIONS   200 with what the server can do
//   ACK       never answered
//   CANCEL, BYE, PRACK, UPDATE, INFO, NOTIFY, or any within a dialog: 481, there is none
//   other known methods: 405 with Allow; unknown ones: 501
#pragma once

#include "actors/registrar/registrar.hpp"
#include "adapters/sip/authenticator.hpp"
#include "adapters/sip/exchange.hpp"
#include "adapters/sip/flows.hpp"
#include "adapters/sip/metrics.hpp"

#include <memory>

#include <spdlog/logger.h>

namespace strowger::sip {

class RequestHandler {
 public:
  RequestHandler(Authenticator& authenticator, registrar::Registrar& registrar, Flows& flows, Metrics& metrics,
                 spdlog::logger& log, Clock clock, std::string server_name);

  void handle(Exchange exchange);
  // From now on every request gets 503.
  void drain() { draining_ = true; }

 private:
  void on_register(Exchange exchange);
  void on_options(Exchange& exchange) const;
  void refuse(Exchange& exchange, Reply reply) const;
  void challenge(Exchange& exchange, bool stale);
  void deny(Exchange& exchange, Reply reply, std::string_view why);
  void finish(Exchange& exchange, const registrar::RegisterAnswer& answer);
  void remember_flows(const Exchange& exchange, const registrar::RegisterAnswer& answer);
  void count_request(const sip_t* sip);
  Reply with_server(Reply reply) const;

  Authenticator& authenticator_;
  registrar::Registrar& registrar_;
  Flows& flows_;
  Metrics& metrics_;
  spdlog::logger& log_;
  Clock clock_;
  std::string server_name_;
  bool draining_ = false;
};

}  // namespace strowger::sip
