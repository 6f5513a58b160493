// One thread of the server: an io_context, a listener, its sessions, and the sweep that ends those over their time.
// Everything here happens on that thread, but what says otherwise.
#pragma once

#include "adapters/http/asio.hpp"
#include "adapters/http/counters.hpp"
#include "adapters/http/server.hpp"
#include "adapters/http/tls.hpp"

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/post.hpp>

namespace strowger::http {

// How many connections there are, and of each source. Any thread; touched once a connection.
class Occupancy {
 public:
  // False: there are as many as the limits allow.
  bool enter(const asio::ip::address& source, const Limits& limits);
  void leave(const asio::ip::address& source);

 private:
  std::mutex mutex_;
  std::size_t all_ = 0;
  std::map<asio::ip::address, std::size_t> of_source_;
};

// Lets one line a minute through, and counts the others.
class OncePerMinute {
 public:
  // How many were held back since the last one; none: this one is held back too. Any thread.
  std::optional<std::uint64_t> pass(SteadyClock::time_point now);

 private:
  std::mutex mutex_;
  std::optional<SteadyClock::time_point> last_;
  std::uint64_t held_back_ = 0;
};

// What all loops of a server share; lives as long as the last of them.
struct Common {
  Options options;
  std::shared_ptr<const Router> router;
  std::unique_ptr<Tls> tls;
  std::shared_ptr<Occupancy> occupancy;
  OncePerMinute accept_faults;

  void fault(std::string_view line) const {
    if (options.on_fault) options.on_fault(options.mask(line));
  }
  // At most once a second, but `at_once`. Where there is TLS.
  void refresh_certificates(bool at_once) const;
};

// A connection as its loop sees it.
class Session {
 public:
  virtual ~Session() = default;
  virtual void cut() = 0;        // closes the socket; what waits on it ends with a fault
  virtual void stop_soon() = 0;  // the server stops: at once where nothing is under way, else when that is done

  SteadyClock::time_point deadline{};
  bool idle = true;  // between requests: may be closed when the server stops
};

// How other threads reach a loop that may be gone: they hold this, and never the loop itself.
class Doorway {
 public:
  explicit Doorway(asio::io_context& io) : io_(&io) {}
  void close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }
  // Runs `task` on the loop's thread; drops it where the loop is gone.
  template <class Task>
  void post(Task task) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) asio::post(*io_, std::move(task));
  }

 private:
  std::mutex mutex_;
  asio::io_context* io_;
};

class Loop {
 public:
  explicit Loop(std::shared_ptr<Common> common);
  ~Loop();

  // Before run(). Throws boost::system::system_error.
  void listen(const tcp::endpoint& endpoint);
  tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  void start();       // the thread
  void begin_stop();  // any thread
  void join();        // any thread but this: ends the io_context, waits for the thread
  bool drained() const { return counters.connections.get() == 0; }  // any thread

  // For sessions.
  using Place = std::list<Session*>::iterator;
  Place enter(Session& session);
  void leave(Place place);
  SteadyClock::time_point now() const { return now_; }  // as of the last sweep
  const std::string& date() const { return date_; }     // `Date: …` with its line end
  bool stopping() const { return stopping_; }
  Executor executor() { return io_.get_executor(); }
  const std::shared_ptr<Doorway>& doorway() const { return doorway_; }

  std::shared_ptr<Common> common;
  LoopCounters counters;

 private:
  Awaitable<void> accept();
  Awaitable<void> sweep();
  Awaitable<void> turn_away(Socket socket);
  void take(Socket socket);
  void refresh_clock();

  std::list<Session*> sessions_;
  SteadyClock::time_point now_ = SteadyClock::now();
  std::time_t second_ = 0;
  std::string date_;
  std::chrono::milliseconds pace_;  // of the sweep
  std::size_t turning_away_ = 0;
  bool stopping_ = false;
  std::thread thread_;
  // Last, so that it goes first: the coroutines that it destroys still find all of the above.
  asio::io_context io_{1};
  Acceptor acceptor_{io_};
  const std::shared_ptr<Doorway> doorway_ = std::make_shared<Doorway>(io_);
};

}  // namespace strowger::http
