// The HTTP server. Read this first.
//
//   auto router = std::make_shared<Router>();        // router.hpp: the table of routes
//   routes::add_extensions(*router, …);              // routes/: a file a resource
//   auto server = Server::start(options, router);    // binds, starts its threads
//   …
//   (*server)->stop(std::chrono::seconds(5));        // finishes what runs
//
// Life of a request: a loop's acceptor (loop.hpp; one io_context, one thread and one SO_REUSEPORT listener each) takes
// the connection and gives it a session (session.hpp), a coroutine that reads a head (request_parser.hpp), finds the
// route, checks who asks (token.hpp) and what is sent, reads the body and calls the handler. A Handler answers at once
// on that thread; an AsyncHandler is a coroutine that may wait for the log or for another thread (await.hpp). The
// answer is built (or was built long ago: prepared.hpp) and written, and the session reads the next head. A body may
// also come bit by bit, for hours (body_stream.hpp): events/feed.hpp gives the log to many readers so.
//
// Everything a stranger can make grow has a limit: head, body, connections in all and of one source, requests in
// flight, and the time for each phase. A session has one deadline, which a coarse sweep of its loop checks: timers for
// each request cost a fifth of the throughput.
#pragma once

#include "adapters/http/counters.hpp"
#include "adapters/http/message.hpp"
#include "adapters/http/router.hpp"
#include "adapters/http/token_mask.hpp"
#include "events/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace strowger::http {

class Occupancy;
// For servers that share their limits of connections: see Options::occupancy.
std::shared_ptr<Occupancy> make_occupancy();

struct Limits {
  std::size_t head = std::size_t{16} * 1024;
  std::size_t connections = 20'000;
  std::size_t connections_per_source = 4'000;   // a site's phones may share one address
  std::size_t in_flight = 2'000;                // requests that wait for others; more get 503
  std::chrono::milliseconds idle_time{75'000};  // between requests
  std::chrono::milliseconds head_time{10'000};  // from the first byte of a head to its last; and a TLS handshake
  std::chrono::milliseconds body_time{30'000};
  std::chrono::milliseconds write_time{30'000};
  std::chrono::milliseconds stream_write_time{10'000};  // for a piece of a stream: who takes longer is cut off
};

// What happened, for a log. The views are valid during the call.
struct Exchange {
  const Request& request;
  std::uint16_t status;
  std::size_t bytes;
  std::chrono::microseconds took;
};

struct Options {
  std::string host = "127.0.0.1";  // an address, or a name that resolves to one
  std::uint16_t port = 0;          // 0: any free one
  unsigned threads = 0;            // 0: as many as the machine has
  std::string cert_file;           // PEM, with its chain; empty: no TLS
  std::string key_file;
  std::string tls_settings = "api.tls";      // where these are set, for messages
  std::vector<std::string> client_ca_files;  // see tls.hpp
  bool require_client_certificate = false;   // Request::needs_certificate
  bool legacy_tls = false;                   // see tls.hpp
  Limits limits;
  std::shared_ptr<Occupancy> occupancy;  // counts connections together with the other servers that have it; none: alone

  // What no line of a log may show. By default what looks like a phone's token.
  TokenMask mask{};

  // Tells who a bearer token is of. None: everybody is the administrator.
  std::function<Result<Principal>(std::string_view token)> authenticate;
  // Called after each reply, on the loop's thread; must not block. None: nothing is spent on it.
  std::function<void(const Exchange&)> on_exchange;
  // Called for each request that no route's handler or rule of access saw, on the loop's thread; must not block.
  std::function<void(const Request&, const Unread&)> on_unread;
  // A fault of ours or of the machine, as a line for the log, in which tokens are masked. Any loop's thread.
  std::function<void(std::string_view line)> on_fault;
  // What an operator may want to know, the same way.
  std::function<void(std::string_view line)> on_note;
};

class Server {
 public:
  // Fails with `http_listen_failed` or `http_tls_failed`.
  static Result<std::unique_ptr<Server>> start(Options options, std::shared_ptr<const Router> router);
  ~Server();  // stop(0)
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  Counts counts() const;           // any thread
  void add_to(Counts& sum) const;  // the same
  // Reads certificate, key and CAs again where they changed; else they are looked at once a second. Any thread.
  void refresh_certificates();
  // Accepts no more, closes idle connections, lets running requests finish for at most `grace`. Then cuts.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Shared;
  explicit Server(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::uint16_t port_ = 0;
};

}  // namespace strowger::http
