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
#include "adapters/sip/line_budget.hpp"
#include "adapters/sip/metrics.hpp"

#include <functional>
#include <memory>
#include <optional>

#include <spdlog/logger.h>

namespace strowger::sip {

class RequestHandler {
 public:
  // Told of each wrong password that was judged: of which extension, where there is one, and from where.
  using WrongPassword = std::function<void(const std::optional<ExtensionNumber>& extension, const std::string& ip)>;

  RequestHandler(Authenticator& authenticator, registrar::Registrar& registrar, Flows& flows, Metrics& metrics,
                 spdlog::logger& log, Clock clock, std::string server_name);

  void limit(RegisterLimits limits) { limits_ = std::move(limits); }
  void on_wrong_password(WrongPassword told) { wrong_password_ = std::move(told); }
  void handle(Exchange exchange);
  // Now and then: says how many log lines were withheld.
  void tell_withheld();
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
  RegisterLimits limits_;
  WrongPassword wrong_password_;
  LineBudget refusals_{20, 2};
  bool draining_ = false;
};

}  // namespace strowger::sip
