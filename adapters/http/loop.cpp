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
constexpr std::size_t most_turned_away_at_once = 16;  // of a loop; others are closed without a word
constexpr std::chrono::milliseconds accept_pause{500};

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

bool Occupancy::enter(const asio::ip::address& source, const Limits& limits) {
  const std::lock_guard lock(mutex_);
  if (all_ >= limits.connections) return false;
  const auto [found, fresh] = of_source_.try_emplace(source, 0);
  if (found->second >= limits.connections_per_source) {
    if (fresh) of_source_.erase(found);
    return false;
  }
  ++found->second;
  ++all_;
  return true;
}

void Occupancy::leave(const asio::ip::address& source) {
  const std::lock_guard lock(mutex_);
  const auto found = of_source_.find(source);
  if (found == of_source_.end()) return;
  --all_;
  if (--found->second == 0) of_source_.erase(found);
}

std::shared_ptr<Occupancy> make_occupancy() {
  return std::make_shared<Occupancy>();
}

std::optional<std::uint64_t> OncePerMinute::pass(SteadyClock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (last_ && now < *last_ + std::chrono::minutes(1)) {
    ++held_back_;
    return std::nullopt;
  }
  last_ = now;
  return std::exchange(held_back_, 0);
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
      // A connection that is gone already costs nothing. Else there are no descriptors or no memory: what closes in the
      // meantime makes room, and who waits stays in the kernel's queue.
      if (fault == asio::error::connection_aborted) continue;
      if (const auto held_back = common->accept_faults.pass(SteadyClock::now()))
        common->fault(
            "http: cannot accept a connection: " + fault.message() +
            (*held_back > 0 ? " (" + std::to_string(*held_back) + " more times since the last such line)" : "") +
            "; those who wait are served when others close. Raise the limit of open files");
      Timer pause(io_, accept_pause);
      co_await pause.async_wait(into(fault));
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
  if (!common->occupancy->enter(address, limits)) {
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
