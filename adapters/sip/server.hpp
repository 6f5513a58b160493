// The SIP side of the house: read this first.
//
//   phone --UDP/TCP--> nta (parser, transactions) --> RequestHandler --> Authenticator --> registrar::Registrar
//                                                                                              | append, then answer
//   reactor --notify()--> Notifier --> nta --> the one phone                              EventLog --> BindingTable
//
// One thread, sofia-sip's su_root, does everything of SIP; other threads reach it through a Mailbox (the log's writer
// with its completions, notify(), drop_extension()). bindings(), notifier(), metrics() may be used from any thread.
// A 200 to a REGISTER is sent only when the log has made the binding durable.
//
// What a stranger may send, hold and try is limited: message_scan.hpp (size and headers), connections.hpp (TCP),
// stack_guard.hpp (how these come before sofia-sip), guess_gate.hpp (passwords), exchange.hpp (where answers go).
//
// Wiring: Server(options_from(settings), log, ids, credentials, nonce key, clock, logger); start() restores the
// bindings and listens; stop(), or the destructor, ends the thread. The log must outlive the server.
#pragma once

#include "actors/reboot/phone_notifier.hpp"
#include "actors/registrar/binding_table.hpp"
#include "actors/registrar/registrar.hpp"
#include "adapters/sip/authenticator.hpp"
#include "adapters/sip/connections.hpp"
#include "adapters/sip/credentials.hpp"
#include "adapters/sip/guess_gate.hpp"
#include "adapters/sip/metrics.hpp"
#include "adapters/sip/notifier.hpp"
#include "adapters/sip/pnp.hpp"
#include "config/settings.hpp"
#include "events/log.hpp"

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <spdlog/logger.h>

namespace strowger::sip {

struct ServerOptions {
  std::string host = "0.0.0.0";
  std::uint16_t port = 5060;  // 0: any free one, the same for UDP and TCP
  std::string external_ip;    // what phones know us by; empty: the address listened on
  std::string server_name = "Strowger";
  // Answers over UDP go to the port that a request came from, also where its Via asks for no rport (RFC 3581).
  bool force_rport = true;
  AuthenticatorOptions authentication;
  registrar::Registrar::Options registrar;
  NotifierOptions notifier;
  MessageLimits messages;
  ConnectionLimits connections;
  GuessLimits guesses;
  // Whether an address is of the maker that a User-Agent names (registrar/phone_mac.hpp). SIP thread.
  registrar::MadeBy made_by;
  // Whether an address is of the networks that phones are served in (guess_gate.hpp). SIP thread; none: no address is.
  std::function<bool(std::string_view address)> is_local;
  // Told on the SIP thread of each wrong password that was judged; no extension: there is none of that name.
  std::function<void(const std::optional<ExtensionNumber>& extension, const std::string& ip)> on_wrong_password;
  // How long stop() waits for commits that are under way.
  std::chrono::milliseconds drain{2000};
};

ServerOptions options_from(const config::Settings& settings);

class Server {
 public:
  Server(ServerOptions options, EventLog& log, IdSource& ids, Credentials credentials, NonceKey nonce_key, Clock clock,
         std::shared_ptr<spdlog::logger> logger);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Restores the bindings, listens, and returns when phones can register. Once.
  Result<void> start();
  // Answers what is being committed, ends the rest with 503, closes. The outcomes of all notices have come by then.
  void stop();

  std::uint16_t port() const { return port_; }  // after start()
  const registrar::Bindings& bindings() const { return table_; }
  reboot::PhoneNotifier& notifier() { return notifier_; }
  const Metrics& metrics() const { return metrics_; }
  // Phones that ask the LAN where their file is are answered as these say (pnp.hpp); off until then. By the thread that
  // starts and stops, while it runs. When it returns, what was set before is called no more.
  void serve_pnp(PnpOptions options);
  // Any thread. The extension was deleted or disabled: its bindings go, with PhoneUnregistered(reason).
  void drop_extension(const ExtensionNumber& extension, UnregisterReason reason = UnregisterReason::extension_deleted);

 private:
  class Loop;  // what lives on the SIP thread
  void run(std::promise<Result<void>> started);

  ServerOptions options_;
  EventLog& log_;
  IdSource& ids_;
  Credentials credentials_;
  NonceKey nonce_key_;
  Clock clock_;
  std::shared_ptr<spdlog::logger> logger_;
  registrar::BindingTable table_;
  Metrics metrics_;
  Flows flows_;  // SIP thread only
  std::shared_ptr<Mailbox> mailbox_;
  Notifier notifier_;
  Pnp pnp_;
  Loop* loop_ = nullptr;  // on the SIP thread's stack, for tasks that run there
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace strowger::sip
