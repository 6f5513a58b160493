#include "adapters/sip/server.hpp"

#include "adapters/sip/addresses.hpp"
#include "adapters/sip/exchange.hpp"
#include "adapters/sip/fields.hpp"
#include "adapters/sip/name_guard.hpp"
#include "adapters/sip/request_handler.hpp"
#include "adapters/sip/stack_guard.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <sodium/core.h>

namespace strowger::sip {
namespace {

constexpr su_duration_t kSecond = 1000;
constexpr unsigned kReceiveBuffer = 4 * 1024 * 1024;
constexpr unsigned kUdpMtu = 65535;  // never switch a request to TCP behind our back
constexpr int kPortAttempts = 20;
constexpr unsigned kLookForAddresses = 5;  // every so many seconds
constexpr unsigned kForgetGuesses = 10;

std::uint16_t bound_port(nta_agent_t* agent) {
  const auto* primary = tport_primaries(nta_agent_tports(agent));
  const auto* address = primary ? tport_get_address(primary) : nullptr;
  if (!address || !address->ai_addr) return 0;
  su_sockaddr_t bound{};
  std::memcpy(&bound, address->ai_addr, std::min<std::size_t>(address->ai_addrlen, sizeof bound));
  return ntohs(bound.su_port);
}

}  // namespace

ServerOptions options_from(const config::Settings& settings) {
  ServerOptions options;
  options.host = settings.server.sip_host;
  options.port = settings.server.sip_port;
  options.external_ip = settings.server.external_ip;
  options.server_name = settings.server.server_name;
  options.force_rport = settings.server.force_rport;
  options.authentication.realm = settings.server.sip_realm;
  options.authentication.require_qop = !settings.server.sip_digest_without_qop;
  if (settings.server.sip_digest == "md5") options.authentication.algorithms = {Algorithm::md5};
  if (settings.server.sip_digest == "sha-256") options.authentication.algorithms = {Algorithm::sha256};
  return options;
}

// Everything that is born, used and buried on the SIP thread. Members are in the order of their lives: the agent goes
// last of what uses the root, after all transactions and messages.
class Server::Loop {
 public:
  explicit Loop(Server& server)
      : server_(server),
        root_(su_root_create(this)),
        guard_(server.options_.messages, server.options_.connections, server.metrics_),
        guesses_(server.options_.guesses, [this](std::string_view extension, std::string_view address,
                                                 std::uint16_t port) { return recognise(extension, address, port); }),
        authenticator_(server.options_.authentication, server.credentials_, server.nonce_key_, server.clock_.instant()),
        registrar_(
            server.log_, server.table_, server.ids_, server.clock_,
            [mailbox = server.mailbox_](std::function<void()> task) { mailbox->post(std::move(task)); },
            server.options_.registrar),
        handler_(authenticator_, registrar_, server.flows_, server.metrics_, *server.logger_, server.clock_,
                 server.options_.server_name) {
    authenticator_.limit_guesses(guesses_);
    handler_.limit({server.options_.registrar.limits.max_bindings, server.options_.made_by});
    handler_.on_wrong_password(server.options_.on_wrong_password);
    guard_.on_exhausted([this] { pause_accepting(); });
    registrar_.know_gone([this](const registrar::Binding& binding) {
      return binding.transport != "udp" && server_.flows_.find(binding) == nullptr;
    });
    registrar_.on_change([this](const auto& removed, const auto&) {
      for (const auto& binding : removed) {
        server_.flows_.drop(*binding);
        guesses_.remember(binding->extension.text(), binding->ip);
      }
    });
  }

  Result<void> open() {
    if (!root_) return internal_error("the SIP event loop could not be made");
    if (!guard_.is_effective())
      return internal_error(
          "sofia-sip does not call the functions that limit what a message may cost: the program must "
          "be linked with the shared library libsofia-sip-ua");
    const auto restored = registrar_.restore();
    if (!restored) return restored.error();
    for (const auto& key : restored->unreadable)
      server_.logger_->error("binding {} is not readable and is left out", key);
    if (auto listening = listen(); !listening) return listening;
    server_.mailbox_->attach(root_.get());
    auto host = server_.options_.external_ip;
    if (host.empty()) {
      const auto* via = nta_agent_via(agent_.get());
      host = via ? std::string(view(via->v_host)) : server_.options_.host;
    }
    server_.notifier_.start(root_.get(), agent_.get(), std::move(host), server_.port_);
    server_.pnp_.start(root_.get(), agent_.get(), server_.port_);
    second_.reset(su_timer_create(su_root_task(root_.get()), kSecond));
    su_timer_set_for_ever(second_.get(), &Loop::on_second, this);
    server_.logger_->info("SIP listens on {}:{} (UDP and TCP), {} bindings restored", server_.options_.host,
                          server_.port_, restored->bindings);
    return {};
  }

  void run() { su_root_run(root_.get()); }
  void leave() { su_root_break(root_.get()); }
  registrar::Registrar& registrar() { return registrar_; }

  void close() {
    handler_.drain();
    const auto deadline = std::chrono::steady_clock::now() + server_.options_.drain;
    while (registrar_.pending() > 0 && std::chrono::steady_clock::now() < deadline) su_root_step(root_.get(), 10);
    server_.notifier_.stop();
    server_.pnp_.stop();
    server_.mailbox_->close();
    server_.flows_.clear();
  }

 private:
  bool everywhere() const { return server_.options_.host == "0.0.0.0"; }

  Result<void> listen() {
    const bool any_port = server_.options_.port == 0;
    const auto addresses = everywhere() ? own_addresses() : std::vector{server_.options_.host};
    for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
      agent_.reset(nta_agent_create(root_.get(), reinterpret_cast<url_string_t*>(-1), &Loop::on_message, this,
                                    NTATAG_UDP_MTU(kUdpMtu), NTATAG_SERVER_RPORT(server_.options_.force_rport ? 2 : 1),
                                    NTATAG_MERGE_482(1),
                                    NTATAG_SIP_T1X64(static_cast<unsigned>(server_.options_.notifier.timeout.count())),
                                    NTATAG_USE_SRV(0), NTATAG_USE_NAPTR(0), TAG_END()));
      if (!agent_) return internal_error("the SIP stack could not be started");
      listening_.clear();
      server_.port_ = server_.options_.port;
      const auto refused = std::find_if_not(addresses.begin(), addresses.end(),
                                            [this](const std::string& address) { return listen_on(address); });
      if (refused == addresses.end() && !addresses.empty()) return {};
      if (!any_port || listening_.empty()) return taken(refused == addresses.end() ? "0.0.0.0" : *refused);
    }
    return taken(server_.options_.host);
  }

  // Over UDP and TCP; the port is the first one's, where any may be taken.
  bool listen_on(const std::string& address) {
    if (!add("udp", address)) return false;
    if (server_.port_ == 0) server_.port_ = bound_port(agent_.get());
    listening_.push_back(address);
    return add("tcp", address);
  }

  // Addresses that the machine got since: by a lease that came late, a VLAN, a VPN.
  void listen_on_new() {
    if (!everywhere()) return;
    for (const auto& address : own_addresses()) {
      if (is_listened_on(address) || refused_.contains(address)) continue;
      if (listen_on(address)) {
        server_.logger_->info("SIP listens on {}:{} too, which is new", address, server_.port_);
      } else {
        refused_.insert(address);
        server_.logger_->error("{}", taken(address).message);
      }
    }
  }
  bool is_listened_on(const std::string& address) const {
    return std::find(listening_.begin(), listening_.end(), address) != listening_.end();
  }

  bool add(const char* transport, const std::string& address) {
    const auto& options = server_.options_;
    const auto bracketed = [](const std::string& host) {
      return host.find(':') != std::string::npos ? "[" + host + "]" : host;
    };
    std::string url = "sip:" + bracketed(options.external_ip.empty() ? address : options.external_ip) + ":" +
                      (server_.port_ == 0 ? "*" : std::to_string(server_.port_)) + ";transport=" + transport;
    if (!options.external_ip.empty()) url += ";maddr=" + address;
    return nta_agent_add_tport(agent_.get(), URL_STRING_MAKE(url.c_str()), TPTAG_UDP_RMEM(kReceiveBuffer),
                               TPTAG_IDENT(address.c_str()),
                               TPTAG_IDLE(static_cast<unsigned>(options.connections.idle.count())), TPTAG_SERVER(1),
                               TPTAG_PONG2PING(1),  // RFC 5626 section 3.5.1
                               TAG_END()) == 0;
  }

  Error taken(const std::string& address) const {
    return unavailable("sip_port_unavailable",
                       "cannot listen for SIP on " + address + ":" + std::to_string(server_.options_.port) + ": " +
                           std::strerror(errno) +
                           "; set server.sip_host and server.sip_port, or stop what listens there");
  }

  static int on_message(nta_agent_magic_t* context, nta_agent_t* agent, msg_t* message, sip_t* sip) {
    auto* self = static_cast<Loop*>(context);
    if (!sip || !sip->sip_request) {
      count(sip && sip->sip_status ? self->server_.metrics_.stray_responses : self->server_.metrics_.not_sip);
      msg_destroy(message);
      return 0;
    }
    self->handler_.handle(Exchange(agent, message, sip, self->guard_.delivering(), self->guard_.reading(),
                                   self->server_.options_.force_rport));
    return 0;
  }

  GuessGate::Sender recognise(std::string_view extension, std::string_view address, std::uint16_t port) const {
    const bool local = server_.options_.is_local && server_.options_.is_local(address);
    auto sender = local ? GuessGate::Sender::local : GuessGate::Sender::stranger;
    const auto number = ExtensionNumber::parse(extension);
    if (!number) return sender;
    for (const auto& binding : server_.table_.of(*number)) {
      if (binding->ip != address) continue;
      if (binding->port == port) return GuessGate::Sender::flow;
      sender = GuessGate::Sender::known;
    }
    return sender;
  }

  // Until the next second.
  void pause_accepting() {
    const int fault = errno;
    paused_ = true;
    for (auto* one = tport_primaries(nta_agent_tports(agent_.get())); one != nullptr; one = tport_next(one))
      if (tport_is_tcp(one)) tport_stall(one);
    if (exhausted_.take(LineBudget::Time::clock::now()))
      server_.logger_->error(
          "SIP cannot accept a connection: {}; it tries again each second. Raise the limit of open files (LimitNOFILE)",
          std::strerror(fault));
  }
  void accept_again() {
    if (!std::exchange(paused_, false)) return;
    for (auto* one = tport_primaries(nta_agent_tports(agent_.get())); one != nullptr; one = tport_next(one))
      if (tport_is_tcp(one)) tport_continue(one);
  }

  void look_at_clock() {
    const auto steps = server_.clock_.steps();
    if (steps == clock_steps_) return;
    clock_steps_ = steps;
    server_.logger_->warn(
        "The system's clock was set: it shows {} now. Registrations, nonces, blocks and timers last as long as they "
        "would have; dates in the log follow the clock. If nobody set it, look at the machine's NTP",
        to_iso8601(server_.clock_()));
  }

  static void on_second(su_root_magic_t*, su_timer_t*, su_timer_arg_t* context) {
    auto* self = static_cast<Loop*>(context);
    self->registrar_.expire_due();
    self->look_at_clock();
    self->server_.metrics_.bindings_expired.store(self->registrar_.expired(), std::memory_order_relaxed);
    self->server_.metrics_.names_refused.store(names_refused(), std::memory_order_relaxed);
    self->server_.pnp_.on_second();
    self->guard_.on_second();
    self->accept_again();
    if (++self->seconds_ % 60 == 0) self->server_.flows_.sweep();
    if (self->seconds_ % kForgetGuesses == 0) {
      self->guesses_.sweep(GuessGate::Time::clock::now());
      self->handler_.tell_withheld();
    }
    if (self->seconds_ % kLookForAddresses == 0) self->listen_on_new();
  }

  SofiaLibrary library_;
  Server& server_;
  Root root_;
  StackGuard guard_;  // sees the agent's sockets close
  Agent agent_;
  Timer second_;
  unsigned seconds_ = 0;
  std::uint64_t clock_steps_ = 0;       // that were told of
  std::vector<std::string> listening_;  // addresses
  std::set<std::string> refused_;       // those on which it cannot
  bool paused_ = false;                 // accepting
  LineBudget exhausted_{1, 1.0 / 60};
  GuessGate guesses_;
  Authenticator authenticator_;
  registrar::Registrar registrar_;  // holds exchanges, which hold transactions of the agent
  RequestHandler handler_;
};

Server::Server(ServerOptions options, EventLog& log, IdSource& ids, Credentials credentials, NonceKey nonce_key,
               Clock clock, std::shared_ptr<spdlog::logger> logger)
    : options_(std::move(options)),
      log_(log),
      ids_(ids),
      credentials_(std::move(credentials)),
      nonce_key_(nonce_key),
      clock_(std::move(clock)),
      logger_(std::move(logger)),
      table_(clock_),
      mailbox_(std::make_shared<Mailbox>()),
      notifier_(mailbox_, options_.notifier, credentials_, flows_, metrics_, *logger_, options_.server_name),
      pnp_(metrics_, *logger_, options_.server_name) {}

Server::~Server() {
  stop();
}

Result<void> Server::start() {
  auto address = numeric_address(options_.host);
  if (!address) return address.error();
  options_.host = std::move(*address);
  std::promise<Result<void>> started;
  auto result = started.get_future();
  thread_ = std::thread([this, started = std::move(started)]() mutable { run(std::move(started)); });
  auto outcome = result.get();
  if (!outcome) thread_.join();
  return outcome;
}

void Server::run(std::promise<Result<void>> started) {
  if (sodium_init() < 0) return started.set_value(internal_error("libsodium could not be initialised"));
  Loop loop(*this);
  auto opened = loop.open();
  if (!opened) {
    mailbox_->close();
    return started.set_value(std::move(opened));
  }
  loop_ = &loop;
  started.set_value({});
  loop.run();
  loop.close();
  loop_ = nullptr;
}

void Server::stop() {
  if (!thread_.joinable()) return;
  mailbox_->post([this] { loop_->leave(); });
  thread_.join();
}

void Server::serve_pnp(PnpOptions options) {
  if (!thread_.joinable()) return;
  std::promise<void> done;
  const bool posted = mailbox_->post([&] {
    pnp_.serve(std::move(options));
    done.set_value();
  });
  if (posted) done.get_future().wait();
}

void Server::drop_extension(const ExtensionNumber& extension, UnregisterReason reason) {
  mailbox_->post([this, extension, reason] {
    if (loop_) loop_->registrar().drop_extension(extension, reason);
  });
}

}  // namespace strowger::sip
