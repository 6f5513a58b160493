#include "adapters/http/loop.hpp"

#include "adapters/http/session.hpp"
#include "events/time.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <pthread.h>
#include <sys/socket.h>

namespace strowger::http {
namespace {

constexpr std::string_view turned_away =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 81\r\nRetry-After: 2\r\n"
    "Connection: close\r\n\r\n"
    R"({"error":"The server has too many connections. Try again.","code":"overloaded"})"
    "\r\n";
constexpr std::size_t most_turned_away_at_once = 64;

std::chrono::milliseconds pace_for(const Limits& limits) {
  const auto shortest =
      std::min({limits.idle_time, limits.head_time, limits.body_time, limits.write_time, limits.stream_write_time});
  return std::clamp(shortest / 8, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

// Phones behind a dual-stack listener are IPv4 phones.
asio::ip::address plain(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

}  // namespace

bool Sources::enter(const asio::ip::address& source, std::size_t most) {
  const std::lock_guard lock(mutex_);
  auto& count = counts_[source];
  if (count >= most) {
    if (count == 0) counts_.erase(source);
    return false;
  }
  ++count;
  return true;
}

void Sources::leave(const asio::ip::address& source) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(source);
  if (found != counts_.end() && --found->second == 0) counts_.erase(found);
}

void Common::refresh_certificates(bool at_once) const {
  if (!at_once && !tls->is_due()) return;
  const auto done = tls->refresh();
  if (!done)
    fault("The certificate that changed is not taken, the one before stays in force: " + done.error().message);
  else if (*done && options.on_note)
    options.on_note("The certificate " + options.cert_file + " or what belongs to it changed; it is in force for new " +
                    "connections");
}

Loop::Loop(std::shared_ptr<Common> shared) : common(std::move(shared)), pace_(pace_for(common->options.limits)) {
  refresh_clock();
}

Loop::~Loop() {
  doorway_->close();
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

void Loop::listen(const tcp::endpoint& endpoint) {
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(asio::socket_base::reuse_address(true));
  // A listener a thread: the kernel spreads the connections, no lock is shared.
  const int on = 1;
  if (::setsockopt(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
    throw boost::system::system_error(errno, boost::system::system_category(), "SO_REUSEPORT");
  if (endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()));
  acceptor_.bind(endpoint);
  acceptor_.listen(4096);
}

void Loop::start() {
  asio::co_spawn(io_, accept(), asio::detached);
  asio::co_spawn(io_, sweep(), asio::detached);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "http");
    for (;;) {
      try {
        io_.run();
        return;
      } catch (const std::exception& fault) {
        common->fault(std::string("http: ") + fault.what());
      }
    }
  });
}

void Loop::begin_stop() {
  asio::post(io_, [this] {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (auto* session : sessions_) session->stop_soon();
  });
}

void Loop::join() {
  io_.stop();
  if (thread_.joinable()) thread_.join();
}

Loop::Place Loop::enter(Session& session) {
  counters.connections.add();
  return sessions_.insert(sessions_.end(), &session);
}

void Loop::leave(Place place) {
  counters.connections.subtract();
  sessions_.erase(place);
}

Awaitable<void> Loop::accept() {
  while (!stopping_) {
    error_code fault;
    Socket socket = co_await acceptor_.async_accept(into(fault));
    if (stopping_ || fault == asio::error::operation_aborted) co_return;
    if (fault) {
      // Out of descriptors or memory: what closes in the meantime makes room. A connection that is gone already
      // costs nothing.
      if (fault != asio::error::connection_aborted) {
        common->fault("http: cannot accept a connection: " + fault.message());
        Timer pause(io_, std::chrono::milliseconds(100));
        co_await pause.async_wait(into(fault));
      }
      continue;
    }
    take(std::move(socket));
  }
}

void Loop::take(Socket socket) {
  error_code fault;
  const auto peer = socket.remote_endpoint(fault);
  if (fault) return;
  counters.accepted.add();
  const auto address = plain(peer.address());
  const auto& limits = common->options.limits;
  const bool room = common->connections.fetch_add(1, std::memory_order_relaxed) < limits.connections;
  if (!room || !common->sources.enter(address, limits.connections_per_source)) {
    common->connections.fetch_sub(1, std::memory_order_relaxed);
    counters.refused_connections.add();
    if (!common->tls && turning_away_ < most_turned_away_at_once)
      asio::co_spawn(io_, turn_away(std::move(socket)), asio::detached);
    return;
  }
  socket.set_option(tcp::no_delay(true), fault);
  socket.non_blocking(true, fault);
  asio::co_spawn(io_,
                 common->tls ? serve_tls(*this, std::move(socket), address) : serve(*this, std::move(socket), address),
                 asio::detached);
}

// Says why and waits a moment for the client to have read it: closing at once over unread input resets the connection.
Awaitable<void> Loop::turn_away(Socket socket) {
  ++turning_away_;
  error_code fault;
  socket.non_blocking(true, fault);
  socket.write_some(asio::buffer(turned_away), fault);
  socket.shutdown(Socket::shutdown_send, fault);
  Timer pause(io_, std::chrono::milliseconds(200));
  co_await pause.async_wait(into(fault));
  std::array<char, 4096> unread{};
  socket.read_some(asio::buffer(unread), fault);
  --turning_away_;
}

Awaitable<void> Loop::sweep() {
  Timer timer(io_);
  for (;;) {
    error_code fault;
    timer.expires_after(pace_);
    co_await timer.async_wait(into(fault));
    if (fault) co_return;
    refresh_clock();
    if (common->tls) common->refresh_certificates(false);
    // Cutting only closes a socket; the session leaves the list later, from its own coroutine.
    for (auto* session : sessions_) {
      if (session->deadline > now_) continue;
      session->deadline = SteadyClock::time_point::max();
      if (!session->idle) counters.timed_out.add();
      session->cut();
    }
  }
}

void Loop::refresh_clock() {
  now_ = SteadyClock::now();
  const auto time = system_now();
  const auto second = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  if (second == second_) return;
  second_ = second;
  date_ = "Date: " + to_http_date(time) + "\r\n";
}

}  // namespace strowger::http
