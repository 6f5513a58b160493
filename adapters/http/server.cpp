#include "adapters/http/server.hpp"

#include "adapters/http/loop.hpp"

#include <algorithm>
#include <thread>

#include <boost/asio/ip/v6_only.hpp>

namespace strowger::http {
namespace {

Error listen_failed(const Options& options, const std::string& why) {
  const auto where = options.tls_settings.substr(0, options.tls_settings.find(".tls"));
  return {ErrorKind::unavailable, "http_listen_failed",
          "Cannot listen for HTTP on " + options.host + " port " + std::to_string(options.port) + ": " + why +
              ". Set " + where + ".host and .port to an address of this machine and a free port."};
}

Result<asio::ip::address> address_of(const Options& options) {
  error_code fault;
  const auto address = asio::ip::make_address(options.host, fault);
  if (!fault) return address;
  asio::io_context io;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(options.host, "", fault);
  if (fault || found.empty()) return listen_failed(options, "the name does not resolve to an address");
  return found.begin()->endpoint().address();
}

// Listeners that share a port would also share it with a second server, silently. This one does not share, so it
// finds out.
error_code probe(const tcp::endpoint& endpoint) {
  asio::io_context io;
  tcp::acceptor acceptor(io);
  error_code fault;
  acceptor.open(endpoint.protocol(), fault);
  if (!fault) acceptor.set_option(asio::socket_base::reuse_address(true), fault);
  if (!fault && endpoint.address().is_v6())
    acceptor.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), fault);
  if (!fault) acceptor.bind(endpoint, fault);
  return fault;
}

}  // namespace

struct Server::Shared : Common {};

Server::Server(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

Result<std::unique_ptr<Server>> Server::start(Options options, std::shared_ptr<const Router> router) {
  auto shared = std::make_shared<Shared>();
  shared->options = std::move(options);
  shared->occupancy = shared->options.occupancy ? shared->options.occupancy : make_occupancy();
  shared->router = std::move(router);
  const auto& set = shared->options;
  if (!set.cert_file.empty()) {
    auto tls = Tls::make({.cert_file = set.cert_file,
                          .key_file = set.key_file,
                          .settings = set.tls_settings,
                          .client_ca_files = set.client_ca_files,
                          .legacy = set.legacy_tls});
    if (!tls) return tls.error();
    shared->tls = std::move(*tls);
  }
  const auto address = address_of(set);
  if (!address) return address.error();
  tcp::endpoint endpoint(*address, set.port);
  if (const auto fault = probe(endpoint)) return listen_failed(set, fault.message());

  auto server = std::unique_ptr<Server>(new Server(shared));
  const unsigned threads = set.threads > 0 ? set.threads : std::max(1u, std::thread::hardware_concurrency());
  try {
    for (unsigned i = 0; i < threads; ++i) {
      auto loop = std::make_shared<Loop>(shared);
      loop->listen(endpoint);
      endpoint = loop->endpoint();  // the port that the first was given
      server->loops_.push_back(std::move(loop));
    }
  } catch (const boost::system::system_error& fault) {
    return listen_failed(set, fault.code().message());
  }
  server->port_ = endpoint.port();
  for (const auto& loop : server->loops_) loop->start();
  return server;
}

Server::~Server() {
  stop(std::chrono::milliseconds(0));
}

std::uint16_t Server::port() const {
  return port_;
}

Counts Server::counts() const {
  Counts sum;
  add_to(sum);
  return sum;
}

void Server::add_to(Counts& sum) const {
  for (const auto& loop : loops_) loop->counters.add_to(sum);
}

void Server::refresh_certificates() {
  if (shared_->tls) shared_->refresh_certificates(true);
}

void Server::stop(std::chrono::milliseconds grace) {
  for (const auto& loop : loops_) loop->begin_stop();
  const auto end = SteadyClock::now() + grace;
  const auto drained = [&] {
    return std::all_of(loops_.begin(), loops_.end(), [](const auto& loop) { return loop->drained(); });
  };
  while (!drained() && SteadyClock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (const auto& loop : loops_) loop->join();
}

}  // namespace strowger::http
